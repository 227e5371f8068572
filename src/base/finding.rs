//! What a look at something showed, and what to do about it: for who runs the
//! server. A finding has no secret in it.

use std::{error::Error, fmt};

use super::{clock::Timestamp, text::clean_line};

/// How far clocks may differ: sessions and limits are counted in seconds.
const CLOCK_DIFFERENCE_MS: u64 = 1_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, at a price.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// What to do; empty where nothing is to be done.
    pub advice: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(subject: &'static str, seen: impl Into<String>) -> Self {
        Self { subject, level: Level::Ok, seen: seen.into(), advice: String::new() }
    }

    /// It works, at a price.
    pub fn warning(
        subject: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { subject, level: Level::Warning, seen: seen.into(), advice: advice.into() }
    }

    /// It does not work.
    pub fn failed(
        subject: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { subject, level: Level::Failed, seen: seen.into(), advice: advice.into() }
    }
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Failed => "failed",
        };
        write!(f, "{level:<8} {}: {}", self.subject, clean_line(&self.seen))?;
        if !self.advice.is_empty() {
            write!(f, "; {}", clean_line(&self.advice))?;
        }
        Ok(())
    }
}

/// An error with its causes, each told once.
pub fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

/// How far another's clock is from this machine's, asked between two times.
pub fn clocks(
    subject: &'static str,
    theirs: Timestamp,
    (asked, answered): (Timestamp, Timestamp),
) -> Finding {
    let ours = asked.0.midpoint(answered.0);
    let difference = theirs.0.abs_diff(ours);
    let seen = format!("{difference} ms from this machine's");
    // Half of what the answer took may be all of the difference.
    if difference <= CLOCK_DIFFERENCE_MS + answered.0.abs_diff(asked.0) / 2 {
        return Finding::ok(subject, seen);
    }
    Finding::warning(subject, seen, "run chrony on both machines")
}

#[cfg(test)]
mod tests;
