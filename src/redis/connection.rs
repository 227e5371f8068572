//! The one connection: kept open in the background, given up when it fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use redis::{
    AsyncConnectionConfig, Client, RedisResult,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{config, lifecycle::Lifecycle};

/// Longest that a request waits for Redis: some times what it takes over a busy
/// network, and little beside a request's own time.
const CALL_LIMIT: Duration = Duration::from_millis(50);
/// Calls in a row that took too long before Redis counts as away.
const FAILURES_MAX: u32 = 3;
/// Longest that connecting may take, TLS and signing in included.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Between two attempts to connect: Redis is in use again within a second of
/// its return.
const RETRY: Duration = Duration::from_millis(500);
/// How long the start waits for Redis; then it goes on without.
const START_LIMIT: Duration = Duration::from_millis(250);
/// How long what is written to see whether Redis takes writes is kept.
const PROBE_LIFETIME_MS: u64 = 1_000;

/// Redis cannot be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// `redis.url` is not one.
#[derive(Debug, thiserror::Error)]
#[error("redis.url cannot be used")]
pub struct StartError;

/// Redis; cheap to clone.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    prefix: String,
    /// This process, among those that share Redis.
    node: Uuid,
    /// `None` while Redis is away.
    open: ArcSwapOption<Open>,
    lost: Notify,
    /// Of what answers show, as far as this server has heard; 0 before it has.
    generation: AtomicU64,
}

/// A connection that works, as far as is known.
pub(super) struct Open {
    connection: MultiplexedConnection,
    /// Calls in a row that took too long.
    failures: AtomicU32,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("is_here", &self.is_here()).finish_non_exhaustive()
    }
}

impl Redis {
    /// Connects, and stays connected until the server closes. Goes on without
    /// Redis where it is not there; `None` where the settings name none.
    pub async fn start(
        settings: &config::Redis,
        lifecycle: &Lifecycle,
    ) -> Result<Option<Self>, StartError> {
        if !settings.is_set() {
            return Ok(None);
        }
        // The cause is not told: it might repeat the password.
        let client = Client::open(settings.url.expose().as_str()).map_err(|_| StartError)?;
        let redis = Self {
            inner: Arc::new(Inner {
                client,
                prefix: settings.prefix.clone(),
                node: Uuid::new_v4(),
                open: ArcSwapOption::empty(),
                lost: Notify::new(),
                generation: AtomicU64::new(0),
            }),
        };
        // Whoever waits no longer leaves the rest to the background.
        let _ = timeout(START_LIMIT, redis.connect()).await;
        if !redis.is_here() {
            tracing::warn!("Redis is away: this server counts and looks for itself meanwhile");
        }
        let kept = redis.clone();
        lifecycle.spawn_until_closing(async move { kept.stay_connected().await });
        Ok(Some(redis))
    }

    /// Whether Redis answers, as far as is known.
    pub fn is_here(&self) -> bool {
        self.inner.open.load().is_some()
    }

    /// What all keys and channels begin with.
    pub fn prefix(&self) -> &str {
        &self.inner.prefix
    }

    /// A connection for a library of its own time-outs, until it fails.
    pub fn connection(&self) -> Result<MultiplexedConnection, Away> {
        self.inner.open.load().as_ref().map(|open| open.connection.clone()).ok_or(Away)
    }

    /// The generation of what answers show, as far as this server has heard: what
    /// was read after a generation was taken is current for whoever takes the same.
    pub(super) fn generation(&self) -> Option<u64> {
        Some(self.inner.generation.load(Ordering::SeqCst)).filter(|generation| *generation > 0)
    }

    /// There is a new generation.
    pub(super) fn succeed(&self, generation: u64) {
        self.inner.generation.fetch_max(generation, Ordering::SeqCst);
    }

    pub(super) fn node(&self) -> Uuid {
        self.inner.node
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.inner.prefix)
    }

    /// Asks Redis.
    pub(super) async fn call<T, F>(
        &self,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let Some(open) = self.inner.open.load_full() else { return Err(Away) };
        match timeout(CALL_LIMIT, work(open.connection.clone())).await {
            Ok(Ok(answer)) => {
                open.failures.store(0, Ordering::Relaxed);
                Ok(answer)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "Redis failed");
                self.give_up(&open);
                Err(Away)
            }
            Err(_elapsed) => {
                if open.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_MAX {
                    tracing::warn!("Redis does not answer in time");
                    self.give_up(&open);
                }
                Err(Away)
            }
        }
    }

    /// A connection of its own that listens.
    pub(super) async fn listen(&self) -> Result<PubSub, Away> {
        match timeout(CONNECT_LIMIT, self.inner.client.get_async_pubsub()).await {
            Ok(Ok(listening)) => Ok(listening),
            Ok(Err(_)) | Err(_) => Err(Away),
        }
    }

    /// Uses a connection no more, if it is the one that is used.
    fn give_up(&self, failed: &Arc<Open>) {
        let before = self.inner.open.compare_and_swap(failed, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, failed)) {
            metrics::counter!("gatherly_redis_failures_total").increment(1);
            metrics::gauge!("gatherly_redis_up").set(0);
            self.inner.lost.notify_one();
        }
    }

    /// Connects again whenever the connection is lost.
    async fn stay_connected(&self) {
        loop {
            let begun = Instant::now();
            if self.is_here() || self.connect().await {
                self.inner.lost.notified().await;
            }
            // One that was good for a while is made anew at once.
            sleep(RETRY.saturating_sub(begun.elapsed())).await;
        }
    }

    /// Connects, if Redis answers in the time that calls have, and takes writes.
    async fn connect(&self) -> bool {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(CONNECT_LIMIT));
        let connecting = self.inner.client.get_multiplexed_async_connection_with_config(&config);
        let connection = match timeout(CONNECT_LIMIT, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                tracing::debug!(%error, "Redis cannot be reached");
                return false;
            }
            Err(_elapsed) => return false,
        };
        let mut probed = connection.clone();
        let mut probe = redis::cmd("set");
        probe.arg(self.key("probe")).arg(1).arg("px").arg(PROBE_LIFETIME_MS);
        match timeout(CALL_LIMIT, probe.query_async::<()>(&mut probed)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "Redis takes no writes");
                return false;
            }
            Err(_elapsed) => return false,
        }
        self.inner.open.store(Some(Arc::new(Open { connection, failures: AtomicU32::new(0) })));
        metrics::gauge!("gatherly_redis_up").set(1);
        tracing::info!("Redis is in use");
        true
    }
}
