//! Writing the log of actions, and reading it.

use super::{
    model::{
        ActionKind, Inverse, LogFilter, LoggedAction, Matter, NewAction, Pending, Proposed, Target,
    },
    rules,
    store::{self, By, Wish},
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{AccountId, ActionId, new_uuid},
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    decisions::{DecisionTarget, Decisions, TargetKind},
    events::{Content, Event, Occurrence},
    hooks::{self, Context, HookPoint, Hooks, Outcome, Role},
    jobs,
};

/// The log of actions; cheap to clone.
#[derive(Clone)]
pub struct ModActions {
    db: Db,
    clock: Clock,
    hooks: Hooks,
    decisions: Decisions,
}

/// An action that may go on, and what plugins said of it: to be handed to
/// [`ModActions::admit`] in the transaction that carries it out.
#[derive(Debug)]
pub struct Cleared {
    wish: Wish,
    asked: Option<(DecisionTarget, Outcome<hooks::Action>)>,
}

/// Whether an action may go on.
#[derive(Debug)]
pub enum Permit {
    /// It may.
    Go(Cleared),
    /// Not before another moderator wants the same.
    Wait(Pending),
}

impl ModActions {
    /// The log in this database.
    pub fn new(db: Db, clock: Clock, hooks: Hooks, decisions: Decisions) -> Self {
        Self { db, clock, hooks, decisions }
    }

    /// Asks plugins about an action that a moderator wants to take. A refusal is
    /// recorded and becomes an error; a wish that needs a second is kept for a
    /// day.
    pub async fn judge(&self, actor: &Actor, proposed: &Proposed<'_>) -> Result<Permit, Error> {
        let Proposed { kind, target, scope, .. } = *proposed;
        let wish = Wish { kind, target: target.id(), scope };
        let community = proposed.community.map(|(id, _)| id);
        let place = community.map(|id| id.0);
        let hook = HookPoint::ModActionBeforeApply;
        let (Some(told), true) = (told(kind), self.hooks.listens(hook, place)) else {
            return Ok(Permit::Go(Cleared { wish, asked: None }));
        };
        let now = self.now();
        let since = now.minus(rules::SECOND_WITHIN);
        let seconded = store::count_seconds(&self.db, wish, actor.id, since).await?;
        let input = || (context(actor, proposed, now), action(told, proposed, seconded));
        let Some(outcome) = self.hooks.ask(place, input).await else {
            return Ok(Permit::Go(Cleared { wish, asked: None }));
        };
        let target = DecisionTarget {
            kind: TargetKind::Action,
            id: target.id(),
            community,
            actor: Some(actor.id),
        };
        let circumstances = (proposed.reason.is_some(), seconded);
        match rules::settle(&outcome.verdict, &rules::wanted(&outcome), circumstances) {
            Ok(None) => Ok(Permit::Go(Cleared { wish, asked: Some((target, outcome)) })),
            Ok(Some(message)) => {
                let mut tx = self.db.begin().await?;
                let id = new_uuid(now);
                store::put_pending(&mut tx, id, (wish, actor.id), &message, now).await?;
                self.decisions.record(&mut tx, &target, &outcome).await?;
                tx.commit().await?;
                let until = now.plus(rules::SECOND_WITHIN);
                let target = proposed.target;
                Ok(Permit::Wait(Pending { id, kind, target, message, until }))
            }
            Err(refusal) => {
                self.decisions.record_refusal(&target, &outcome).await?;
                Err(refusal)
            }
        }
    }

    /// Records what plugins said of an action, with the action; what waited for
    /// a second waits no longer.
    pub async fn admit(&self, tx: &mut Tx, cleared: &Cleared) -> Result<(), Error> {
        let Some((target, outcome)) = &cleared.asked else { return Ok(()) };
        store::drop_pending(tx, cleared.wish, None).await?;
        self.decisions.record(tx, target, outcome).await
    }

    /// One row of the log, for those who made it.
    pub async fn read(&self, id: ActionId) -> Result<LoggedAction, Error> {
        store::read(&self.db, id).await?.ok_or(Error::NotFound)
    }

    /// What time it is for actions.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was done, newest first: for admins everything, for moderators what
    /// was done in their communities, for everybody else nothing.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        filter: &LogFilter,
        page: &PageRequest<ActionId>,
    ) -> Result<Page<LoggedAction>, Error> {
        let actions = store::list(&self.db, actor, filter, page).await?;
        Ok(Page::cut(actions, page.limit, |action| action.id))
    }
}

/// What plugins call it; nothing for what they are not asked about.
fn told(kind: ActionKind) -> Option<hooks::ActionKind> {
    Some(match kind {
        ActionKind::Remove => hooks::ActionKind::Remove,
        ActionKind::Restore => hooks::ActionKind::Restore,
        ActionKind::Lock => hooks::ActionKind::Lock,
        ActionKind::Unlock => hooks::ActionKind::Unlock,
        ActionKind::Warn => hooks::ActionKind::Warn,
        ActionKind::Ban => hooks::ActionKind::Ban,
        ActionKind::LiftBan => hooks::ActionKind::LiftBan,
        _ => return None,
    })
}

fn context(actor: &Actor, proposed: &Proposed<'_>, now: Timestamp) -> Context {
    let role = match (actor.is_admin(), proposed.moderates) {
        (true, _) => Role::Admin,
        (false, true) => Role::Moderator,
        (false, false) => Role::Member,
    };
    let slug = proposed.community.map(|(_, slug)| slug);
    Context::now(Some(hooks::Actor::of(actor, role, now)), slug, now)
}

fn action(kind: hooks::ActionKind, proposed: &Proposed<'_>, seconded: u32) -> hooks::Action {
    let target = match proposed.target {
        Target::Post(id) => hooks::Target::Post(id.to_string()),
        Target::Comment(id) => hooks::Target::Comment(id.to_string()),
        Target::Account(_) | Target::Community(_) | Target::Site => {
            hooks::Target::Account(proposed.account.to_string())
        }
    };
    hooks::Action {
        kind,
        target,
        account_id: proposed.account.to_string(),
        reason: proposed.reason.map(str::to_owned),
        seconded,
    }
}

/// Writes an act into the log, in the transaction of the act, and publishes its event,
/// unless the act is one of administration. Every operation that acts on others or on the
/// state of the forum calls this.
pub async fn record(
    tx: &mut Tx,
    agent: Agent<'_>,
    new: &NewAction,
    now: Timestamp,
) -> Result<ActionId, Error> {
    let id = ActionId::new(now);
    store::insert(tx, id, By::agent(agent), new, now).await?;
    if !new.kind.is_administration() {
        let event = Event::ModActionApplied { action: id.0 };
        jobs::publish(tx, &occurrence(agent, event, now)).await?;
    }
    Ok(id)
}

/// Writes an act of administration into the log, of a person of whom only the account is
/// known. `None`: the server acted itself, or a file or a command of the operator.
pub async fn record_of(
    tx: &mut Tx,
    person: Option<AccountId>,
    new: &NewAction,
    now: Timestamp,
) -> Result<ActionId, Error> {
    let id = ActionId::new(now);
    store::insert(tx, id, By { person, plugin: None }, new, now).await?;
    Ok(id)
}

/// An event that somebody, or some plugin, has caused.
pub fn occurrence(agent: Agent<'_>, event: Event, now: Timestamp) -> Occurrence {
    let (actor, binding) = match agent {
        Agent::Person(actor) => (Some(actor.id.0), None),
        Agent::Plugin(automation) => (None, Some(automation.binding.0)),
    };
    Occurrence { id: new_uuid(now), at: now, actor, binding, event }
}

/// Notes that what was done to something was taken back: whatever its inverse
/// was, or with this one.
pub async fn undone(
    tx: &mut Tx,
    agent: Agent<'_>,
    (target, kind): (Target, ActionKind),
    inverse: Option<&Inverse>,
    now: Timestamp,
) -> Result<(), Error> {
    let by: Option<AccountId> = agent.person().map(|actor| actor.id);
    Ok(store::undone(tx, by, (target, kind), inverse, now).await?)
}

/// Forgets the names that a closed account had, as part of `tx`.
pub async fn erase_account(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    Ok(store::erase_names(tx, account).await?)
}

/// Refuses a person who is to decide a matter of their own, unless nobody can to whom it is
/// less close. Returns whether the matter is their own. Every operation that decides
/// something calls this.
pub async fn may_decide(db: &Db, actor: &Actor, matter: &Matter) -> Result<bool, Error> {
    let tie = rules::tie(actor.id, matter);
    let others_can = match tie {
        Some(tie) => store::can_others_decide(db, tie, actor.id, matter).await?,
        None => true,
    };
    rules::may_decide(tie, others_can)
}

/// The person who did the latest of some acts that is still in force; `None` when a plugin
/// did it, or nobody.
pub async fn doer(db: &Db, target: Target, kind: ActionKind) -> Result<Option<AccountId>, Error> {
    Ok(store::doer(db, target, kind).await?)
}

/// A row of the log.
pub async fn find(tx: &mut Tx, id: ActionId) -> Result<Option<LoggedAction>, Error> {
    Ok(store::find(tx, id).await?)
}

/// Refuses to a plugin what a person has decided about, in a text that has not
/// changed since.
pub async fn yield_to_people(
    tx: &mut Tx,
    agent: Agent<'_>,
    content: Content,
    changed_at: Timestamp,
) -> Result<(), Error> {
    if agent.person().is_some() {
        return Ok(());
    }
    rules::yields(store::is_decided_by_people(tx, content.id(), changed_at).await?)
}
