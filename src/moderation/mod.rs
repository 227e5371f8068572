//! What moderators and plugins' effects do to content and accounts: remove and
//! restore, lock and unlock, warn, label, mark, slow down, put first in the
//! queue. Each is one transaction with its row in the log of actions and its
//! event, and each can be taken back by that row ([`Moderation::take_back_in`]).
//!
//! People act where they moderate and on what they can see; policies are asked
//! before. Plugins act as they were granted, and never against what a person has
//! decided about the same text.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::ModerationApi;
pub use model::{Label, Pace, Slowed};
pub use service::{Moderation, Parts};
