//! One file for each feature's operations.

mod accounts;
mod edge;
mod idempotency;
mod sessions;
mod plugins;
