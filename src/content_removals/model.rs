//! The content that a ban removes, and the progress of the removal.

use uuid::Uuid;

use crate::base::{
    clock::Timestamp,
    ids::{AccountId, ActionId, BanId},
};

/// How far the removal of content with a ban is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RemovalState {
    /// It waits for its turn.
    Waiting,
    /// It is being done.
    Running,
    /// All is removed.
    Done,
    /// It was taken back before all was removed.
    Stopped,
}

impl RemovalState {
    /// As stored, and in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Stopped]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// The order to remove what an account wrote.
#[derive(Clone, Debug)]
pub(super) struct Removal {
    pub(super) ban: BanId,
    /// Who is banned.
    pub(super) account: AccountId,
    /// The post, the community, or zeros for the site.
    pub(super) scope: Uuid,
    /// Only what is no older.
    pub(super) since: Timestamp,
    /// Only what is no newer.
    pub(super) until: Timestamp,
    pub(super) state: RemovalState,
    /// How much there was to remove when the job began.
    pub(super) total: i64,
    pub(super) posts: i64,
    pub(super) comments: i64,
    pub(super) votes: i64,
    /// Who set the ban.
    pub(super) created_by: AccountId,
    /// Why, for the author.
    pub(super) reason: String,
    pub(super) finished_at: Option<Timestamp>,
}

impl Removal {
    /// How much is removed.
    pub(super) fn removed(&self) -> i64 {
        self.posts.saturating_add(self.comments).saturating_add(self.votes)
    }
}

/// What kind of thing was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedKind {
    /// A post.
    Post,
    /// A comment.
    Comment,
    /// A vote.
    Vote,
}

impl RemovedKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Vote => "vote",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [Self::Post, Self::Comment, Self::Vote].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that was removed with a ban.
#[derive(Clone, Copy, Debug)]
pub struct Removed {
    /// What kind of thing.
    pub kind: RemovedKind,
    /// The row of the log that takes a post or a comment back.
    pub action: Option<ActionId>,
    /// Whose it was.
    pub account: AccountId,
    /// The post or the comment; of a vote, what it was on.
    pub content: Uuid,
    /// Of a vote: 1 or -1.
    pub value: i64,
    /// Of a vote: when it was cast.
    pub cast_at: Timestamp,
}
