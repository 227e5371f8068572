//! Strikes, and who can get one.

use crate::base::{
    clock::Timestamp,
    ids::{AccountId, CommunityId, WarningId},
};

/// A strike.
#[derive(Clone, Debug)]
pub struct Warning {
    /// Opaque, in the order of time.
    pub id: WarningId,
    /// Whom it is for.
    pub account: AccountId,
    /// Name of whom it is for.
    pub username: String,
    /// Where; `None` is the whole site.
    pub community: Option<CommunityId>,
    /// Slug of where.
    pub slug: Option<String>,
    /// Why; told to the one who is warned.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

/// Somebody who can be warned, as seen from a place.
#[derive(Clone, Debug)]
pub(super) struct Warned {
    pub(super) id: AccountId,
    /// Whether they moderate there.
    pub(super) moderates: bool,
}
