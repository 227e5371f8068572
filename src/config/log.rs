//! `[log]`: what is logged, and in what form.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::Broken;

/// The server's log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// Which lines.
    pub filter: String,
}

/// Form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Log {
    pub(super) fn validate(&self) -> Result<(), Broken> {
        EnvFilter::try_new(&self.filter)
            .map(|_| ())
            .map_err(|error| ("log.filter", error.to_string()))
    }
}
