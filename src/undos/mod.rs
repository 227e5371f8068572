//! Undo by cause: everything that a binding, or one version of it, did between
//! two times is taken back in one batch that is kept. What there is to take back
//! is written down when it is asked for, and done by a job, piece by piece: each
//! once, also when the process is killed in between. What people decided about
//! in between stays as they decided.

mod api;
mod jobs;
mod model;
mod service;
mod store;

pub use api::UndosApi;
pub use jobs::{LIMIT, UNDO};
pub use service::{Parts, Undos};
