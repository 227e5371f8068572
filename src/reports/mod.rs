//! Reports: somebody tells moderators of a post, a comment or an account. All
//! that wait about one target are one item for review, and wait as long as it
//! does; each one more puts it further to the front.
//!
//! Who reports must be able to see what is reported, and learns nothing of it
//! from the answer; of who reported, only moderators learn.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::ReportsApi;
pub use model::Filed;
pub use service::{Parts, Reports, file_in, withdraw_in};
