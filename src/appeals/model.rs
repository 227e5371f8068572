//! An appeal, and what it is against.

use uuid::Uuid;

use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, AppealId, CommunityId},
    },
    comments,
    events::Content,
    posts,
    publishing::Refused,
};

/// What is appealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// A ban.
    Ban,
    /// That content was taken away.
    Removal,
    /// A warning.
    Warning,
    /// That policies refused content.
    Rejection,
}

impl Against {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ban, Self::Removal, Self::Warning, Self::Rejection];

    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Removal => "removal",
            Self::Warning => "warning",
            Self::Rejection => "rejection",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|against| against.as_str() == text)
    }
}

/// What became of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppealState {
    /// It waits.
    Open,
    /// What it was against was reversed.
    Granted,
    /// It was not.
    Denied,
}

impl AppealState {
    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Open, Self::Granted, Self::Denied].into_iter().find(|state| state.as_str() == text)
    }
}

/// A decision on an appeal, for the account that appealed.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The account that appealed.
    pub account: AccountId,
    /// The community; `None` is the whole site.
    pub community: Option<CommunityId>,
    /// Whether the appeal was granted.
    pub is_granted: bool,
    /// The words of the person who decided.
    pub note: Option<String>,
}

/// What struck somebody, as far as an appeal needs it.
#[derive(Clone, Debug)]
pub(super) struct Strike {
    /// Whom it struck.
    pub(super) account: AccountId,
    /// Where; `None` is the whole site.
    pub(super) community: Option<CommunityId>,
    /// Whether it can be appealed at all: of refusals, those of content.
    pub(super) is_appealable: bool,
    /// The person who did it; `None` for a plugin.
    pub(super) done_by: Option<AccountId>,
    /// Whether it still stands.
    pub(super) stands: bool,
    /// The content that was removed.
    pub(super) content: Option<Content>,
}

/// What policies refused, as far as it is on record.
#[derive(Clone, Debug)]
pub(super) struct Rejection {
    /// What the plugins were asked: the id of their event.
    pub(super) asked: Uuid,
    /// Who wrote it.
    pub(super) author: AccountId,
    /// The text; `None` when it has been erased.
    pub(super) refused: Option<Refused>,
}

/// A refused text that can be published now, in its author's name.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) asked: Uuid,
    pub(super) author: Actor,
    pub(super) text: ReadyText,
}

/// Of either kind.
#[derive(Debug)]
pub(super) enum ReadyText {
    Post(posts::Approved),
    Comment(comments::Approved),
}

/// An appeal.
#[derive(Clone, Debug)]
pub struct Appeal {
    /// Opaque, in the order of time.
    pub id: AppealId,
    /// What kind of thing it is against.
    pub against: Against,
    /// The ban, the removal, the warning or the decision.
    pub subject: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// Name of whose it is.
    pub username: String,
    /// Slug of where; `None` is the whole site.
    pub community: Option<String>,
    /// What the one who was struck says.
    pub text: String,
    /// What became of it.
    pub state: AppealState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Name of who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// For the one who appealed.
    pub note: Option<String>,
    /// Whether the viewer made it.
    pub is_own: bool,
    /// Whether the viewer moderates there.
    pub moderates: bool,
    /// Whether a person decided about their own act or appeal, because nobody else could.
    pub own_matter: bool,
}
