//! Gatherly: a forum server whose rules are hot-loaded WebAssembly components.
//! ARCHITECTURE.md is the map.

pub mod bans;
pub mod base;
pub mod config;
pub mod db;
pub mod decisions;
pub mod hooks;
pub mod http;
pub mod lifecycle;
pub mod sessions;
pub mod accounts;
pub mod app;
pub mod cli;
pub mod routes;
pub mod workers;
