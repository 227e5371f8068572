//! What posts and comments have in common: their states, and the way of a text
//! from its author to its readers. Plugins are asked first; what they hold
//! waits for a moderator, what they refuse is never stored, and what they
//! decided is on record in the transaction that writes the text.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{ModerationView, PendingView};
pub use model::{
    ContentState, Held, Mark, Marks, Place, Refused, Revision, Tallies, Terms, Waiting,
};
pub use rules::hot;
pub use service::{Judged, Publishing, context, person};
pub(crate) use store::why;
pub use store::{
    drop_pending, keep_past, pending_body, pending_media, replace_pending, take_pending,
};
