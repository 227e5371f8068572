//! How something is put to work: step by step, each with its own error, all of
//! it on record. A candidate that fails a step is never put to work, and what is
//! at work goes on meanwhile.
//!
//! A candidate is not yet a binding's state: `plugin_admin` stores and swaps in
//! what is ready.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::{BreakerView, CandidateView};
pub use model::{Activation, Candidate, Probe, Progress, Refusal, Step};
pub use service::{Activations, Ready};
