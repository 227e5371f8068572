//! Comments: threads of answers under a post. A comment can be seen by those
//! who see its post, and on its own as a post can; where one with answers is
//! gone, a tombstone without text and author holds the thread together.
//!
//! `reply_count` is the number of answers that the thread shows, tombstones
//! included; the counts of posts and accounts are of published comments only.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{CommentView, CommentsApi};
pub use model::{
    Access, Approved, Comment, CommentEdit, CommentKey, CommentSort, CommentText, Draft,
    NewComment, Written,
};
pub use service::{Comments, Parts};
pub(crate) use store::comment_readable;
