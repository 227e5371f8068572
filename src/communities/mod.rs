//! Communities: places with posts, members and moderators. Everybody may read
//! and join one who is not banned from seeing it; its moderators, and admins,
//! keep its order. Tallies are exact: they change with the rows they count.
//!
//! Moderators have ranks, by time of appointment: the owner, who created the community,
//! is first. A moderator dismisses moderators of lower rank, or resigns; an admin
//! dismisses anybody. The statements that appoint and dismiss check the rank themselves.

mod api;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::CommunitiesApi;
pub use model::{Community, CommunityAccess, MemberRole, Moderator, ModeratorKey, NewCommunity};
pub use service::{Communities, Parts, ensure_general};
