//! What pictures are used for. A picture is used once, by its owner, and only if
//! nothing about it waits; when what used it is gone, so is the picture: its row
//! in the same transaction, its files by a job.

mod api;
mod model;
mod rules;
mod service;
mod store;

pub use api::AttachedView;
pub use model::{Attached, Attachments, Use};
pub use service::{ERASE, attach, attach_all, erase, erase_account, erase_of, erase_unused};
