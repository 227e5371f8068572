//! Pictures: taken, judged, kept, shown. What comes is measured and decoded within
//! bounds and written anew (`pictures`); plugins are asked before it can be used;
//! its file is kept in the store of files (`blobs`) before its row is written, so
//! that there is no row without a file.
//!
//! Who may see a picture is said once, in `store.rs`: what uses it decides. What
//! waits, and what nothing uses, is there for its owner and for admins. What nothing
//! has used for a day is deleted.

mod api;
mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::MediaApi;
pub use jobs::{ERASE_LIMIT, RESIZE, RESIZE_LIMIT, make_copies, original_of};
pub use service::{Media, Parts, approve, refuse};
