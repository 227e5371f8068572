//! Jobs as operators see them, over HTTP and on the command line: what waits,
//! what is being done, what failed and why; having a job tried again, and
//! dropping one. Shows no payload: it may hold what is private.

mod api;
mod service;

pub use api::JobsApi;
pub use service::{JobAdmin, remove, retry};
