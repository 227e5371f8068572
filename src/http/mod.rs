//! What all operations share of HTTP: the accept loop, the onion around every
//! request, problems, limits. No feature is known here.

pub mod allow;
pub mod body_limit;
pub mod client_address;
pub mod cors;
pub mod etag;
pub mod hot_cache;
pub mod idempotency;
pub mod input;
pub mod onion;
pub mod parameters;
pub mod problem;
pub mod rate_limit;
pub mod rendered;
pub mod representation;
pub mod request_id;
pub mod server;
pub mod specification;
pub mod system;
pub mod time;

pub use client_address::ClientAddress;
pub use hot_cache::HotReads;
pub use input::Input;
pub use problem::Problem;
pub use rate_limit::{Action, RateLimits};
pub use rendered::Rendered;
pub use time::Time;

/// Groups of operations in the specification.
#[derive(Clone, Copy, Debug, poem_openapi::Tags)]
pub enum Tag {
    /// People and what they tell of themselves.
    Accounts,
    /// Signing in and staying signed in.
    Sessions,
    /// Places with posts, members and moderators.
    Communities,
    /// Titles and texts that people comment on.
    Posts,
    /// Threads of answers.
    Comments,
    /// Pictures.
    Media,
    /// Sanctions.
    Bans,
    /// Finding what was written.
    Search,
    /// Policies, their versions, and where they are at work.
    Plugins,
    /// What policies decided, and why.
    Decisions,
    /// What waits for a person.
    Moderation,
    /// What people, and programs outside, are told.
    Notifications,
    /// The server itself.
    System,
}
