//! How long the server keeps what people write and who they are. One table
//! ([`TABLE`]) says it for every kind of personal data, by the columns that hold it; it is
//! rendered into `RETENTION.md`. What other features delete by themselves stands there
//! with their constants; the rest is enforced here, in bounded batches.

mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use model::{Keep, Kind, TABLE, TECHNICAL};
pub use rules::render;
pub use service::Retention;
