//! Bans: who may not do what, where, why and until when. A ban is never
//! deleted; it is lifted, or its time passes, and it stays in the history.
//!
//! What a ban takes away is asked of one place: the predicates of `store.rs`,
//! which every statement about content includes. A view ban therefore closes
//! every door at once. Admins cannot be banned.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{BanCreated, BanList, BanRequest, BansApi, Lifted};
pub use model::{Ban, BanState, Deed, Deeds, NewBan, Scope, Sentence, Standing};
pub use service::{Bans, Parts, REMOVE_CONTENT, removes_since};
pub(crate) use store::{
    allowed, bans_in_force, denied, looking, moderates, viewer, viewer_known_by_id,
};
