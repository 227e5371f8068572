//! Answers to what everybody reads, kept as bytes. Only for readers who are not
//! signed in: they all see the same.
//!
//! An answer is good while the database's version is the one that was taken
//! before it was read, so a write that was acknowledged is in the next answer.
//! What other processes write is seen after [`LIFETIME`] at the latest.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use moka::sync::Cache;
use serde::Serialize;

use super::Rendered;
use crate::{
    base::{Error, actor::Viewer},
    config,
    db::Db,
};

/// How long an answer may be given that another process has made stale: the
/// second within which all that is decided takes effect everywhere.
const LIFETIME: Duration = Duration::from_secs(1);
/// What an entry takes besides its key and bytes, roughly.
const ENTRY_OVERHEAD: usize = 256;

/// The cache; cheap to clone.
#[derive(Clone, Debug)]
pub struct HotReads {
    db: Db,
    /// `None` keeps nothing.
    cache: Option<Cache<String, Entry>>,
}

#[derive(Clone, Debug)]
struct Entry {
    version: u64,
    bytes: Bytes,
}

impl HotReads {
    /// A cache of the size that the settings say.
    pub fn new(db: Db, settings: config::Cache) -> Self {
        let capacity = settings.megabytes.saturating_mul(1 << 20);
        let cache = (capacity > 0).then(|| {
            Cache::builder()
                .max_capacity(capacity)
                .weigher(|key: &String, entry: &Entry| {
                    let weight = key.len() + entry.bytes.len() + ENTRY_OVERHEAD;
                    u32::try_from(weight).unwrap_or(u32::MAX)
                })
                .time_to_live(LIFETIME)
                .build()
        });
        Self { db, cache }
    }

    /// The kept answer for `key`, or a new one. The key names the operation and
    /// everything that the answer depends on.
    pub async fn read<T: Serialize>(
        &self,
        viewer: Viewer<'_>,
        key: impl FnOnce() -> String,
        load: impl Future<Output = Result<T, Error>>,
    ) -> Result<Rendered<T>, Error> {
        let (Some(cache), None) = (&self.cache, viewer) else {
            return Ok(Rendered::new(&load.await?));
        };
        let key = key();
        let version = self.db.version();
        if let Some(entry) = cache.get(&key).filter(|entry| entry.version == version) {
            return Ok(Rendered::from_bytes(entry.bytes));
        }
        let rendered = Rendered::new(&load.await?);
        cache.insert(key, Entry { version, bytes: rendered.bytes() });
        Ok(rendered)
    }
}
