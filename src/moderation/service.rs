//! What people and plugins do to content: each act in one transaction, with its
//! row in the log and its events.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Facts, Label, Pace, Slowed, Wish},
    rules, store,
};
use crate::{
    bans::Bans,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Timestamp,
        ids::{ActionId, CommunityId, PostId},
    },
    comments::Comments,
    communities::Communities,
    db::{Db, Tx},
    events::{Content, Event, Origin, Resolution},
    http::{Action, RateLimits},
    jobs,
    mod_actions::{
        self, Acted, ActionKind, Cleared, Inverse, LoggedAction, Matter, ModActions, NewAction,
        Permit, Proposed, SlowMode, Target, parse_reason,
    },
    posts::Posts,
    publishing::{ContentState, Mark, Marks},
    warnings,
};

/// What moderation is made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub limits: Arc<RateLimits>,
    pub actions: ModActions,
    pub bans: Bans,
    pub communities: Communities,
    pub posts: Posts,
    pub comments: Comments,
}

/// Moderation; cheap to clone.
#[derive(Clone)]
pub struct Moderation {
    parts: Parts,
}

impl Moderation {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Takes content away, for a person who moderates there.
    pub async fn remove(
        &self,
        actor: &Actor,
        content: Content,
        reason: Option<&str>,
    ) -> Result<Acted<LoggedAction>, Error> {
        let wish = self.wish(actor, content, reason).await?;
        rules::may_remove(Agent::Person(actor), wish.state)?;
        self.may_decide(actor, &wish).await?;
        let cleared = match self.ask(actor, ActionKind::Remove, &wish).await? {
            Permit::Go(cleared) => cleared,
            Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
        };
        let mut tx = self.parts.db.begin().await?;
        self.parts.actions.admit(&mut tx, &cleared).await?;
        let id = self.remove_in(&mut tx, Agent::Person(actor), content, wish.reason).await?;
        tx.commit().await?;
        Ok(Acted::Done(self.parts.actions.read(id).await?))
    }

    /// Asks policies about a removal that comes from the queue of review.
    pub async fn clear_removal(
        &self,
        actor: &Actor,
        content: Content,
        reason: Option<&str>,
    ) -> Result<Permit, Error> {
        let wish = self.wish(actor, content, reason).await?;
        self.ask(actor, ActionKind::Remove, &wish).await
    }

    /// Records what policies said of an action, with the action.
    pub async fn admit(&self, tx: &mut Tx, cleared: &Cleared) -> Result<(), Error> {
        self.parts.actions.admit(tx, cleared).await
    }

    /// Gives content back, for a person who moderates there.
    pub async fn restore(
        &self,
        actor: &Actor,
        content: Content,
        reason: Option<&str>,
    ) -> Result<Acted<()>, Error> {
        let wish = self.wish(actor, content, reason).await?;
        rules::may_restore(wish.state)?;
        self.may_decide(actor, &wish).await?;
        let cleared = match self.ask(actor, ActionKind::Restore, &wish).await? {
            Permit::Go(cleared) => cleared,
            Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
        };
        let mut tx = self.parts.db.begin().await?;
        self.parts.actions.admit(&mut tx, &cleared).await?;
        self.restore_in(&mut tx, Agent::Person(actor), content, wish.reason).await?;
        tx.commit().await?;
        Ok(Acted::Done(()))
    }

    /// Closes or opens a thread, for a person who moderates there.
    pub async fn set_locked(
        &self,
        actor: &Actor,
        (content, locked): (Content, bool),
        reason: Option<&str>,
    ) -> Result<Acted<()>, Error> {
        let kind = if locked { ActionKind::Lock } else { ActionKind::Unlock };
        let wish = self.wish(actor, content, reason).await?;
        if wish.locked == locked {
            return Ok(Acted::Done(()));
        }
        // An author who moderates may open what they closed themselves.
        if !locked
            && mod_actions::doer(&self.parts.db, wish.target, ActionKind::Lock).await?
                != Some(actor.id)
        {
            self.may_decide(actor, &wish).await?;
        }
        let cleared = match self.ask(actor, kind, &wish).await? {
            Permit::Go(cleared) => cleared,
            Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
        };
        let mut tx = self.parts.db.begin().await?;
        self.parts.actions.admit(&mut tx, &cleared).await?;
        let agent = Agent::Person(actor);
        self.set_locked_in(&mut tx, agent, (content, locked), wish.reason).await?;
        tx.commit().await?;
        Ok(Acted::Done(()))
    }

    /// Puts a label on content or takes it off, for a person who moderates
    /// there; `sensitive` and `spoiler` are public marks. What is on it then.
    pub async fn set_label(
        &self,
        actor: &Actor,
        content: Content,
        (label, on): (&str, bool),
        reason: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let reason = self.wish(actor, content, reason).await?.reason;
        let label = Label::parse(label)?;
        let agent = Agent::Person(actor);
        let mut tx = self.parts.db.begin().await?;
        if let Some(mark) = Mark::parse(label.as_str()) {
            self.set_mark_in(&mut tx, agent, content, (mark, on), reason).await?;
        } else {
            let place = (content.into(), None);
            self.set_label_in(&mut tx, agent, place, (&label, on), reason).await?;
        }
        let labels = store::labels(&mut tx, content.id()).await?;
        tx.commit().await?;
        Ok(labels)
    }

    /// Slows comments under a post down or not any more, for a person who
    /// moderates there.
    pub async fn set_post_pace(
        &self,
        actor: &Actor,
        id: PostId,
        pace: impl FnOnce() -> Result<Option<Pace>, Error>,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let reason = self.wish(actor, Content::Post(id.0), reason).await?.reason;
        self.set_pace(actor, (Slowed::Post(id), pace()?), reason).await
    }

    /// Slows comments in a community down or not any more, for a person who
    /// moderates it.
    pub async fn set_community_pace(
        &self,
        actor: &Actor,
        slug: &str,
        pace: impl FnOnce() -> Result<Option<Pace>, Error>,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let access = self.parts.communities.find(Some(actor), slug).await?;
        rules::moderators_only(access.standing.moderates)?;
        let reason = parse_reason(reason)?;
        self.set_pace(actor, (Slowed::Community(access.community.id), pace()?), reason).await
    }

    async fn set_pace(
        &self,
        actor: &Actor,
        pace: (Slowed, Option<Pace>),
        reason: Option<String>,
    ) -> Result<(), Error> {
        let mut tx = self.parts.db.begin().await?;
        self.set_slow_mode_in(&mut tx, Agent::Person(actor), pace, reason).await?;
        Ok(tx.commit().await?)
    }

    /// Refuses an author who moderates there, unless nobody else does.
    async fn may_decide(&self, actor: &Actor, wish: &Wish) -> Result<(), Error> {
        let (community, about) = (Some(wish.community), Some(wish.author));
        let matter = Matter { community, about, ..Matter::default() };
        mod_actions::may_decide(&self.parts.db, actor, &matter).await.map(drop)
    }

    /// What a person wants to do with content, if they see it and moderate there.
    async fn wish(
        &self,
        actor: &Actor,
        content: Content,
        reason: Option<&str>,
    ) -> Result<Wish, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let mut wish = match content {
            Content::Post(id) => {
                Wish::of_post(self.parts.posts.access(Some(actor), id.into()).await?)
            }
            Content::Comment(id) => {
                Wish::of_comment(self.parts.comments.access(Some(actor), id.into()).await?)
            }
        };
        rules::moderators_only(wish.moderates)?;
        wish.reason = parse_reason(reason)?;
        Ok(wish)
    }

    async fn ask(&self, actor: &Actor, kind: ActionKind, wish: &Wish) -> Result<Permit, Error> {
        let proposed = Proposed {
            kind,
            target: wish.target,
            account: wish.author,
            community: Some((wish.community, &wish.slug)),
            scope: wish.community.0,
            moderates: true,
            reason: wish.reason.as_deref(),
        };
        self.parts.actions.judge(actor, &proposed).await
    }

    /// Takes content away: its author sees that, and why; others see nothing.
    /// What waits about it is settled. People may remove what is held as well.
    pub async fn remove_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        content: Content,
        reason: Option<String>,
    ) -> Result<ActionId, Error> {
        let by = if agent.person().is_some() { Origin::Moderator } else { Origin::Plugin };
        self.remove_by(tx, (agent, by), content, reason).await
    }

    /// [`Moderation::remove_in`] with who is told to have done it.
    pub async fn remove_by(
        &self,
        tx: &mut Tx,
        (agent, by): (Agent<'_>, Origin),
        content: Content,
        reason: Option<String>,
    ) -> Result<ActionId, Error> {
        let now = self.now();
        let facts = judged(tx, agent, content).await?;
        rules::may_remove(agent, facts.state)?;
        let was_published = facts.state == ContentState::Published;
        let done = match content {
            Content::Post(id) => self.parts.posts.remove(tx, id.into()).await?,
            Content::Comment(id) => self.parts.comments.remove(tx, id.into()).await?,
        };
        if !done {
            return Err(Error::NotFound);
        }
        store::settle_items(tx, agent, content.id(), now).await?;
        self.publish(tx, agent, Event::ContentRemoved { content, by }).await?;
        if was_published && agent.person().is_some() {
            let asked = store::let_through(tx, content.id()).await?;
            self.overridden(tx, agent, (asked, Resolution::Removed)).await?;
        }
        let action = rules::of_content(ActionKind::Remove, content, &facts, Some(Inverse::Restore));
        mod_actions::record(tx, agent, &NewAction { reason, ..action }, now).await
    }

    /// Gives back content that was removed. What a plugin's removal settled waits again.
    pub async fn restore_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        content: Content,
        reason: Option<String>,
    ) -> Result<ActionId, Error> {
        let now = self.now();
        let facts = judged(tx, agent, content).await?;
        rules::may_restore(facts.state)?;
        let asked = store::removed_by_plugin(tx, content.id()).await?;
        let done = match content {
            Content::Post(id) => self.parts.posts.restore(tx, id.into()).await?,
            Content::Comment(id) => self.parts.comments.restore(tx, id.into()).await?,
        };
        if !done {
            return Err(Error::NotFound);
        }
        store::reopen_items(tx, content.id()).await?;
        if agent.person().is_some() {
            self.overridden(tx, agent, (asked, Resolution::Approved)).await?;
        }
        mod_actions::undone(tx, agent, (content.into(), ActionKind::Remove), None, now).await?;
        let action = rules::of_content(ActionKind::Restore, content, &facts, None);
        mod_actions::record(tx, agent, &NewAction { reason, ..action }, now).await
    }

    /// Closes a post, or the thread below a comment, or opens it. `None` when it is so already.
    pub async fn set_locked_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (content, locked): (Content, bool),
        reason: Option<String>,
    ) -> Result<Option<ActionId>, Error> {
        let now = self.now();
        let facts = judged(tx, agent, content).await?;
        let changed = match content {
            Content::Post(id) => self.parts.posts.set_locked(tx, id.into(), locked).await?,
            Content::Comment(id) => self.parts.comments.set_locked(tx, id.into(), locked).await?,
        };
        if !changed {
            return Ok(None);
        }
        let action = if locked {
            rules::of_content(ActionKind::Lock, content, &facts, Some(Inverse::Unlock))
        } else {
            mod_actions::undone(tx, agent, (content.into(), ActionKind::Lock), None, now).await?;
            rules::of_content(ActionKind::Unlock, content, &facts, None)
        };
        mod_actions::record(tx, agent, &NewAction { reason, ..action }, now).await.map(Some)
    }

    /// Puts a public mark on content, or takes it off. `None` when it is so already.
    pub async fn set_mark_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        content: Content,
        (mark, on): (Mark, bool),
        reason: Option<String>,
    ) -> Result<Option<ActionId>, Error> {
        let now = self.now();
        let facts = judged(tx, agent, content).await?;
        let marks = if on { facts.marks.0 | mark.bit() } else { facts.marks.0 & !mark.bit() };
        if marks == facts.marks.0 {
            return Ok(None);
        }
        let (target, name) = (Target::from(content), mark.as_str());
        let inverse = Inverse::Unmark { mark: name.to_owned() };
        match content {
            Content::Post(id) => self.parts.posts.set_marks(tx, id.into(), Marks(marks)).await?,
            Content::Comment(id) => {
                self.parts.comments.set_marks(tx, id.into(), Marks(marks)).await?;
            }
        }
        let action = if on {
            store::insert_label(tx, agent, (target, name, true), now).await?;
            rules::of_content(ActionKind::Mark, content, &facts, Some(inverse))
        } else {
            store::delete_label(tx, target.id(), name).await?;
            let undone = (target, ActionKind::Mark);
            mod_actions::undone(tx, agent, undone, Some(&inverse), now).await?;
            rules::of_content(ActionKind::Unmark, content, &facts, None)
        };
        let action = NewAction { detail: Some(name.to_owned()), reason, ..action };
        mod_actions::record(tx, agent, &action, now).await.map(Some)
    }

    /// Puts a label on content or on an account, or takes it off, for moderators
    /// and plugins to see. `None` when it is so already. `community` is where an
    /// account is labelled from, for the log.
    pub async fn set_label_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (target, community): (Target, Option<CommunityId>),
        (label, on): (&Label, bool),
        reason: Option<String>,
    ) -> Result<Option<ActionId>, Error> {
        let now = self.now();
        let action = labelled(tx, (target, community)).await?;
        let name = label.as_str().to_owned();
        let changed = if on {
            store::insert_label(tx, agent, (target, &name, false), now).await?
        } else {
            store::delete_label(tx, target.id(), &name).await?
        };
        if !changed {
            return Ok(None);
        }
        if let Target::Account(account) = target {
            let labels = store::labels(tx, account.0).await?;
            store::update_account_labels(tx, account, rules::joined(&labels)).await?;
        }
        let inverse = Inverse::Unlabel { label: name.clone() };
        let action = NewAction { detail: Some(name), reason, ..action };
        let action = if on {
            NewAction { kind: ActionKind::Label, inverse: Some(inverse), ..action }
        } else {
            let undone = (target, ActionKind::Label);
            mod_actions::undone(tx, agent, undone, Some(&inverse), now).await?;
            NewAction { kind: ActionKind::Unlabel, ..action }
        };
        mod_actions::record(tx, agent, &action, now).await.map(Some)
    }

    /// Slows comments down in a place, or not any more.
    pub async fn set_slow_mode_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (place, pace): (Slowed, Option<Pace>),
        reason: Option<String>,
    ) -> Result<ActionId, Error> {
        let now = self.now();
        let mode = pace.map(|pace| SlowMode {
            interval: i64::try_from(pace.interval.as_millis()).unwrap_or(i64::MAX),
            until: pace.duration.map(|duration| now.plus(duration)),
        });
        let previous = store::find_slow_mode(tx, place).await?;
        let inverse = pace.map(|_| Inverse::SlowMode { previous });
        let action = slowed(tx, place, mode).await?;
        self.put_slow_mode(tx, agent, (place, mode), NewAction { reason, inverse, ..action }).await
    }

    async fn put_slow_mode(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (place, mode): (Slowed, Option<SlowMode>),
        action: NewAction,
    ) -> Result<ActionId, Error> {
        let now = self.now();
        store::put_slow_mode(tx, place, mode).await?;
        if mode.is_none() {
            let undone = (action.target, ActionKind::SlowMode);
            mod_actions::undone(tx, agent, undone, None, now).await?;
        }
        mod_actions::record(tx, agent, &action, now).await
    }

    /// Gives what waits about content or an account another place in the queue:
    /// from -100 to 100, higher comes first. `None` when nothing waits.
    pub async fn prioritise_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (target, community): (Target, Option<CommunityId>),
        priority: i64,
    ) -> Result<Option<ActionId>, Error> {
        let action = labelled(tx, (target, community)).await?;
        let Some(previous) = store::find_priority(tx, target.id()).await? else {
            return Ok(None);
        };
        store::update_priority(tx, target.id(), priority.clamp(-100, 100)).await?;
        let inverse = Some(Inverse::Priority { previous });
        let action = NewAction { kind: ActionKind::Prioritise, inverse, ..action };
        mod_actions::record(tx, agent, &action, self.now()).await.map(Some)
    }

    /// Takes back what a row of the log tells of. `false` when that has been
    /// done, or is not so any more; what a person has done since then stays.
    pub async fn take_back_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        id: ActionId,
    ) -> Result<bool, Error> {
        let action = mod_actions::find(tx, id).await?.ok_or(Error::NotFound)?;
        let (None, Some(inverse)) = (action.undone_at, action.inverse.clone()) else {
            return Ok(false);
        };
        match self.reverse(tx, agent, &action, inverse).await {
            // It is not as the action left it: others have been there.
            Err(Error::Conflict { .. } | Error::NotFound) => Ok(false),
            done => done,
        }
    }

    async fn reverse(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        action: &LoggedAction,
        inverse: Inverse,
    ) -> Result<bool, Error> {
        let (target, now) = (action.target, self.now());
        let content = || target.content().ok_or(Error::NotFound);
        match inverse {
            Inverse::Restore => self.restore_in(tx, agent, content()?, None).await.map(|_| true),
            Inverse::Unlock => {
                let unlocked = (content()?, false);
                Ok(self.set_locked_in(tx, agent, unlocked, None).await?.is_some())
            }
            Inverse::WithdrawWarning { warning } => {
                warnings::withdraw_in(tx, agent, warning.into(), None, now).await
            }
            Inverse::LiftBan { ban } => self.parts.bans.lift_in(tx, agent, ban.into(), None).await,
            Inverse::Unlabel { label } => {
                let (place, label) = ((target, action.community), Label::parse(&label)?);
                Ok(self.set_label_in(tx, agent, place, (&label, false), None).await?.is_some())
            }
            Inverse::Unmark { mark } => {
                let mark = Mark::parse(&mark).ok_or(Error::NotFound)?;
                Ok(self.set_mark_in(tx, agent, content()?, (mark, false), None).await?.is_some())
            }
            Inverse::SlowMode { previous } => {
                let place = match target {
                    Target::Post(id) => Slowed::Post(id),
                    Target::Community(id) => Slowed::Community(id),
                    Target::Comment(_) | Target::Account(_) | Target::Site => return Ok(false),
                };
                mod_actions::undone(tx, agent, (target, ActionKind::SlowMode), None, now).await?;
                let action = slowed(tx, place, previous).await?;
                self.put_slow_mode(tx, agent, (place, previous), action).await.map(|_| true)
            }
            Inverse::Priority { previous } => {
                let place = (target, action.community);
                mod_actions::undone(tx, agent, (target, ActionKind::Prioritise), None, now).await?;
                Ok(self.prioritise_in(tx, agent, place, previous).await?.is_some())
            }
        }
    }

    /// Tells that a person has decided otherwise than plugins that were asked.
    async fn overridden(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        (asked, resolution): (Option<Uuid>, Resolution),
    ) -> Result<(), Error> {
        let Some(asked) = asked else { return Ok(()) };
        self.publish(tx, agent, Event::DecisionOverridden { asked, resolution }).await
    }

    async fn publish(&self, tx: &mut Tx, agent: Agent<'_>, event: Event) -> Result<(), Error> {
        Ok(jobs::publish(tx, &mod_actions::occurrence(agent, event, self.now())).await?)
    }

    fn now(&self) -> Timestamp {
        self.parts.actions.now()
    }
}

/// Content that is to be judged: there, and, for a plugin, not judged by people
/// as it stands.
async fn judged(tx: &mut Tx, agent: Agent<'_>, content: Content) -> Result<Facts, Error> {
    let facts = rules::is_there(store::facts(tx, content).await?)?;
    mod_actions::yield_to_people(tx, agent, content, facts.changed_at).await?;
    Ok(facts)
}

/// A row of the log about slow mode: its detail says how many seconds, or `off`.
async fn slowed(tx: &mut Tx, place: Slowed, mode: Option<SlowMode>) -> Result<NewAction, Error> {
    let (target, community) = match place {
        Slowed::Post(id) => {
            let community = store::community_of(tx, id).await?.ok_or(Error::NotFound)?;
            (Target::Post(id), community)
        }
        Slowed::Community(id) => (Target::Community(id), id),
    };
    Ok(rules::slowed(target, community, mode))
}

/// A row of the log about content or an account that is there.
async fn labelled(
    tx: &mut Tx,
    (target, community): (Target, Option<CommunityId>),
) -> Result<NewAction, Error> {
    let kind = ActionKind::Label;
    if let Some(content) = target.content() {
        let facts = rules::is_there(store::facts(tx, content).await?)?;
        return Ok(rules::of_content(kind, content, &facts, None));
    }
    let Target::Account(account) = target else { return Err(Error::NotFound) };
    if !store::is_account(tx, account).await? {
        return Err(Error::NotFound);
    }
    Ok(NewAction { community, ..NewAction::of(kind, target) })
}
