//! Communities: places with posts, members and moderators. Everybody may read
//! and join one who is not banned from seeing it; its moderators, and admins,
//! keep its order. Tallies are exact: they change with the rows they count.

mod api;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::CommunitiesApi;
pub use model::{Community, CommunityAccess, MemberRole, Moderator, NewCommunity};
pub use service::{Communities, Parts, ensure_general};
