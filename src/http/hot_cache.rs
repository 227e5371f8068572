//! Answers to what everybody reads, kept as bytes. Only for readers who are not
//! signed in: they all see the same.
//!
//! An answer is good while the database's version is the one that was taken
//! before it was read, so a write that was acknowledged is in the next answer.
//! What other processes write is seen after [`LIFETIME`] at the latest.
//!
//! With Redis, an answer that is not kept here may be found there: another server
//! has read it. Not while this server has written something that the others have
//! not been told of, so that who wrote it sees it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use moka::sync::Cache;
use serde::Serialize;
use tokio::time::Instant;

use super::{Rendered, etag::Tag};
use crate::{
    base::{Error, actor::Viewer},
    config,
    db::Db,
    redis::{KEPT_LIFETIME, Redis},
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
    shared: Option<Arc<Shared>>,
}

#[derive(Clone, Debug)]
struct Entry {
    version: u64,
    bytes: Bytes,
    /// Of the bytes: hashing them takes as long as all else that a kept answer needs.
    tag: Tag,
    until: Instant,
}

impl Entry {
    fn new(version: u64, bytes: Bytes, until: Instant) -> Self {
        let tag = Tag::of(&bytes);
        Self { version, bytes, tag, until }
    }
}

/// What is kept for other servers, too.
#[derive(Debug)]
struct Shared {
    redis: Redis,
    /// Versions of the database here that are other servers' writes.
    heard: AtomicU64,
    /// Writes of this server that the others were told of.
    told: AtomicU64,
}

impl HotReads {
    /// A cache of the size that the settings say.
    pub fn new(db: Db, settings: config::Cache, redis: Option<Redis>) -> Self {
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
        let shared = redis.map(|redis| {
            Arc::new(Shared { redis, heard: AtomicU64::new(0), told: AtomicU64::new(0) })
        });
        Self { db, cache, shared }
    }

    /// Another server has written something.
    pub fn changed_elsewhere(&self) {
        if let Some(shared) = &self.shared {
            shared.heard.fetch_add(1, Ordering::SeqCst);
        }
        self.db.reads_changed();
    }

    /// Writes of this server so far.
    pub fn written(&self) -> u64 {
        let heard = self.shared.as_ref().map_or(0, |shared| shared.heard.load(Ordering::SeqCst));
        self.db.version().saturating_sub(heard)
    }

    /// The other servers were told of so many of them.
    pub fn told(&self, written: u64) {
        if let Some(shared) = &self.shared {
            shared.told.store(written, Ordering::SeqCst);
        }
    }

    /// Where an answer is kept for other servers, if it may be.
    fn place(&self, key: &str) -> Option<(&Redis, String)> {
        let shared = self.shared.as_ref()?;
        let is_told = shared.told.load(Ordering::SeqCst) == self.written();
        let place = shared.redis.place_of(key).filter(|_| is_told)?;
        Some((&shared.redis, place))
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
        let now = Instant::now();
        let is_good = |entry: &Entry| entry.version == version && entry.until > now;
        if let Some(entry) = cache.get(&key).filter(is_good) {
            return Ok(Rendered::from_bytes(entry.bytes, entry.tag));
        }
        // After the version was taken: what is found is at least as new.
        let place = self.place(&key);
        if let Some((redis, place)) = &place
            && let Ok(Some(found)) = redis.find(place).await
        {
            let entry = Entry::new(version, found.into(), now + KEPT_LIFETIME);
            cache.insert(key, entry.clone());
            return Ok(Rendered::from_bytes(entry.bytes, entry.tag));
        }
        let entry = Entry::new(version, Rendered::new(&load.await?).bytes(), now + LIFETIME);
        let rendered = Rendered::from_bytes(entry.bytes.clone(), entry.tag.clone());
        cache.insert(key, entry);
        if let Some((redis, place)) = place {
            // Others read it themselves, if it cannot be kept.
            let _ = redis.keep(&place, &rendered.bytes()).await;
        }
        Ok(rendered)
    }
}
