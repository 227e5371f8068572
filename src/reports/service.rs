//! Filing reports.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Filed, Subject, Wanted},
    rules,
    store::{self, NewReport},
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::ReportId,
    },
    comments::Comments,
    db::{Db, Tx},
    decisions::{DecisionTarget, Decisions, TargetKind},
    events::Event,
    frozen_copies,
    hooks::{self, Context, HookPoint, Hooks, Outcome, Role},
    http::{Action, RateLimits},
    jobs,
    mod_actions::{self, Target},
    posts::Posts,
};

/// What reports are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub decisions: Decisions,
    pub posts: Posts,
    pub comments: Comments,
}

/// Reports; cheap to clone.
#[derive(Clone)]
pub struct Reports {
    parts: Parts,
}

impl Reports {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Reports something that the actor can see, once while it waits.
    pub(super) async fn file(
        &self,
        actor: &Actor,
        wanted: Wanted,
        reason: &str,
    ) -> Result<Filed, Error> {
        let Parts { db, clock, limits, decisions, .. } = &self.parts;
        limits.check_actor(Action::Report, actor).await?;
        let subject = self.subject(actor, wanted).await?;
        let reason = rules::parse_reason(reason)?;
        rules::may_report(actor.id, subject.account)?;
        if store::is_reported(db, subject.target, actor.id).await? {
            return Err(rules::already_reported());
        }
        let asked = self.ask(actor, &subject, &reason).await?;
        let now = clock.now();
        let mut tx = db.begin().await?;
        let mut merged_into = None;
        if let Some((target, outcome)) = &asked {
            decisions.record(&mut tx, target, outcome).await?;
            let into = outcome.subject.merge_into.as_deref();
            merged_into = into.and_then(|id| id.parse().ok());
        }
        let id = ReportId::new(now);
        let item = store::put_item(&mut tx, &subject, &reason, now).await?;
        if let Some(frozen) = subject.frozen() {
            frozen_copies::freeze(&mut tx, item, frozen, now).await?;
        }
        let new = NewReport { id, item, subject: &subject, reason: &reason, merged_into };
        let agent = Agent::Person(actor);
        match store::insert(&mut tx, agent, &new, now).await {
            Err(error) if error.is_unique("reports.item_id, reports.reporter_id") => {
                return Err(rules::already_reported());
            }
            other => other?,
        }
        if merged_into.is_none() {
            let event = Event::ReportCreated { report: id.0 };
            jobs::publish(&mut tx, &mod_actions::occurrence(agent, event, now)).await?;
        }
        tx.commit().await?;
        Ok(Filed { id, target: subject.target, reason, created_at: now })
    }

    /// What is to be reported, if the actor can see it.
    async fn subject(&self, actor: &Actor, wanted: Wanted) -> Result<Subject, Error> {
        let viewer = Some(actor);
        Ok(match wanted {
            Wanted::Post(id) => {
                let access = self.parts.posts.access(viewer, id.into()).await?;
                Subject {
                    target: Target::Post(access.post.id),
                    account: access.post.author,
                    community: Some(access.post.community),
                    slug: Some(access.post.slug),
                    moderates: access.standing.moderates,
                }
            }
            Wanted::Comment(id) => {
                let access = self.parts.comments.access(viewer, id.into()).await?;
                Subject {
                    target: Target::Comment(access.comment.id),
                    account: access.comment.author,
                    community: Some(access.ground.community),
                    slug: Some(access.ground.slug),
                    moderates: access.ground.standing.moderates,
                }
            }
            Wanted::Account(name) => {
                let account = store::find_account(&self.parts.db, &name).await?;
                let account = account.ok_or(Error::NotFound)?;
                let target = Target::Account(account);
                Subject { target, account, community: None, slug: None, moderates: false }
            }
        })
    }

    /// Asks plugins about a report. A refusal is recorded and becomes an error.
    async fn ask(
        &self,
        actor: &Actor,
        subject: &Subject,
        reason: &str,
    ) -> Result<Option<(DecisionTarget, Outcome<hooks::Report>)>, Error> {
        let Parts { db, clock, hooks, decisions, .. } = &self.parts;
        let place = subject.community.map(|community| community.0);
        if !hooks.listens(HookPoint::ReportBeforeCreate, place) {
            return Ok(None);
        }
        let (now, open) = (clock.now(), store::open(db, subject.target).await?);
        let input = || (context(actor, subject, now), told(subject, reason, &open));
        let Some(outcome) = hooks.ask(place, input).await else { return Ok(None) };
        let target = DecisionTarget {
            kind: TargetKind::Report,
            id: subject.target.id(),
            community: subject.community,
            actor: Some(actor.id),
        };
        if let Err(refusal) = rules::settle(&outcome.verdict) {
            decisions.record_refusal(&target, &outcome).await?;
            return Err(refusal);
        }
        Ok(Some((target, outcome)))
    }
}

/// Reports something for a plugin, once while it waits.
pub async fn file_in(
    tx: &mut Tx,
    agent: Agent<'_>,
    target: Target,
    reason: &str,
    now: Timestamp,
) -> Result<ReportId, Error> {
    let subject = store::subject(tx, target).await?.ok_or(Error::NotFound)?;
    let reason = rules::parse_reason(reason)?;
    let item = store::put_item(tx, &subject, &reason, now).await?;
    // Also of a text that the plugin has reported already: this one may be another.
    if let Some(frozen) = subject.frozen() {
        frozen_copies::freeze(tx, item, frozen, now).await?;
        if let Some(plugin) = agent.plugin() {
            frozen_copies::freeze_judged(tx, item, frozen, plugin.decision, now).await?;
        }
    }
    if let Some(plugin) = agent.plugin()
        && let Some(earlier) = store::find_by_plugin(tx, item, &plugin.plugin).await?
    {
        return Ok(earlier);
    }
    let id = ReportId::new(now);
    let new = NewReport { id, item, subject: &subject, reason: &reason, merged_into: None };
    store::insert(tx, agent, &new, now).await?;
    let event = Event::ReportCreated { report: id.0 };
    jobs::publish(tx, &mod_actions::occurrence(agent, event, now)).await?;
    Ok(id)
}

/// Takes a plugin's report back, while it waits. `false` when it does not wait; an
/// error when a person has settled it.
pub async fn withdraw_in(tx: &mut Tx, target: Uuid, plugin: &str) -> Result<bool, Error> {
    let Some(report) = store::by_plugin(tx, target, plugin).await? else { return Ok(false) };
    if report.is_settled {
        return Err(Error::conflict("decided_by_people", "A person has decided about it."));
    }
    if report.is_open {
        store::withdraw(tx, &report).await?;
    }
    Ok(report.is_open)
}

fn context(actor: &Actor, subject: &Subject, now: Timestamp) -> Context {
    let role = if actor.is_admin() {
        Role::Admin
    } else if subject.moderates {
        Role::Moderator
    } else {
        Role::Member
    };
    Context::now(Some(hooks::Actor::of(actor, role, now)), subject.slug.as_deref(), now)
}

fn told(subject: &Subject, reason: &str, open: &[ReportId]) -> hooks::Report {
    let target = match subject.target {
        Target::Post(id) => hooks::Target::Post(id.to_string()),
        Target::Comment(id) => hooks::Target::Comment(id.to_string()),
        other => hooks::Target::Account(other.id().to_string()),
    };
    hooks::Report {
        target,
        account_id: subject.account.to_string(),
        reason: reason.to_owned(),
        open: open.iter().map(ToString::to_string).collect(),
        merge_into: None,
    }
}
