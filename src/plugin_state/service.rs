//! Reading for plugins, keeping what they wrote, forgetting.

use futures_util::future::FutureExt;
use uuid::Uuid;

use super::store;
use crate::{
    base::{
        Error,
        clock::{Clock, Timestamp},
        ids::{AccountId, BindingId},
    },
    db::{self, Db, Tx},
    hooks::{
        StateWrite,
        ports::{Answer, StateReads, Unanswered, Usage},
    },
};

/// What is stored for plugins; cheap to clone.
#[derive(Clone, Debug)]
pub struct PluginState {
    db: Db,
    clock: Clock,
}

impl PluginState {
    /// What is stored in this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Deletes what has expired; tells how much that was.
    pub async fn forget_expired(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        let mut forgotten = 0;
        loop {
            // A transaction for each batch: writers wait for one at most.
            let mut tx = self.db.begin().await?;
            let batch = store::delete_expired(&mut tx, now).await?;
            tx.commit().await?;
            forgotten += batch;
            if batch < store::EXPIRED_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }
}

/// Keeps what a plugin wrote, in the transaction of its decision. What is over
/// the quota by now, because another call was faster, is dropped, and so is what
/// comes from a binding that has been removed meanwhile.
pub async fn apply(
    tx: &mut Tx,
    binding: BindingId,
    writes: &[StateWrite],
    now: Timestamp,
) -> Result<(), Error> {
    if writes.is_empty() || !store::is_bound(tx, binding).await? {
        return Ok(());
    }
    for write in writes {
        if store::write(tx, binding, write).await? {
            continue;
        }
        store::delete_expired_of(tx, binding, now).await?;
        if !store::write(tx, binding, write).await? {
            tracing::warn!(%binding, "what a plugin stores is over its quota and was dropped");
        }
    }
    Ok(())
}

/// Erases what names an account, with the account.
pub async fn erase_subject(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    Ok(store::delete_subject(tx, account).await?)
}

/// Erases everything that a binding stored, with the binding.
pub async fn erase_binding(tx: &mut Tx, binding: BindingId) -> Result<(), Error> {
    Ok(store::delete_binding(tx, binding).await?)
}

/// A time of a plugin's, as stored.
fn stamp(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// What a statement found, for the host.
fn answer<T>(found: Result<T, db::Error>) -> Result<T, Unanswered> {
    found.map_err(|error| Unanswered(error.to_string()))
}

impl StateReads for PluginState {
    fn count<'a>(&'a self, binding: Uuid, key: &'a str, since: u64) -> Answer<'a, u64> {
        async move { answer(store::count(&self.db, binding, key, stamp(since)).await) }.boxed()
    }

    fn value<'a>(&'a self, binding: Uuid, key: &'a str, now: u64) -> Answer<'a, Option<String>> {
        async move { answer(store::value(&self.db, binding, key, stamp(now)).await) }.boxed()
    }

    fn contains<'a>(
        &'a self,
        binding: Uuid,
        member: (&'a str, &'a str),
        now: u64,
    ) -> Answer<'a, bool> {
        async move { answer(store::contains(&self.db, binding, member, stamp(now)).await) }.boxed()
    }

    fn size<'a>(&'a self, binding: Uuid, set: &'a str, now: u64) -> Answer<'a, u64> {
        async move { answer(store::size(&self.db, binding, set, stamp(now)).await) }.boxed()
    }

    fn usage(&self, binding: Uuid, now: u64) -> Answer<'_, Usage> {
        async move { answer(store::usage(&self.db, binding, stamp(now)).await) }.boxed()
    }
}
