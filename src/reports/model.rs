//! What is reported, and a report.

use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, CommunityId, ReportId},
    },
    mod_actions::Target,
};

/// What somebody wants to report.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A post.
    Post(Uuid),
    /// A comment.
    Comment(Uuid),
    /// An account, by name.
    Account(String),
}

/// What is reported, as far as rules and plugins need it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) target: Target,
    /// Whom it is about.
    pub(super) account: AccountId,
    /// Where it is; `None` for an account.
    pub(super) community: Option<CommunityId>,
    /// Slug of where.
    pub(super) slug: Option<String>,
    /// Whether who reports moderates there.
    pub(super) moderates: bool,
}

/// A report that was filed.
#[derive(Clone, Debug)]
pub struct Filed {
    /// Opaque, in the order of time.
    pub id: ReportId,
    /// Of what.
    pub target: Target,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}
