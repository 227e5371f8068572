//! `[retention]`: how long words are kept after they have served.

use serde::Deserialize;

use super::Broken;
use crate::base::clock::Timestamp;

/// A day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Longest time: a hundred years, as of decisions.
const MAX_DAYS: u32 = 36_500;

/// How long words are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days after a text was deleted or replaced.
    pub text_days: u32,
    /// Days after a report or an appeal was made.
    pub case_days: u32,
    /// Days after an item was settled that the copies of what was reported or held are kept.
    pub copy_days: u32,
}

impl Retention {
    /// Texts that were deleted or replaced before this time are erased.
    pub fn texts_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.text_days)
    }

    /// Reports and appeals that were made before this time lose their words.
    pub fn cases_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.case_days)
    }

    /// Copies of items that were settled before this time are deleted.
    pub fn copies_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.copy_days)
    }

    pub(super) fn validate(self) -> Result<(), Broken> {
        for (name, days) in [
            ("retention.text_days", self.text_days),
            ("retention.case_days", self.case_days),
            ("retention.copy_days", self.copy_days),
        ] {
            if !(1..=MAX_DAYS).contains(&days) {
                return Err((name, format!("must be from 1 to {MAX_DAYS}")));
            }
        }
        Ok(())
    }
}

fn before(now: Timestamp, days: u32) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::from(days) * DAY_MS))
}
