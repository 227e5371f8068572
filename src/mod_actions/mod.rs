//! The log of what moderation did: every act of a person or of a plugin's
//! effect is one row, written in the transaction of the act and told as an
//! event. A row is never changed, but for a note that it was taken back.
//!
//! It is also where people's acts are judged before they are carried out
//! ([`ModActions::judge`]), and where one waits that a second moderator has to
//! want. Who may act is for the feature to say that the act belongs to.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{ActionView, ModActionsApi, PendingView};
pub use model::{
    Acted, ActionKind, Inverse, LoggedAction, NewAction, Pending, Proposed, SlowMode, Target,
    parse_reason,
};
pub use rules::SECOND_WITHIN;
pub use service::{Cleared, ModActions, Permit, find, occurrence, record, undone, yield_to_people};
pub(crate) use store::{decided_by_people, taken_back};
