//! What tests stand on: a real server on a real port with a real database, and
//! people who talk to it.

mod app;
mod bucket;
mod chaos;
mod client;
mod conformance;
pub mod forum;
mod mail;
pub mod mariadb;
mod plugin;
pub mod policy;
mod process;
pub mod raw;
mod redis;
pub mod smtp;
mod spec;
mod waiting;

pub use app::{PASSWORD, Person, TestApp};
pub use bucket::{BUCKET, Bucket, CREDENTIALS};
pub use chaos::{Chaos, Line};
pub use client::{Client, Reply, unzipped};
pub use mail::{Mail, headers};
pub use plugin::{plugin, plugin_file};
pub use process::{Installation, Running, after, exchange, hearing_signals, output, program};
pub use redis::{RedisServer, carried_by};
pub use spec::{Operation, Spec, types};
pub use waiting::wait_for;
