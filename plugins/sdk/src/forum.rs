//! What anybody could look up in the forum; needs the grant `forum`. In native
//! tests it is empty until [`testing::forum`](crate::testing::forum()) fills it.

#[cfg(target_arch = "wasm32")]
use crate::bindings::base::gatherly::plugin::forum as host;
pub use crate::bindings::base::gatherly::plugin::forum::CommunitySummary;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::forum as host;
use crate::{Actor, ContentSummary};

/// An account by id; its role is the one in the event's community.
pub fn account(id: &str) -> Option<Actor> {
    host::account(id)
}

/// An account by name.
pub fn account_by_name(username: &str) -> Option<Actor> {
    host::account_by_name(username)
}

/// Published content by id.
pub fn content(id: &str) -> Option<ContentSummary> {
    host::content(id)
}

/// A community by slug.
pub fn community(slug: &str) -> Option<CommunitySummary> {
    host::community(slug)
}

/// Whether an account has joined a community.
pub fn is_member(account: &str, community: &str) -> bool {
    host::is_member(account, community)
}
