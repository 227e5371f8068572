//! Where plugins are at work. A binding puts a version with settings to work in a
//! scope. What is at work is changed live: the new state is made ready first,
//! stored second and swapped in third, so that a change which fails changes nothing.
//!
//! A plugin that cannot be loaded never stops the server: its binding shows the
//! error, and its failure mode applies.

pub mod api;
mod jobs;
pub mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use crate::plugin_envelopes::{Disclosure, Limits};
pub use api::BindingsApi;
pub use model::{Binding, Change, ManagedBy, NewBinding, Terms};
pub use service::{Parts, PluginAdmin};
