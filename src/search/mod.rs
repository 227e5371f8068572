//! Search over posts and comments: words in the full-text index, and of what
//! has them only what the one who asks may see. What is typed never reaches the
//! index's own query language.

mod api;
mod model;
mod service;
mod store;

pub use api::SearchApi;
pub use model::{Found, SearchKey, SearchKind, SearchRequest};
pub use service::{Parts, Search};
