//! `[decisions]`: how long, and how much of, what plugins decided is kept.

use serde::Deserialize;

use super::Broken;
use crate::base::clock::Timestamp;

/// A day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Longest time: a hundred years, which is for ever.
const MAX_DAYS: u32 = 36_500;
/// Events at which every plugin just allowed, a second: more than any database
/// writes.
pub const MAX_ALLOWS: u32 = 1_000_000;

/// How long records are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// Days.
    pub keep_days: u32,
    /// Events a second, in the long run, at which every plugin just allowed.
    pub allows_per_second: u32,
}

impl Decisions {
    /// Records of before this time are deleted.
    pub fn keep_since(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(i64::from(self.keep_days) * DAY_MS))
    }

    pub(super) fn validate(self) -> Result<(), Broken> {
        if !(1..=MAX_DAYS).contains(&self.keep_days) {
            return Err(("decisions.keep_days", format!("must be from 1 to {MAX_DAYS}")));
        }
        if self.allows_per_second > MAX_ALLOWS {
            let message = format!("must be at most {MAX_ALLOWS}");
            return Err(("decisions.allows_per_second", message));
        }
        Ok(())
    }
}
