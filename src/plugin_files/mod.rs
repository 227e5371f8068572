//! A folder that says what is at work, for people who deploy from a repository:
//! components (`*.wasm`) and binding files (`*.toml`). What a file says is bound
//! through the same steps as by the API, and unbound when the file is gone.
//!
//! A file that is still being written is never read, and nothing that is in the
//! folder stops the server: what is wrong is shown.

mod api;
mod model;
mod service;

pub use api::PluginFilesApi;
pub use service::{Parts, PluginFiles};
