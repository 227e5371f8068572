//! What a job is, and when it is tried again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    base::{self, clock::Timestamp},
    db::Db,
};

/// Times that a job is tried before it counts as failed: with [`retry_delay`],
/// a listener that is broken for two minutes loses nothing.
pub const MAX_ATTEMPTS: u32 = 8;
/// Longest that a listener may take: some statements and a chain of plugins,
/// with room for a disk that is slow.
pub const LISTENER_LIMIT: Duration = Duration::from_secs(30);
/// Delay before the second attempt: 1, 2, 4, 8, 16, 32, 64 s and so on, each
/// longer by up to a quarter, so that what failed together does not come back
/// together.
pub(super) const FIRST_DELAY: Duration = Duration::from_secs(1);
/// Longest delay before another attempt.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// Most characters that are kept of an error.
const ERROR_MAX: usize = 1_000;

/// Work that is to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Who does it.
    pub kind: &'static str,
    /// JSON: ids, rather than what they stand for.
    pub payload: String,
    /// Of jobs with the same key there is one; the later is not added.
    pub unique_key: Option<String>,
    /// Not before this.
    pub run_at: Option<Timestamp>,
    /// The higher goes first; 0 is usual.
    pub priority: i32,
    /// Times that it is tried.
    pub max_attempts: u32,
    /// Kept for a day when it is done, so that somebody can ask for it.
    pub keep: bool,
}

impl NewJob {
    /// A job without anything special.
    pub fn new(kind: &'static str, payload: &impl serde::Serialize) -> Self {
        Self {
            kind,
            // Ids, numbers and names: serialising them cannot fail.
            payload: serde_json::to_string(payload).unwrap_or_default(),
            unique_key: None,
            run_at: None,
            priority: 0,
            max_attempts: MAX_ATTEMPTS,
            keep: false,
        }
    }

    /// Not before `at`.
    #[must_use]
    pub fn not_before(self, at: Timestamp) -> Self {
        Self { run_at: Some(at), ..self }
    }

    /// The only one with this key.
    #[must_use]
    pub fn once(self, key: String) -> Self {
        Self { unique_key: Some(key), ..self }
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// To be done.
    Waiting,
    /// Being done.
    Active,
    /// To be done later.
    Delayed,
    /// Done.
    Completed,
    /// Tried too often.
    Failed,
    /// Nobody here knows its kind; somebody of another version may.
    Parked,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Active, Self::Delayed, Self::Completed, Self::Failed, Self::Parked];

    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Delayed => "delayed",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Parked => "parked",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A job that somebody asks about.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in `NewJob` and migration 5")]
pub struct JobRecord {
    pub id: Uuid,
    pub kind: String,
    pub payload: String,
    pub state: JobState,
    pub priority: i64,
    pub attempts: u32,
    pub max_attempts: u32,
    pub run_at: Timestamp,
    pub progress: u32,
    pub last_error: Option<String>,
    pub keep: bool,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// A job for who does it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Opaque.
    pub id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// JSON.
    pub payload: String,
    pub(super) db: Db,
    /// How far it is, for who shows it elsewhere.
    pub(super) told: Arc<AtomicU32>,
}

impl Job {
    /// What is to be done. A payload that cannot be read never will be.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.payload).map_err(|error| Failure::For(error.to_string()))
    }

    /// Tells how far it is, in percent.
    pub async fn progress(&self, percent: u32) -> Result<(), Failure> {
        super::store::progress(&self.db, self.id, percent)
            .await
            .map_err(|error| Failure::Retry(error.to_string()))?;
        self.told.store(percent, Ordering::Relaxed);
        Ok(())
    }
}

/// Why a job was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another attempt may succeed.
    Retry(String),
    /// As [`Failure::Retry`], but after this time.
    RetryAfter(Duration, String),
    /// No attempt will succeed.
    For(String),
}

/// What became of a job that somebody had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done.
    Done,
    /// It is tried again after this time.
    Delayed(Duration, String),
    /// It will not be tried again.
    Failed(String),
    /// It was somebody else's, and is one of ours now.
    Accepted(Uuid),
    /// It was not begun, and waits again.
    Returned,
    /// It was not theirs any more.
    Elsewhere,
}

impl From<base::Error> for Failure {
    fn from(error: base::Error) -> Self {
        Self::Retry(with_cause(&error))
    }
}

impl From<crate::db::Error> for Failure {
    fn from(error: crate::db::Error) -> Self {
        Self::Retry(with_cause(&error))
    }
}

fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text.chars().take(ERROR_MAX).collect()
}

/// How long a job waits before another attempt, when `attempts` have failed.
/// What is random in it comes from the job's id.
pub fn retry_delay(id: Uuid, attempts: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let delay = doubled.min(LONGEST_DELAY);
    let random = u32::from(id.as_bytes()[15]).rotate_left(attempts % 8) % 256;
    delay + delay / 4 * random / 256
}
