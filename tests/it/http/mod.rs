//! One file for each feature's operations.

mod accounts;
mod decisions;
mod edge;
mod idempotency;
mod plugins;
mod review;
mod sessions;
