//! Undo by cause: everything that a binding, or one version of it, did between
//! two times is taken back in one batch that is kept: effects, holds, refusals and
//! changes of texts. What there is to take back is written down when it is asked for,
//! and done by a job, piece by piece, the newest first: each once, also when the
//! process is killed in between. What people decided about in between stays as they
//! decided. Afterwards all is as if the binding had been in shadow, but for what the
//! batch counts by name in `not_undone`.

mod api;
mod jobs;
mod model;
mod rules;
mod service;
mod store;

pub use api::UndosApi;
pub use jobs::{LIMIT, UNDO};
pub use service::{Parts, Undos};
