//! What tests stand on: a real server on a real port with a real database, and
//! people who talk to it.

mod app;
mod client;

pub use app::{Person, TestApp};
pub use client::{Client, Reply};
