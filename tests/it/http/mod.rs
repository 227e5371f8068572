//! One file for each feature's operations.

mod accounts;
mod appeals;
mod bans;
mod bodies;
mod clock;
mod comments;
mod communities;
mod compile_bomb;
mod connections;
mod decisions;
mod edge;
pub mod idempotency;
mod jobs;
mod moderation;
mod notification_policies;
pub mod notifications;
mod plugins;
mod posts;
mod reports;
mod review;
mod search;
mod sessions;
mod trials;
mod votes;
mod webhooks;
