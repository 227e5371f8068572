//! Uses of a picture, and what content shows of its pictures.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{
    FieldError,
    ids::{AccountId, CommentId, MediaId, PostId},
};

/// Most pictures of a post or a comment.
const MAX_ATTACHED: usize = 8;

/// What a picture is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Beside the name of an account.
    Avatar(AccountId),
    /// In a post.
    Post(PostId),
    /// In a comment.
    Comment(CommentId),
}

impl Use {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avatar(_) => "avatar",
            Self::Post(_) => "post",
            Self::Comment(_) => "comment",
        }
    }

    /// What it is part of.
    pub fn id(self) -> Uuid {
        match self {
            Self::Avatar(account) => account.0,
            Self::Post(post) => post.0,
            Self::Comment(comment) => comment.0,
        }
    }
}

/// A picture, as far as it matters to who wants to use it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) owner: AccountId,
    pub(super) state: String,
    /// What uses it, or is to.
    pub(super) used_by: Option<Uuid>,
    pub(super) shown: Attached,
}

/// A picture of a post or a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Which.
    pub id: MediaId,
    /// As in HTTP.
    pub media_type: String,
    /// In pixels.
    pub width: i64,
    /// In pixels.
    pub height: i64,
}

impl Attached {
    /// The pictures of content, as stored with it.
    pub fn to_stored(all: &[Self]) -> Option<String> {
        // Ids, names and numbers: serialising them cannot fail.
        (!all.is_empty()).then(|| serde_json::to_string(all).unwrap_or_default())
    }

    /// From what is stored; `None` for what cannot be.
    pub fn from_stored(text: Option<&str>) -> Option<Vec<Self>> {
        text.map_or(Some(Vec::new()), |text| serde_json::from_str(text).ok())
    }
}

/// Which pictures somebody wants in a post or a comment, in their order.
#[derive(Clone, Debug, Default)]
pub struct Attachments(pub(super) Vec<MediaId>);

impl Attachments {
    /// Whether these are the pictures that something shows, in their order.
    pub fn are(&self, shown: &[Attached]) -> bool {
        self.0.iter().eq(shown.iter().map(|attached| &attached.id))
    }

    /// Checks that they are few, and none is there twice.
    pub fn parse(ids: &[Uuid]) -> Result<Self, FieldError> {
        if ids.len() > MAX_ATTACHED {
            let message = format!("must be at most {MAX_ATTACHED} pictures");
            return Err(FieldError::new("media", "length", message));
        }
        let is_twice =
            ids.iter().enumerate().any(|(place, id)| ids.iter().take(place).any(|it| it == id));
        if is_twice {
            return Err(FieldError::new("media", "unique", "must name each picture once"));
        }
        Ok(Self(ids.iter().copied().map(MediaId).collect()))
    }
}
