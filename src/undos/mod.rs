//! Undo by cause: everything that a binding, or one version of it, did between
//! two times is taken back in one batch that is kept. What people decided about
//! in between stays as they decided, and what was taken back stays so when the
//! same is asked for again.

mod api;
mod model;
mod service;
mod store;

pub use api::UndosApi;
pub use service::{Parts, Undos};
