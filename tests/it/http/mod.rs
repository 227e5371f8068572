//! One file for each feature's operations.

mod accounts;
mod bans;
mod comments;
mod communities;
mod compile_bomb;
mod decisions;
mod edge;
mod idempotency;
mod notifications;
mod plugins;
mod posts;
mod review;
mod search;
mod sessions;
mod trials;
mod votes;
mod webhooks;
