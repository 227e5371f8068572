//! Digests: what somebody was told and has not read, by mail, at most once in a
//! window, whatever breaks. Only for who asked for them and has a verified
//! address. What policies kept back or delay is in no digest, nor is what its
//! reader may not see any more by the time that it is written.

mod api;
mod service;
mod store;

pub use api::DigestsApi;
pub use service::{Digests, Parts, told_because, told_of_hold};
