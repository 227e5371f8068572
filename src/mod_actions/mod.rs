//! The log of acts: every operation that acts on others or on the state of the forum
//! writes one row in the transaction of the act and publishes an event. The acts of
//! plugins' effects are rows as well. A row is never changed, but for a note that the act
//! was taken back. `tests/it/mod_log` holds each operation to this.
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
    Acted, ActionKind, Inverse, LoggedAction, Matter, NewAction, Pending, Proposed, SlowMode,
    Target, parse_reason,
};
pub use rules::SECOND_WITHIN;
pub use service::{
    Cleared, ModActions, Permit, doer, erase_account, find, may_decide, occurrence, record,
    record_of, undone, yield_to_people,
};
pub(crate) use store::{decided_by_people, taken_back};
