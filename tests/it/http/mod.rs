//! One file for each feature's operations.

mod accounts;
mod edge;
mod sessions;
