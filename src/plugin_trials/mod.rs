//! Trying plugins on what has happened: a recorded decision is made again, a
//! candidate judges the past, an author asks before publishing. Nothing of it is
//! recorded as a decision, counted or done.

pub mod api;
mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::TrialsApi;
pub use jobs::{LIMIT, REPLAY};
pub use model::{NewReplay, ReplayState};
pub use service::{Parts, PluginTrials};
