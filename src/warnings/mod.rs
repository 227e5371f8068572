//! Warnings: strikes against an account, in a community or on the whole site. One
//! that was not withdrawn stands, and counts for plugins that decide by strikes.
//! The number of them is kept with the account, in the transaction that changes
//! it. Those who moderate the place cannot be warned there.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::WarningsApi;
pub use model::Warning;
pub use service::{Parts, Warnings, find, warn_in, withdraw_in};
