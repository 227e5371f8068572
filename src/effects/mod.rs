//! What plugins want done, done: each effect once, in one transaction with its
//! row, within what its binding is granted, its scope and its budget, and so
//! that it can be taken back.
//!
//! An effect never overrides what a person decided about the same text, strikes
//! the same text once, and never what its own plugin wrote. What is over the
//! budget becomes a report for people to look at; twice over it, the binding is
//! only listened to ([`Event::BudgetSpent`](crate::events::Event)).

mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use model::{EffectState, Inverse};
pub use service::{Effects, Parts};
