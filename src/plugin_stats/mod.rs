//! What there is to know of a binding before it is obeyed: how often it was
//! asked, what it said and how long it took; and letting a shadow be obeyed. It
//! only counts what is on record.

pub mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::StatsApi;
pub use service::PluginStats;
