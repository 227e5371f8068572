//! What plugins decided, and what waits for a moderator because of it. Every
//! automated verdict is on record: which version of which plugin, what it was
//! told, what it said and what came of it. A record is written with what it is
//! about, in one transaction, and never changed.

pub mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{AuthorDecision, DecisionView, DecisionsApi, EvidenceView};
pub use model::{
    DecisionFilter, DecisionKey, DecisionRecord, DecisionTarget, Detail, TargetKind, Wanted,
};
pub use service::{Decisions, erase_account, withdraw_picture};
pub(crate) use store::{moderates, record, select_decisions};
