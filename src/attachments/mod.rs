//! What pictures are used for. A picture is used once, by its owner, and only if
//! nothing about it waits; when what used it is gone, so is the picture: its row
//! in the same transaction, its files by a job.
//!
//! Pictures of a text that waits are its own already, and seen by those who may
//! see it; those of a refused text are kept for an appeal, and free.

mod api;
mod model;
mod rules;
mod service;
mod store;

pub use api::AttachedView;
pub use model::{Attached, Attachments, Use};
pub use service::{
    ERASE, attach, attach_all, change, drop_waiting, erase, erase_account, erase_of, erase_unused,
    forget_wanted, keep_refused, refused, settle_waiting, still_usable, wait,
};
