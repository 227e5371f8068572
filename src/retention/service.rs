//! Enforcing the table of retention, a little at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use uuid::Uuid;

use super::store::{self, Swept};
use crate::{
    base::{
        Error,
        clock::{Clock, Timestamp},
        ids::first_uuid,
    },
    config,
    db::Db,
    frozen_copies,
};

/// Rows that one transaction erases: some tens of milliseconds of the writer's time.
const BATCH: u32 = 200;

/// Enforces the table of retention; cheap to clone.
#[derive(Clone, Debug)]
pub struct Retention {
    db: Db,
    clock: Clock,
    settings: config::Retention,
    decisions: config::Decisions,
    /// Something was erased since the log of the file was emptied.
    is_in_log: Arc<AtomicBool>,
}

impl Retention {
    /// The feature, with the settings that say how long.
    pub fn new(
        db: Db,
        clock: Clock,
        (settings, decisions): (config::Retention, config::Decisions),
    ) -> Self {
        Self { db, clock, settings, decisions, is_in_log: Arc::default() }
    }

    /// Erases some of what has been kept long enough: deleted texts, earlier versions,
    /// reasons, appeals and effects. Whether there may be more.
    pub async fn enforce(&self) -> Result<bool, Error> {
        let now = self.clock.now();
        let texts = self.settings.texts_since(now);
        let cases = self.settings.cases_since(now);
        let mut erased = self.erase_deleted(texts).await?;
        erased |= self.forget_past(texts).await?;
        erased |= frozen_copies::forget_old(&self.db, self.settings.copies_since(now)).await? > 0;
        for (kind, before) in [
            (Swept::Reports, cases),
            (Swept::ReviewItems, cases),
            (Swept::Appeals, cases),
            (Swept::Effects, self.decisions.keep_since(now)),
        ] {
            erased |= self.sweep(kind, first_uuid(before)).await?;
        }
        if erased {
            self.is_in_log.store(true, Ordering::Relaxed);
        } else if self.is_in_log.swap(false, Ordering::Relaxed) {
            self.db.truncate_log().await?;
        }
        Ok(erased)
    }

    /// Erases texts that their authors deleted; whether there were any.
    async fn erase_deleted(&self, before: Timestamp) -> Result<bool, Error> {
        let deleted = store::deleted(&self.db, before, BATCH).await?;
        if deleted.is_empty() {
            return Ok(false);
        }
        let mut tx = self.db.begin().await?;
        for content in &deleted {
            store::erase(&mut tx, *content).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes earlier versions of texts; whether there were any.
    async fn forget_past(&self, before: Timestamp) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let forgotten = store::forget_past(&mut tx, first_uuid(before), BATCH).await?;
        tx.commit().await?;
        Ok(forgotten > 0)
    }

    /// Erases the words of rows older than an id, going on where the last round ended;
    /// whether there were any.
    async fn sweep(&self, kind: Swept, before: Uuid) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let after = store::mark(&mut tx, kind).await?.unwrap_or_default();
        let Some(last) = store::last(&mut tx, kind, (after, before), BATCH).await? else {
            return Ok(false);
        };
        store::sweep(&mut tx, kind, (after, last)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
