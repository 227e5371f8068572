//! Whether the database server answers. A slow answer is not a dead server: who
//! has heard nothing for a while, as nobody else has, asks it something small on a
//! connection of its own, and gives up only if nobody has an answer by then. So a
//! server that is gone costs a request less than a second, and a long statement,
//! or any behind a slow line, still ends.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{Connection, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::Error;

/// How long nobody has heard of the server before it is asked whether it is there.
/// With [`PROBE`] well below the second within which requests are told, and well
/// above the half second that answers over a bad line may take.
const PATIENCE: Duration = Duration::from_millis(350);
/// How long the server has to say that it is there.
const PROBE: Duration = Duration::from_millis(450);
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
        let result = self.bear(work).await;
        match &result {
            Ok(_) => self.hear(),
            Err(error @ sqlx::Error::Database(_)) if !Error::is_gone(error) => self.hear(),
            Err(_) => {}
        }
        result
    }

    /// The same for what may need no answer.
    pub(super) async fn bear<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        if self.is_missing() {
            return Err(gone());
        }
        let begun = self.now();
        let limit = Instant::now() + LIMIT;
        let silence = async { while self.is_there(begun).await && Instant::now() < limit {} };
        tokio::select! {
            biased;
            result = work => result,
            () = silence => Err(gone()),
        }
    }

    /// Somebody has heard of it.
    pub(super) fn hear(&self) {
        self.heard.store(self.now(), Ordering::Relaxed);
    }

    /// Waits until nobody has heard of it for [`PATIENCE`], and asks.
    async fn is_there(&self, begun: u64) -> bool {
        let last = self.heard.load(Ordering::Relaxed).max(begun);
        let silent = Duration::from_millis(self.now().saturating_sub(last));
        let left = PATIENCE.saturating_sub(silent);
        if !left.is_zero() {
            sleep(left).await;
            return true;
        }
        self.answers(last).await
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

    /// Asks whether it is there: one for all. Somebody else may hear of it first.
    async fn answers(&self, last: u64) -> bool {
        let _one_asks = self.asking.lock().await;
        let is_heard = || self.heard.load(Ordering::Relaxed) > last;
        if is_heard() || self.is_missing() {
            return is_heard();
        }
        let asked = async { MySqlConnection::connect_with(&self.options).await?.ping().await };
        if matches!(timeout(PROBE, Box::pin(asked)).await, Ok(Ok(()))) {
            self.hear();
        } else if !is_heard() {
            self.missed.store(self.now(), Ordering::Relaxed);
        }
        is_heard()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

fn gone() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}
