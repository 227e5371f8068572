//! Gatherly: a forum server whose rules are hot-loaded WebAssembly components.
//! ARCHITECTURE.md is the map.

pub mod accounts;
pub mod app;
pub mod bans;
pub mod base;
pub mod cli;
pub mod comments;
pub mod communities;
pub mod config;
pub mod db;
pub mod decisions;
pub mod events;
pub mod hooks;
pub mod http;
pub mod jobs;
pub mod lifecycle;
pub mod mod_actions;
pub mod moderation;
pub mod notifications;
pub mod outbound;
pub mod plugin_activations;
pub mod plugin_admin;
pub mod plugin_envelopes;
pub mod plugin_reads;
pub mod plugin_state;
pub mod plugin_versions;
pub mod posts;
pub mod publishing;
pub mod review;
pub mod routes;
pub mod search;
pub mod sessions;
pub mod votes;
pub mod warnings;
pub mod webhooks;
pub mod workers;
