//! Votes, and what they are cast on.

use uuid::Uuid;

use crate::{
    base::{
        FieldError,
        clock::Timestamp,
        ids::{AccountId, CommentId, PostId},
    },
    hooks::ContentKind,
    posts::Ground,
    publishing::{ContentState, Tallies},
};

/// What is voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A post.
    Post(PostId),
    /// A comment.
    Comment(CommentId),
}

impl Subject {
    /// Its id among all content.
    pub fn id(self) -> Uuid {
        match self {
            Self::Post(id) => id.0,
            Self::Comment(id) => id.0,
        }
    }

    pub(super) fn kind(self) -> ContentKind {
        match self {
            Self::Post(_) => ContentKind::Post,
            Self::Comment(_) => ContentKind::Comment,
        }
    }
}

/// In favour, against, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteValue(i8);

impl VoteValue {
    /// Reads 1, 0 or -1.
    pub fn parse(value: i64) -> Result<Self, FieldError> {
        match value {
            1 => Ok(Self(1)),
            0 => Ok(Self(0)),
            -1 => Ok(Self(-1)),
            _ => Err(FieldError::new("value", "range", "must be 1, 0 or -1")),
        }
    }

    /// From what is stored; anything else than a vote is none.
    pub fn from_stored(value: i64) -> Self {
        Self::parse(value).unwrap_or(Self(0))
    }

    /// As stored, and in the API.
    pub fn number(self) -> i64 {
        self.0.into()
    }

    /// For plugins.
    pub fn small(self) -> i8 {
        self.0
    }
}

/// What somebody votes on, and how things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// What is voted on.
    pub subject: Subject,
    /// Who wrote it.
    pub author: AccountId,
    /// Who may see it.
    pub state: ContentState,
    /// Its votes.
    pub tallies: Tallies,
    /// When it was written.
    pub created_at: Timestamp,
    /// The voter's vote.
    pub value: VoteValue,
    /// The post, and how the voter stands there.
    pub ground: Ground,
}

/// A vote that was cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Whose it is.
    pub account: AccountId,
    /// The post or the comment.
    pub content: Uuid,
    /// 1 or -1.
    pub value: i64,
    /// When.
    pub cast_at: Timestamp,
}

/// Content as far as a count of its votes needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) subject: Subject,
    pub(super) author: AccountId,
    pub(super) tallies: Tallies,
    pub(super) created_at: Timestamp,
}
