//! What plugins remember: counters, values and sets, each binding's its own.
//!
//! It is read while a plugin is asked and written in the transaction of the
//! decision: kept with it, or not at all. What names an account is erased with
//! the account. Nothing here knows what a plugin means by it.

mod service;
mod store;

pub use service::{PluginState, apply, erase_binding, erase_subject};
