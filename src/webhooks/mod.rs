//! Webhooks: addresses outside that are told of events. What is told is what
//! everybody may see, and of what only staff may see, its id.
//!
//! A delivery is signed, after the Standard Webhooks specification, with a
//! secret that is shown once. It is tried again for most of a day; a webhook at
//! which nothing has arrived for days is disabled.

mod api;
mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::WebhooksApi;
pub use jobs::{DELIVER, DELIVERY_LIMIT};
pub use service::{KEEP, Parts, Webhooks};
