//! `[jobs]`: how jobs get to those who do them.

use serde::Deserialize;

use super::Broken;

/// How jobs get to those who do them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// By what.
    pub backend: JobBackend,
    /// Kinds of jobs that others may add to the queue.
    pub accept: Vec<String>,
    /// Events that workers outside are given, as jobs.
    pub tell: Vec<String>,
}

impl Jobs {
    pub(super) fn validate(&self, has_redis: bool) -> Result<(), Broken> {
        if self.backend != JobBackend::Database && !has_redis {
            return Err(("jobs.backend", "needs redis.url, unless it is \"database\"".into()));
        }
        let is_open = self.backend == JobBackend::Bullmq;
        for (key, names) in [("jobs.accept", &self.accept), ("jobs.tell", &self.tell)] {
            if !names.is_empty() && !is_open {
                return Err((key, "must be empty, unless jobs.backend is \"bullmq\"".into()));
            }
        }
        Ok(())
    }
}

/// What carries jobs. What is to be done, and what came of it, is in the
/// database with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobBackend {
    /// The database.
    Database,
    /// Redis, in the layout of RSMQ.
    Rsmq,
    /// Redis, in the layout of `BullMQ`.
    Bullmq,
}
