//! Notifications: what people are told about what concerns them, in the forum
//! itself. A use case never tells anybody; it publishes its event, and who is
//! told follows from that, in a worker, once for each cause. Policies are asked
//! before each one goes out.
//!
//! Who may not see what a notification is about is not told. What somebody was
//! told and may no longer see keeps its place in the list, without a word of it.

mod api;
mod jobs;
mod live;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::NotificationsApi;
pub use model::{Kind, NewNotification, Unread};
pub use service::{KEEP, Notifications, Parts};
