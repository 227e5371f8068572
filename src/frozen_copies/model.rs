//! A frozen copy, and the kinds of things that are frozen.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::clock::Timestamp;

/// Content, a profile or a picture that is frozen, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A post with its pictures.
    Post(Uuid),
    /// A comment with its pictures.
    Comment(Uuid),
    /// The edit of a post or a comment that waits, by the id of the content.
    Edit(Uuid),
    /// The profile of an account: name, bio and avatar.
    Account(Uuid),
    /// A picture.
    Media(Uuid),
}

impl Subject {
    /// The id.
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Post(id)
            | Self::Comment(id)
            | Self::Edit(id)
            | Self::Account(id)
            | Self::Media(id) => id,
        }
    }
}

/// A picture of a frozen copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPicture {
    /// Opaque.
    pub id: Uuid,
    /// SHA-256 of the file that was uploaded, hexadecimal.
    pub digest: String,
    /// Media type of the picture.
    pub media_type: String,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
}

/// A frozen copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenCopy {
    /// Name that the author, or the account, had.
    pub author: String,
    /// Number of the revision, from 1; `None` for what has no revisions.
    pub revision: Option<i64>,
    /// Title of a post.
    pub title: Option<String>,
    /// Markdown of a post or a comment.
    pub body: Option<String>,
    /// Bio of an account.
    pub bio: Option<String>,
    /// Pictures of the content, the avatar, or the picture itself.
    pub media: Vec<FrozenPicture>,
    /// The time of the report, or of the hold.
    pub frozen_at: Timestamp,
}
