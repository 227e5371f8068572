//! What is reported, and a report.

use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, CommunityId, ReportId},
    },
    frozen_copies,
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

impl Subject {
    /// The content or the profile that is frozen with a report.
    pub(super) fn frozen(&self) -> Option<frozen_copies::Subject> {
        match self.target {
            Target::Post(id) => Some(frozen_copies::Subject::Post(id.0)),
            Target::Comment(id) => Some(frozen_copies::Subject::Comment(id.0)),
            Target::Account(id) => Some(frozen_copies::Subject::Account(id.0)),
            Target::Community(_) | Target::Site => None,
        }
    }
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
