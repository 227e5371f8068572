//! What a plugin wants remembered: kept with its decision, or not at all.

use serde::{Deserialize, Serialize};

/// Bytes that every entry counts for beyond its texts: what its row takes.
const ENTRY_BYTES: u64 = 64;

/// One change of what a binding has stored. Times are Unix milliseconds;
/// `subject` is the account that an entry is erased with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as in wit/host.wit")]
pub enum StateWrite {
    /// Adds to the bucket of a counter that begins at `start`.
    Increment {
        key: String,
        by: u32,
        start: u64,
        width: u64,
        expires_at: u64,
        subject: Option<String>,
    },
    /// Sets the value of a key.
    Put { key: String, value: String, expires_at: Option<u64>, subject: Option<String> },
    /// Forgets a key.
    Delete { key: String },
    /// Puts a member into a set.
    Add { set: String, member: String, expires_at: Option<u64>, subject: Option<String> },
    /// Takes a member out of a set.
    Remove { set: String, member: String },
}

impl StateWrite {
    /// What the entry counts for in the quota of its binding.
    pub fn bytes(&self) -> u64 {
        let texts = match self {
            Self::Increment { key, .. } => key.len(),
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::Add { set, member, .. } => set.len() + member.len(),
            Self::Delete { .. } | Self::Remove { .. } => return 0,
        };
        u64::try_from(texts).unwrap_or(u64::MAX).saturating_add(ENTRY_BYTES)
    }
}
