//! Whether the database server answers. A slow answer is not a dead server: who
//! has heard nothing for a while, as nobody else has, asks it something small on a
//! connection of its own, and gives up only if nobody has an answer by then. So a
//! server that is gone costs a request less than a second, and a long statement,
//! or any behind a slow line, still ends.

use std::{
    fmt, io,
    pin::Pin,
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
/// How long who has heard nothing waits for the server to say that it is there.
const PROBE: Duration = Duration::from_millis(450);
/// How long it is looked whether it is there: connecting takes some answers, and the
/// line may be slow. Whoever asks next goes on with a look that has begun.
const LOOK: Duration = Duration::from_secs(5);
/// How long it is remembered that connecting took long: everybody is more patient then.
const SLOW: Duration = Duration::from_secs(30);
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
    /// How long the last look took that found it, in milliseconds, and until when
    /// that counts.
    took: AtomicU64,
    slow_until: AtomicU64,
    /// A look that has begun, and when; held by the one that asks.
    look: Mutex<Option<(u64, Look)>>,
}

/// Whether a new connection finds the server.
struct Look(Pin<Box<dyn Future<Output = bool> + Send>>);

impl Look {
    fn begin(options: MySqlConnectOptions) -> Self {
        let asked = async move { MySqlConnection::connect_with(&options).await?.ping().await };
        Self(Box::pin(async move { matches!(timeout(LOOK, asked).await, Ok(Ok(()))) }))
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}

impl Health {
    pub(super) fn new(options: MySqlConnectOptions) -> Self {
        let [missed, took, slow_until] = [(); 3].map(|()| AtomicU64::new(0));
        let (begun, heard, look) = (Instant::now(), AtomicU64::new(1), Mutex::default());
        Self { options, begun, heard, missed, took, slow_until, look }
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

    /// Waits until nobody has heard of it for a while, and asks.
    async fn is_there(&self, begun: u64) -> bool {
        let last = self.heard.load(Ordering::Relaxed).max(begun);
        let silent = Duration::from_millis(self.now().saturating_sub(last));
        let left = self.patience().saturating_sub(silent);
        if !left.is_zero() {
            sleep(left).await;
            return true;
        }
        self.answers(last).await
    }

    /// Whether it has answered anybody lately.
    pub(super) fn is_well(&self) -> bool {
        let since = self.now().saturating_sub(self.heard.load(Ordering::Relaxed));
        Duration::from_millis(since) < self.patience()
    }

    /// How long nobody may hear of it: [`PATIENCE`], and where connecting takes longer
    /// as long as that. Otherwise nobody could connect.
    fn patience(&self) -> Duration {
        let is_slow = self.now() < self.slow_until.load(Ordering::Relaxed);
        let took = if is_slow { self.took.load(Ordering::Relaxed) } else { 0 };
        PATIENCE + Duration::from_millis(took)
    }

    /// Whether it did not answer, a moment ago.
    fn is_missing(&self) -> bool {
        let (heard, missed) =
            (self.heard.load(Ordering::Relaxed), self.missed.load(Ordering::Relaxed));
        missed > heard && Duration::from_millis(self.now().saturating_sub(missed)) < PAUSE
    }

    /// Asks whether it is there: one for all. Somebody else may hear of it first.
    async fn answers(&self, last: u64) -> bool {
        let is_heard = || self.heard.load(Ordering::Relaxed) > last;
        let asked = async {
            let mut place = self.look.lock().await;
            if is_heard() || self.is_missing() {
                return;
            }
            let oldest = self.now().saturating_sub(milliseconds(LOOK));
            if place.as_ref().is_some_and(|(begun, _)| *begun < oldest) {
                *place = None;
            }
            let (begun, look) =
                place.get_or_insert_with(|| (self.now(), Look::begin(self.options.clone())));
            let (is_there, begun) = (look.0.as_mut().await, *begun);
            *place = None;
            if is_there {
                let now = self.now();
                self.took.store(now.saturating_sub(begun), Ordering::Relaxed);
                self.slow_until.store(now + milliseconds(SLOW), Ordering::Relaxed);
                self.hear();
            }
        };
        let _in_time = timeout(PROBE, asked).await;
        if !is_heard() && !self.is_missing() {
            self.missed.store(self.now(), Ordering::Relaxed);
        }
        is_heard()
    }

    fn now(&self) -> u64 {
        milliseconds(self.begun.elapsed()).saturating_add(1)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn gone() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}
