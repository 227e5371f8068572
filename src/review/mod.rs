//! What waits for a person: posts, comments, edits, pictures and accounts that a
//! policy or a setting holds. A moderator looks at the thing, the reason and the
//! decisions behind it, and settles it for good: a person's resolution stands.

pub mod api;
pub mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::ReviewApi;
pub use model::{ItemKind, ItemState, Resolution, Settled};
pub use service::{Parts, Review};
