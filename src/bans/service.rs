//! Setting, lifting and showing bans. Whether the actor may do so in a scope is
//! for the feature to say that the scope belongs to.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Ban, Deed, NewBan, Scope, Sentence, Struck, unknown_account},
    rules::{self, Reach},
    store::{self, Placed},
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{AccountId, BanId, CommunityId, PostId},
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    decisions::{DecisionTarget, Decisions, TargetKind},
    hooks::{self, Context, HookPoint, Hooks, Origin, Proposal, Role, Sanction},
    http::{Action, RateLimits},
    jobs::{self, NewJob},
    mod_actions::{
        self, Acted, ActionKind, Inverse, Matter, ModActions, NewAction, Permit, Proposed, Target,
        parse_reason,
    },
};

/// The kind of the jobs that remove content with a ban; see `content_removals`.
pub const REMOVE_CONTENT: &str = "ban.remove_content";

/// Bans; cheap to clone.
#[derive(Clone)]
pub struct Bans {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    hooks: Hooks,
    decisions: Decisions,
    actions: ModActions,
}

/// What bans are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub decisions: Decisions,
    pub actions: ModActions,
}

impl Bans {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, clock, limits, hooks, decisions, actions } = parts;
        Self { db, clock, limits, hooks, decisions, actions }
    }

    /// What time it is for bans.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets a ban in a scope where the agent may, as plugins decide that are
    /// asked about it.
    pub async fn create(
        &self,
        agent: Agent<'_>,
        scope: &Scope,
        new: NewBan,
    ) -> Result<Acted<Ban>, Error> {
        let mut cleared = None;
        if let Agent::Person(actor) = agent {
            self.limits.check_actor(Action::Ban, actor).await?;
            let struck = self.struck(agent, scope, &new.username).await?;
            rules::may_remove(actor, struck.agent_moderates, &new)?;
            let reason = Some(new.reason.as_str()).filter(|reason| !reason.is_empty());
            let wish = (ActionKind::Ban, scope, &struck);
            match self.actions.judge(actor, &proposed(actor, wish, reason)).await? {
                Permit::Go(permit) => cleared = Some(permit),
                Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
            }
        }
        let sentence = self.decide(agent, scope, new).await?;
        let mut tx = self.db.begin().await?;
        if let Some(cleared) = &cleared {
            self.actions.admit(&mut tx, cleared).await?;
        }
        let ban = self.impose_in(&mut tx, agent, sentence).await?;
        tx.commit().await?;
        Ok(Acted::Done(ban))
    }

    /// Asks plugins about a ban that somebody, or some effect, wants. What they
    /// make of it is held to the rules that hold for people: no wider than who
    /// wants it may ban from, and never against who moderates there.
    pub async fn decide(
        &self,
        agent: Agent<'_>,
        scope: &Scope,
        new: NewBan,
    ) -> Result<Sentence, Error> {
        let place = scope.community().map(|community| community.0);
        if !self.hooks.listens(HookPoint::BanDecide, place) {
            return Ok(Sentence { scope: *scope, new, asked: None });
        }
        let now = self.clock.now();
        let struck = self.struck(agent, scope, &new.username).await?;
        let most = Reach::most(agent, struck.agent_moderates, scope);
        let username = struck.facts.username.as_str();
        let parse = |sanction: &_| rules::sentenced((scope, username), sanction, most, now);
        let recheck = |proposal: &Proposal| {
            let (scope, _) = parse(&proposal.sanction)?;
            match rules::may_set(None, struck.facts.id, struck.is_exempt(&scope)) {
                Ok(()) => Ok(()),
                Err(_) => Err("the account moderates there".to_owned()),
            }
        };
        let input = || {
            let context = context(agent, &struck, now);
            (context, proposal(agent, (scope, &struck), &new, now))
        };
        let Some(outcome) = self.hooks.ask_checked(place, input, recheck).await else {
            return Ok(Sentence { scope: *scope, new, asked: None });
        };
        let target = DecisionTarget {
            kind: TargetKind::Ban,
            id: struck.facts.id.0,
            community: scope.community(),
            actor: agent.person().map(|actor| actor.id),
        };
        if let Err(refusal) = rules::settle(&outcome.verdict) {
            self.decisions.record_refusal(&target, &outcome).await?;
            return Err(refusal);
        }
        let (scope, new) = if outcome.modified {
            let (scope, sentenced) = parse(&outcome.subject.sanction).map_err(Error::internal)?;
            (scope, NewBan { removes_since: new.removes_since, ..sentenced })
        } else {
            (*scope, new)
        };
        Ok(Sentence { scope, new, asked: Some((target, outcome)) })
    }

    /// Sets a ban as it was decided, and records what plugins said.
    pub async fn impose_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        sentence: Sentence,
    ) -> Result<Ban, Error> {
        let Sentence { scope, new, asked } = sentence;
        if let Some((target, outcome)) = &asked {
            self.decisions.record(tx, target, outcome).await?;
        }
        self.create_in(tx, agent, &scope, new).await
    }

    async fn struck(
        &self,
        agent: Agent<'_>,
        scope: &Scope,
        username: &str,
    ) -> Result<Struck, Error> {
        let struck = store::struck(&self.db, agent, scope, username).await?;
        let struck = struck.ok_or_else(unknown_account)?;
        let person = agent.person().map(|actor| actor.id);
        rules::may_set(person, struck.facts.id, struck.is_exempt(scope))?;
        Ok(struck)
    }

    /// Sets a ban, with its row in the log of actions.
    pub async fn create_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        scope: &Scope,
        new: NewBan,
    ) -> Result<Ban, Error> {
        let now = self.clock.now();
        let target =
            store::find_target(tx, scope, &new.username).await?.ok_or_else(unknown_account)?;
        rules::may_set(agent.person().map(|actor| actor.id), target.id, target.moderates)?;
        let id = BanId::new(now);
        let placed = Placed { id, scope, target: target.id, agent, now };
        store::insert(tx, &placed, &new).await?;
        let action = NewAction {
            reason: Some(new.reason.clone()).filter(|reason| !reason.is_empty()),
            inverse: Some(Inverse::LiftBan { ban: id.0 }),
            ..logged(ActionKind::Ban, scope, target.id)
        };
        mod_actions::record(tx, agent, &action, now).await?;
        if let Some(since) = new.removes_since {
            store::insert_removal(tx, id, since, now).await?;
            let job = NewJob::new(REMOVE_CONTENT, &id.0).once(format!("{REMOVE_CONTENT} {id}"));
            jobs::enqueue(tx, job, now).await?;
        }
        let post = match scope {
            Scope::Post { id, .. } => Some(*id),
            Scope::Site | Scope::Community(_) => None,
        };
        Ok(Ban {
            id,
            scope: scope.as_str().to_owned(),
            community: None,
            post,
            username: target.username,
            deeds: new.deeds,
            reason: new.reason,
            created_by: agent.person().map(|actor| actor.username.clone()),
            plugin: agent.plugin().map(|automation| automation.plugin.clone()),
            created_at: now,
            until: new.until,
            lifted_by: None,
            lifted_at: None,
        })
    }

    /// Lifts a ban of a scope where the actor may.
    pub async fn lift(
        &self,
        actor: &Actor,
        scope: &Scope,
        id: BanId,
        reason: Option<&str>,
    ) -> Result<Acted<()>, Error> {
        self.limits.check_actor(Action::Ban, actor).await?;
        let agent = Agent::Person(actor);
        let (_, account) = store::read(&self.db, id)
            .await?
            .filter(|(found, _)| found == scope)
            .ok_or(Error::NotFound)?;
        let reason = parse_reason(reason)?;
        let (community, about) = (scope.community(), Some(account));
        mod_actions::may_decide(&self.db, actor, &Matter { community, about, ..Matter::default() })
            .await?;
        let name = store::name(&self.db, account).await?.ok_or(Error::NotFound)?;
        // The account may be closed by now: then there is nobody to ask about.
        let mut cleared = None;
        if let Some(struck) = store::struck(&self.db, agent, scope, &name).await? {
            let wish = (ActionKind::LiftBan, scope, &struck);
            match self.actions.judge(actor, &proposed(actor, wish, reason.as_deref())).await? {
                Permit::Go(permit) => cleared = Some(permit),
                Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
            }
        }
        let mut tx = self.db.begin().await?;
        if let Some(cleared) = &cleared {
            self.actions.admit(&mut tx, cleared).await?;
        }
        if !self.lift_in(&mut tx, agent, id, reason).await? {
            return Err(Error::conflict("not_in_force", "The ban is over already."));
        }
        tx.commit().await?;
        Ok(Acted::Done(()))
    }

    /// Lifts a ban, with its row in the log of actions; whether it was in force.
    pub async fn lift_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        id: BanId,
        reason: Option<String>,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let (scope, account) = store::find(tx, id).await?.ok_or(Error::NotFound)?;
        let by = agent.person().map(|actor| actor.id);
        if !store::lift(tx, id, by, now).await? {
            return Ok(false);
        }
        let inverse = Inverse::LiftBan { ban: id.0 };
        let ban = (Target::Account(account), ActionKind::Ban);
        mod_actions::undone(tx, agent, ban, Some(&inverse), now).await?;
        let action = NewAction { reason, ..logged(ActionKind::LiftBan, &scope, account) };
        mod_actions::record(tx, agent, &action, now).await?;
        Ok(true)
    }

    /// Bans of a scope, those that are over included, newest first.
    pub async fn list(&self, scope: &Scope, page: &PageRequest<BanId>) -> Result<Page<Ban>, Error> {
        Ok(Page::cut(store::list(&self.db, scope, page).await?, page.limit, |ban| ban.id))
    }

    /// Bans on the actor, newest first, without who set and lifted them.
    pub async fn of_actor(
        &self,
        actor: &Actor,
        page: &PageRequest<BanId>,
    ) -> Result<Page<Ban>, Error> {
        let bans = store::list_of_account(&self.db, actor.id, page).await?;
        Ok(Page::cut(bans, page.limit, |ban| ban.id))
    }

    /// The refusal for somebody whom a ban forbids a deed, with the reason.
    pub async fn refusal(
        &self,
        actor: &Actor,
        deed: Deed,
        community: CommunityId,
        post: Option<PostId>,
    ) -> Error {
        let scopes = (community.0, post.map_or(Uuid::nil(), |post| post.0));
        match store::strictest(&self.db, actor.id, scopes, deed, self.clock.now()).await {
            Ok(Some((reason, until))) => rules::refusal(&reason, until),
            // It ended in this very moment; the next try will do.
            Ok(None) => rules::refusal("", None),
            Err(error) => error.into(),
        }
    }
}

/// Refuses everybody but admins.
pub(super) fn site_staff(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        Ok(())
    } else {
        Err(Error::forbidden("admins_only", "Only admins ban from the whole site."))
    }
}

impl Struck {
    /// Whether they cannot be banned from a scope.
    fn is_exempt(&self, scope: &Scope) -> bool {
        let moderates = self.facts.is_admin();
        match scope {
            Scope::Site => moderates,
            Scope::Community(_) => moderates || self.moderates,
            Scope::Post { author, .. } => moderates || self.moderates || *author == self.facts.id,
        }
    }
}

/// What a moderator, or a post's author, wants to do about a ban.
/// Since when what the account wrote is removed with a ban, if it is.
pub async fn removes_since(tx: &mut Tx, id: BanId) -> Result<Option<Timestamp>, Error> {
    Ok(store::removes_since(tx, id).await?)
}

fn proposed<'a>(
    actor: &Actor,
    (kind, scope, struck): (ActionKind, &Scope, &'a Struck),
    reason: Option<&'a str>,
) -> Proposed<'a> {
    let account = struck.facts.id;
    Proposed {
        kind,
        target: Target::Account(account),
        account,
        community: scope.community().zip(struck.slug.as_deref()),
        scope: scope.id(),
        moderates: actor.is_admin() || struck.agent_moderates,
        reason,
    }
}

fn context(agent: Agent<'_>, struck: &Struck, now: Timestamp) -> Context {
    let actor = agent.person().map(|actor| {
        let role = role(actor.is_admin(), struck.agent_moderates);
        hooks::Actor::of(actor, role, now)
    });
    Context::now(actor, struck.slug.as_deref(), now)
}

fn role(is_admin: bool, moderates: bool) -> Role {
    match (is_admin, moderates) {
        (true, _) => Role::Admin,
        (false, true) => Role::Moderator,
        (false, false) => Role::Member,
    }
}

/// A ban as plugins are told of it.
fn proposal(
    agent: Agent<'_>,
    (scope, struck): (&Scope, &Struck),
    new: &NewBan,
    now: Timestamp,
) -> Proposal {
    let (told, place) = match scope {
        Scope::Site => (hooks::Scope::Site, None),
        Scope::Community(_) => (hooks::Scope::Community, struck.slug.clone()),
        Scope::Post { id, .. } => (hooks::Scope::Post, Some(id.to_string())),
    };
    let deeds = new.deeds.iter().map(|deed| match deed {
        Deed::View => hooks::Deed::View,
        Deed::Comment => hooks::Deed::Comment,
        Deed::Vote => hooks::Deed::Vote,
        Deed::Post => hooks::Deed::Post,
    });
    let duration = new.until.map(|until| until.since(now).as_millis());
    let facts = &struck.facts;
    Proposal {
        sanction: Sanction {
            account: facts.id.to_string(),
            scope: told,
            place,
            deeds: deeds.collect(),
            duration: duration.map(|duration| u64::try_from(duration).unwrap_or(u64::MAX)),
            reason: new.reason.clone(),
        },
        proposed_by: if agent.person().is_some() { Origin::Moderator } else { Origin::Plugin },
        account: hooks::Actor::of(facts, role(facts.is_admin(), struck.moderates), now),
        prior_bans: struck.prior_bans,
    }
}

/// A row of the log about a ban.
fn logged(kind: ActionKind, scope: &Scope, account: AccountId) -> NewAction {
    NewAction { community: scope.community(), ..NewAction::of(kind, Target::Account(account)) }
}
