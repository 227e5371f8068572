//! Of which days figures are. Pure.

use crate::base::{Error, clock::Timestamp};

/// Days that figures of a binding are of when nothing is said.
pub(super) const USUAL_DAYS: u32 = 7;
/// As far back as a replay may go: a year, with its leap day.
const MAX_DAYS: u32 = 366;
/// A day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How many days back is asked for.
pub(super) fn parse_days(days: Option<u32>) -> Result<u32, Error> {
    let days = days.unwrap_or(USUAL_DAYS);
    if (1..=MAX_DAYS).contains(&days) {
        return Ok(days);
    }
    Err(Error::invalid("days", "range", format!("must be from 1 to {MAX_DAYS}")))
}

/// When that was.
pub(super) fn since(now: Timestamp, days: u32) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::from(days) * DAY_MS))
}
