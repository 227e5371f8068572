//! Items that wait, and how they are settled.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        Error, FieldError,
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId, ReviewItemId},
        text::{clean_lines, length},
    },
    decisions::DecisionRecord,
    events::Content,
    frozen_copies::FrozenCopy,
    mod_actions::{Matter, parse_reason},
};

/// Most characters of a note, as of a ban's reason.
const NOTE_MAX: usize = 1_000;

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A post that was never published.
    Post,
    /// A comment that was never published.
    Comment,
    /// A change of a post or a comment that is published.
    Edit,
    /// Somebody who wants to join.
    Account,
    /// A picture that cannot be used yet.
    Media,
    /// What people or plugins reported.
    Report,
}

impl ItemKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Edit => "edit",
            Self::Account => "account",
            Self::Media => "media",
            Self::Report => "report",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Post, Self::Comment, Self::Edit, Self::Account, Self::Media, Self::Report]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Whether something still waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// It does.
    Open,
    /// A person let it through.
    Approved,
    /// A person did not.
    Removed,
    /// Something newer took its place, or its author took it back.
    Superseded,
}

impl ItemState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Removed => "removed",
            Self::Superseded => "superseded",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Open, Self::Approved, Self::Removed, Self::Superseded]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// How a person settles an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It is published, or may take part.
    Approve,
    /// It is not.
    Remove,
}

impl Resolution {
    /// What the item is then.
    pub fn state(self) -> ItemState {
        match self {
            Self::Approve => ItemState::Approved,
            Self::Remove => ItemState::Removed,
        }
    }
}

/// A person's decision on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// How the item is settled.
    pub resolution: Resolution,
    /// The reason that the author is given.
    pub reason: Option<String>,
    /// A remark for other moderators.
    pub note: Option<String>,
}

impl Ruling {
    /// Checks both texts and names every field that is wrong.
    pub fn parse(
        resolution: Resolution,
        reason: Option<&str>,
        note: Option<&str>,
    ) -> Result<Self, Error> {
        match (parse_reason(reason), parse_note(note.unwrap_or_default())) {
            (Ok(reason), Ok(note)) => Ok(Self { resolution, reason, note }),
            (reason, note) => {
                Err(Error::Invalid([reason.err(), note.err()].into_iter().flatten().collect()))
            }
        }
    }

    /// The reason in the log of moderation: that for the author, or else the note.
    pub(super) fn for_log(&self) -> Option<String> {
        self.reason.clone().or_else(|| self.note.clone())
    }
}

/// A note for other moderators.
pub(super) fn parse_note(text: &str) -> Result<Option<String>, FieldError> {
    let note = clean_lines(text);
    if length(&note) > NOTE_MAX {
        let rule = format!("must have at most {NOTE_MAX} characters");
        return Err(FieldError::new("note", "length", rule));
    }
    Ok(Some(note).filter(|note| !note.is_empty()))
}

/// A post's or comment's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Posts only.
    pub title: Option<String>,
    /// Markdown.
    pub body: String,
}

/// What is to be settled, as far as that is needed to do it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What waits.
    pub kind: ItemKind,
    /// Whether it still does.
    pub state: ItemState,
    /// The post, comment or account.
    pub target: Uuid,
    /// The post or comment; none for an account.
    pub content: Option<Content>,
    /// What plugins were asked about, if it is they who hold it.
    pub event: Option<Uuid>,
    /// Whether the author has deleted the content.
    pub is_deleted: bool,
    /// Everybody whom the item concerns.
    pub matter: Matter,
}

/// A settled item, as its author may know it.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The kind of the item.
    pub kind: ItemKind,
    /// Approved or removed.
    pub state: ItemState,
    /// The post or comment; `None` for a picture or an account.
    pub content: Option<Content>,
    /// The community; `None` for the whole site.
    pub community: Option<CommunityId>,
    /// The author of the content or of the picture, or the account.
    pub author: Option<AccountId>,
    /// The reason for the author.
    pub reason: Option<String>,
    /// Whether the author has deleted the content.
    pub is_deleted: bool,
}

/// Something that waits, or has been settled.
#[derive(Clone, Debug)]
pub struct ReviewItem {
    /// Opaque, in the order of time.
    pub id: ReviewItemId,
    /// What waits.
    pub kind: ItemKind,
    /// Whether it still does.
    pub state: ItemState,
    /// The post, comment, picture or account.
    pub target_id: Uuid,
    /// The event that plugins were asked about, if it is they who hold it.
    pub event_id: Option<Uuid>,
    /// Slug of the community; none for an account.
    pub community: Option<String>,
    /// The author, or the account.
    pub author_id: Option<AccountId>,
    /// Name of the author, or of the account.
    pub author: Option<String>,
    /// Why it waits.
    pub reason: String,
    /// The text as it stands; none for accounts, and once its author deleted it.
    pub text: Option<Text>,
    /// The text that an edit wants.
    pub pending: Option<Text>,
    /// Copies of what was reported or held, oldest first; in a list, only the newest.
    pub copies: Vec<FrozenCopy>,
    /// How many copies there are.
    pub copy_count: i64,
    /// Changes by the author since the newest copy was frozen.
    pub changes: Vec<Change>,
    /// The post of a comment.
    pub post_id: Option<PostId>,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Name of the person who settled it.
    pub resolved_by: Option<String>,
    /// When.
    pub resolved_at: Option<Timestamp>,
    /// The reason that the author was given with the resolution.
    pub resolution_reason: Option<String>,
    /// For other moderators.
    pub note: Option<String>,
    /// Whether a person whom the item concerns settled it, because nobody else could.
    pub own_matter: bool,
    /// Its place in the queue: higher comes first.
    pub priority: i64,
    /// What people and plugins said who reported it, newest first; at most 20.
    pub reports: Vec<ReportNote>,
    /// What plugins decided about it.
    pub decisions: Vec<DecisionRecord>,
}

impl ReviewItem {
    /// Where it stands in a list.
    pub fn key(&self) -> ItemKey {
        ItemKey(self.priority, self.id)
    }

    /// Bytes of its long texts.
    pub fn size(&self) -> usize {
        let texts = [&self.text, &self.pending].into_iter().flatten().map(|text| text.body.len());
        let copies = self.copies.iter().filter_map(|copy| copy.body.as_ref()).map(String::len);
        texts.chain(copies).sum()
    }
}

/// The place of an item in a list: by priority, then the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemKey(pub i64, pub ReviewItemId);

/// A change by an author to content, a profile or an account after it was frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The text, the pictures, the bio or the avatar is another now.
    Edited,
    /// The author deleted the content.
    DeletedByAuthor,
    /// The author closed the account.
    AccountClosed,
    /// The account has another name now.
    Renamed,
}

impl Change {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::DeletedByAuthor => "deleted_by_author",
            Self::AccountClosed => "account_closed",
            Self::Renamed => "renamed",
        }
    }
}

/// A subject as it is now, compared with its frozen copy.
#[derive(Clone, Debug)]
pub(super) struct Present {
    /// Name of the author or account.
    pub(super) author: Option<String>,
    /// Whether the account is closed.
    pub(super) is_closed: bool,
    /// Whether the author deleted the content.
    pub(super) is_deleted: bool,
    /// Text of the content, or of the edit that waits.
    pub(super) text: Option<Text>,
    /// Bio and avatar of a reported account.
    pub(super) profile: Option<(String, Option<Uuid>)>,
    /// When the content was last edited.
    pub(super) edited_at: Option<Timestamp>,
}

/// A report, for those who settle it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReportNote {
    /// Opaque.
    pub id: Uuid,
    /// Name of the person who reported.
    pub reporter: Option<String>,
    /// Name of the plugin that reported.
    pub plugin: Option<String>,
    /// Why.
    pub reason: String,
    /// The report that it is counted with.
    pub merged_into: Option<Uuid>,
    /// When.
    pub created_at: Timestamp,
}

/// Which items are asked for.
#[derive(Clone, Debug)]
pub struct ItemFilter {
    /// In this state.
    pub state: ItemState,
    /// Of this kind.
    pub kind: Option<ItemKind>,
    /// In this community, by slug.
    pub community: Option<String>,
}
