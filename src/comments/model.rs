//! Comments, their text, and what lists of them are asked for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    attachments::{Attached, Attachments},
    base::{
        Error, FieldError,
        clock::Timestamp,
        ids::{AccountId, CommentId, PostId},
        text::{clean_lines, length},
    },
    hooks::Content,
    posts::Ground,
    publishing::{ContentState, Judged, Marks, Revision, Tallies, Waiting},
};

/// Most characters of a body.
const BODY_MAX: usize = 10_000;

/// What a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentText(String);

impl CommentText {
    /// Tells what breaks a rule.
    pub fn parse(body: &str) -> Result<Self, Error> {
        let body = clean_lines(body);
        if (1..=BODY_MAX).contains(&length(&body)) {
            Ok(Self(body))
        } else {
            let message = format!("must have 1 to {BODY_MAX} characters");
            Err(Error::invalid("body", "length", message))
        }
    }

    /// Holds what a plugin made of a comment to the rules of what people write.
    pub(super) fn of_content(content: &Content) -> Result<Self, Error> {
        Self::parse(&content.body)
    }

    /// Markdown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<CommentText> for Revision {
    fn from(text: CommentText) -> Self {
        Self { title: None, body: text.0, media: None }
    }
}

/// A comment that somebody wants to write.
#[derive(Clone, Debug)]
pub struct NewComment {
    /// Under which post.
    pub post: PostId,
    /// Which comment it answers.
    pub parent: Option<CommentId>,
    /// Markdown.
    pub body: String,
    /// Pictures.
    pub media: Vec<Uuid>,
}

impl NewComment {
    /// A comment as plugins were asked about it.
    pub(super) fn of_content(content: &Content) -> Result<Self, Error> {
        let id = |id: &str| id.parse::<Uuid>().map_err(Error::internal);
        Ok(Self {
            post: id(content.post_id.as_deref().unwrap_or_default())?.into(),
            parent: content.parent_id.as_deref().map(id).transpose()?.map(Into::into),
            body: content.body.clone(),
            media: Vec::new(),
        })
    }
}

/// What is to change about a comment; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CommentEdit {
    /// Markdown.
    pub body: Option<String>,
    /// All its pictures.
    pub media: Option<Vec<Uuid>>,
}

impl CommentEdit {
    /// The pictures of a comment after the edit; `None` when they are as they were.
    pub(super) fn media(&self, comment: &Comment) -> Result<Option<Attachments>, Error> {
        let wanted = self.media.as_deref().map(Attachments::parse).transpose()?;
        Ok(wanted.filter(|wanted| !wanted.are(&comment.media)))
    }
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Opaque, in the order of time.
    pub id: CommentId,
    /// The post that it belongs to.
    pub post: PostId,
    /// The comment that it answers.
    pub parent: Option<CommentId>,
    /// How many comments are above it in the thread.
    pub depth: i64,
    /// Who wrote it.
    pub author: AccountId,
    /// Name of who wrote it.
    pub author_name: String,
    /// Markdown.
    pub body: String,
    /// The same as HTML that any page may show.
    pub body_html: String,
    /// Who may see it.
    pub state: ContentState,
    /// Whether the viewer may; otherwise only that it was there.
    pub readable: bool,
    /// Whether answers are closed, here and below.
    pub locked: bool,
    /// Public remarks.
    pub marks: Marks,
    /// Votes.
    pub tallies: Tallies,
    /// Answers that the thread shows.
    pub reply_count: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
    /// The viewer's vote: 1, 0 or -1.
    pub my_vote: i64,
    /// Pictures.
    pub media: Vec<Attached>,
}

impl Comment {
    /// Bytes of its long texts.
    pub(super) fn size(&self) -> usize {
        self.body.len() + self.body_html.len()
    }
}

/// A comment that the viewer may see, and how the viewer stands there.
#[derive(Clone, Debug)]
pub struct Access {
    /// The comment.
    pub comment: Comment,
    /// Its post, and the viewer's rights and bans.
    pub ground: Ground,
    /// What waits for a moderator.
    pub waiting: Waiting,
}

impl Access {
    /// Whether somebody may see what waits: its author, and those who moderate.
    pub fn may_see_waiting(&self, viewer: Option<AccountId>) -> bool {
        self.ground.standing.moderates || viewer == Some(self.comment.author)
    }
}

/// The comment that is answered, as far as rules need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) id: CommentId,
    pub(super) path: Vec<u8>,
    pub(super) depth: i64,
    /// It, or a comment above it, is closed to answers.
    pub(super) locked: bool,
}

/// Where a comment is to go.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) ground: Ground,
    /// The comment that is to be answered.
    pub(super) parent: Option<Parent>,
    /// Whether comments are slowed down under the post or in its community.
    pub(super) slowed: bool,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CommentSort {
    /// As one reads: every comment is followed by its answers.
    #[default]
    Thread,
    /// Newest first.
    New,
    /// Highest score first.
    Top,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CommentKey {
    /// After this comment and before its answers.
    Thread(CommentId),
    /// By id.
    New(CommentId),
    /// By score and id.
    Top(i64, CommentId),
}

impl CommentKey {
    /// The key of a comment in a list.
    pub fn of(comment: &Comment, sort: CommentSort) -> Self {
        match sort {
            CommentSort::Thread => Self::Thread(comment.id),
            CommentSort::New => Self::New(comment.id),
            CommentSort::Top => Self::Top(comment.tallies.score(), comment.id),
        }
    }

    pub(super) fn is_of(self, sort: CommentSort) -> bool {
        matches!(
            (self, sort),
            (Self::Thread(_), CommentSort::Thread)
                | (Self::New(_), CommentSort::New)
                | (Self::Top(..), CommentSort::Top)
        )
    }
}

/// Nothing that can be answered has the id.
pub(super) fn unknown_parent() -> FieldError {
    FieldError::new("parent_id", "unknown", "is not a published comment of this post")
}

/// A comment that has been written, as its author sees it, and what was decided.
#[derive(Debug)]
pub struct Written {
    /// The comment; after an edit that is held, as it was.
    pub access: Access,
    /// The text that was written, and its verdict; `None` when nothing changed.
    pub judged: Option<Judged>,
}

/// A text that policies refused and a person lets through, checked as its
/// author's.
#[derive(Debug)]
pub enum Approved {
    /// A comment that was never there.
    New(Draft, Option<Attachments>),
    /// New words for a comment.
    Edit {
        /// The comment as it stands.
        access: Box<Access>,
        /// What it is to say.
        judged: Judged,
        /// The pictures that it is to have.
        media: Option<Attachments>,
    },
}

/// A comment that may be written.
#[derive(Debug)]
pub struct Draft {
    pub(super) ground: Ground,
    pub(super) spot: Spot,
    pub(super) text: CommentText,
    pub(super) html: String,
    pub(super) judged: Judged,
}

/// Where a new comment goes.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) id: CommentId,
    pub(super) path: Vec<u8>,
    pub(super) depth: i64,
    pub(super) parent: Option<CommentId>,
    pub(super) slowed: bool,
}
