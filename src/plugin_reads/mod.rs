//! What plugins may know beyond what they are asked about: facts about the event,
//! and the forum as a visitor sees it.
//!
//! Facts about an event come from those who take part in it; look-ups go through
//! the same predicates as everybody's, for somebody who is not signed in. Nothing
//! here writes.

mod service;
mod store;

pub use service::PluginReads;
