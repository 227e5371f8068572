//! Whether the database server answers. A slow answer is not a dead server: who
//! has waited for a while asks it something small on a connection of its own,
//! and gives up only if that has no answer either. So a server that is gone
//! costs a request less than a second, and a long statement still ends.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{Connection, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::Error;

/// How long an answer is waited for before the server is asked whether it is
/// there: with [`PROBE`] less than a second.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the server has to say that it is there.
const PROBE: Duration = Duration::from_millis(400);
/// How long nobody asks again a server that was not there.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest wait for one answer: statements that look at much have batches.
const LIMIT: Duration = Duration::from_secs(30);

/// What is known of the server.
#[derive(Debug)]
pub(super) struct Health {
    options: MySqlConnectOptions,
    begun: Instant,
    /// When it answered last, and when it was last found not to: milliseconds
    /// since `begun`.
    heard: AtomicU64,
    missed: AtomicU64,
    /// Held by the one that asks.
    asking: Mutex<()>,
}

impl Health {
    pub(super) fn new(options: MySqlConnectOptions) -> Self {
        let (begun, asking) = (Instant::now(), Mutex::default());
        Self { options, begun, heard: AtomicU64::new(1), missed: AtomicU64::new(0), asking }
    }

    /// Waits for an answer for as long as the server is there.
    pub(super) async fn watch<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        if self.is_missing() {
            return Err(gone());
        }
        let mut work = std::pin::pin!(work);
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Ok(result) = timeout(PATIENCE, &mut work).await {
                if !result.as_ref().is_err_and(Error::is_gone) {
                    self.heard.store(self.now(), Ordering::Relaxed);
                }
                return result;
            }
            if !self.answers().await {
                return Err(gone());
            }
        }
        Err(gone())
    }

    /// Whether it has answered anybody lately.
    pub(super) fn is_well(&self) -> bool {
        let since = self.now().saturating_sub(self.heard.load(Ordering::Relaxed));
        Duration::from_millis(since) < PATIENCE
    }

    /// Whether it did not answer, a moment ago.
    fn is_missing(&self) -> bool {
        let (heard, missed) =
            (self.heard.load(Ordering::Relaxed), self.missed.load(Ordering::Relaxed));
        missed > heard && Duration::from_millis(self.now().saturating_sub(missed)) < PAUSE
    }

    async fn answers(&self) -> bool {
        let _one_asks = self.asking.lock().await;
        if self.is_well() || self.is_missing() {
            return self.is_well();
        }
        let asked = async { MySqlConnection::connect_with(&self.options).await?.ping().await };
        let answers = matches!(timeout(PROBE, asked).await, Ok(Ok(())));
        let known = if answers { &self.heard } else { &self.missed };
        known.store(self.now(), Ordering::Relaxed);
        answers
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

fn gone() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}
