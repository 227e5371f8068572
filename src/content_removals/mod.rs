//! Bans that clean up: a ban can remove what the account wrote in a time before it,
//! and take the account's votes back, within the scope of the ban. The ban's
//! transaction writes the order down (`bans`); a job carries it out in batches, each
//! with the note of what it did, so that a job that is broken off goes on where it
//! was. Each removal is in the log of actions with the ban as its cause; the author is
//! told once, by the ban. Lifting the ban restores nothing; `undos` takes all of it
//! back.

mod api;
mod jobs;
mod model;
mod service;
mod store;

pub use api::ContentRemovalsApi;
pub use jobs::LIMIT;
pub use model::{Removed, RemovedKind};
pub use service::{ContentRemovals, Parts, put_vote_back, removed, stop};
pub(crate) use store::removed_items;
