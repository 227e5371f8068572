//! What all operations share of HTTP: the accept loop, the onion around every
//! request, problems, limits. No feature is known here.

pub mod body_limit;
pub mod client_address;
pub mod cors;
pub mod onion;
pub mod problem;
pub mod rate_limit;
pub mod rendered;
pub mod request_id;
pub mod server;

pub use client_address::ClientAddress;
pub use problem::Problem;
pub use rate_limit::{Action, RateLimits};
pub use rendered::Rendered;
