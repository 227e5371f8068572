//! Sessions: one login on one device. An access token is short-lived and proves
//! a session, which is looked up at every request, so that ending it takes
//! effect at once. A refresh token is used once, but for the moment in which two tabs do;
//! who uses an old one ends the session for the thief and the owner alike.

pub mod api;
pub mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

pub use api::{SessionsApi, SignedIn, Visitor};
pub use model::Verified;
pub use service::{Device, KEEP_ENDED, Sessions, erase_networks};
pub use store::to_actor;
pub use tokens::{Keys, KeysError};
