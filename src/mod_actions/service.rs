//! Writing the log of actions, and reading it.

use super::{
    model::{ActionKind, Inverse, LogFilter, LoggedAction, NewAction, Target},
    rules, store,
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
    events::{Content, Event, Occurrence},
    jobs,
};

/// The log of actions; cheap to clone.
#[derive(Clone)]
pub struct ModActions {
    db: Db,
    clock: Clock,
}

impl ModActions {
    /// The log in this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
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

/// Writes what is done into the log, in the transaction that does it, and tells
/// those who listen.
pub async fn record(
    tx: &mut Tx,
    agent: Agent<'_>,
    new: &NewAction,
    now: Timestamp,
) -> Result<ActionId, Error> {
    let id = ActionId::new(now);
    store::insert(tx, id, agent, new, now).await?;
    let event = Event::ModActionApplied { action: id.0 };
    jobs::publish(tx, &occurrence(agent, event, now)).await?;
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

/// A row of the log.
pub async fn find(tx: &mut Tx, id: ActionId) -> Result<Option<LoggedAction>, Error> {
    Ok(store::find(tx, id).await?)
}

/// Whether a person has decided about content since a time: approved, removed,
/// restored, locked or marked it.
pub async fn is_decided_by_people(
    tx: &mut Tx,
    content: Content,
    since: Timestamp,
) -> Result<bool, Error> {
    Ok(store::is_decided_by_people(tx, content.id(), since).await?)
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
    rules::yields(is_decided_by_people(tx, content, changed_at).await?)
}
