//! What the admins let a community's moderators bind there: which plugins, with
//! which grants, how many and how. Without an envelope they may bind nothing.
//!
//! Narrowing an envelope ends nothing that is at work: what is outside of it is
//! shown as such and loses the grants that the envelope does not have.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::EnvelopesApi;
pub(crate) use api::LimitsView;
pub use model::{Disclosure, Envelope, Limits, PRIORITY_LIMIT, Wish};
pub use rules::{clamped, outside};
pub use service::Envelopes;
