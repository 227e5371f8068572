//! Looking at what waits, and settling it.

use std::sync::Arc;

use super::{
    model::{ItemFilter, ItemKind, Resolution, ReviewItem, Waiting, parse_note},
    rules,
    store::{self, Resolved},
};
use crate::{
    accounts,
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::ReviewItemId,
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    http::{Action, RateLimits},
};

/// What waits for a person; cheap to clone.
#[derive(Clone, Debug)]
pub struct Review {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
}

impl Review {
    /// What waits in this database.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>) -> Self {
        Self { db, clock, limits }
    }

    /// Items that the actor may settle, the newest first; nobody's for somebody
    /// who moderates nothing.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &ItemFilter,
        page: &PageRequest<ReviewItemId>,
    ) -> Result<Page<ReviewItem>, Error> {
        let (items, decisions) = store::list(&self.db, actor, filter, page).await?;
        let items = rules::with_decisions(items, decisions);
        Ok(Page::cut(items, page.limit, |item: &ReviewItem| item.id))
    }

    /// One item, if the actor may settle it.
    pub async fn find(&self, actor: &Actor, id: ReviewItemId) -> Result<ReviewItem, Error> {
        let (item, decisions) =
            store::find(&self.db, actor, id).await?.ok_or(Error::NotFound)?;
        rules::with_decisions(vec![item], decisions).pop().ok_or(Error::NotFound)
    }

    /// Settles an item: what it is about changes with it or not at all.
    pub async fn resolve(
        &self,
        actor: &Actor,
        id: ReviewItemId,
        resolution: Resolution,
        note: &str,
    ) -> Result<ReviewItem, Error> {
        self.limits.check_actor(Action::Write, actor)?;
        let note = parse_note(note)?;
        let at = self.clock.now();
        let mut tx = self.db.begin().await?;
        let waiting = store::find_waiting(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        rules::may_resolve(waiting.state)?;
        store::resolve(&mut tx, actor, id, Resolved { resolution, note, at }).await?;
        carry_out(&mut tx, &waiting, resolution).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, item = %id, target = %waiting.target,
            resolution = resolution.state().as_str(), "an item was settled"
        );
        self.find(actor, id).await
    }
}

/// Does to what waits as the resolution says. It must still wait: when it goes,
/// its item is closed in the same transaction.
async fn carry_out(tx: &mut Tx, waiting: &Waiting, resolution: Resolution) -> Result<(), Error> {
    use Resolution::{Approve, Remove};
    let target = waiting.target;
    let done = match (waiting.kind, resolution) {
        (ItemKind::Account, Approve) => accounts::approve_held(tx, target.into()).await?,
        (ItemKind::Account, Remove) => accounts::refuse_held(tx, target.into()).await?,
        _ => false,
    };
    if done {
        return Ok(());
    }
    Err(Error::conflict("superseded", "It does not wait any more."))
}
