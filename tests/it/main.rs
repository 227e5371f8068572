//! The one integration test binary: each extra one would link the world again.
#![expect(
    clippy::cognitive_complexity,
    clippy::excessive_nesting,
    clippy::format_collect,
    clippy::too_many_lines,
    reason = "scenes are told in full; nothing here waits in a server's tasks"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    unreachable_pub,
    reason = "in a test, what is not there is a failure; and nothing else links this binary"
)]

mod authz;
mod campaigns;
mod canary;
mod command_line;
mod config;
mod crash;
mod database;
mod demo;
mod doctor;
mod effects;
mod error_codes;
mod hooks;
mod http;
mod jobs;
mod mail;
mod media;
mod mod_log;
mod openapi;
mod process;
mod retention;
mod servers;
mod statements;
mod support;
mod tidy;
