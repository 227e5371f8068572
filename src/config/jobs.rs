//! `[jobs]`: how jobs get to those who do them.

use serde::Deserialize;

/// How jobs get to those who do them.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// By what.
    pub backend: JobBackend,
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
