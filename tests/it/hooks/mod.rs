//! The plugin host, with real components and no forum around it.

mod account_before_register;
mod bench;
mod bundled;
mod catalogue;
mod commands;
pub(crate) mod compile;
mod content_before_publish;
pub(crate) mod guest;
mod hostile;
mod isolation;
mod lends;
mod load;
mod merging;
mod swap;
mod vote_before_cast;
