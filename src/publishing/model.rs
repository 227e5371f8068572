//! States and counts of content.

use uuid::Uuid;

use crate::{
    attachments::{Attached, Attachments},
    bans::Standing,
    base::{Error, clock::Timestamp, ids::CommunityId},
    hooks,
};

/// Whether content can be read, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentState {
    /// By everybody.
    Published,
    /// By its author and by those who moderate, until one of them decides.
    Held,
    /// By its author and by those who moderate.
    Removed,
    /// By nobody: its author took it back.
    Deleted,
}

impl ContentState {
    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Held => "held",
            Self::Removed => "removed",
            Self::Deleted => "deleted",
        }
    }

    /// From what is stored; what is unknown is readable by nobody.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "published" => Self::Published,
            "held" => Self::Held,
            "removed" => Self::Removed,
            _ => Self::Deleted,
        }
    }
}

/// Votes, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// In favour.
    pub ups: i64,
    /// Against.
    pub downs: i64,
}

impl Tallies {
    /// Up minus down votes.
    pub fn score(self) -> i64 {
        self.ups - self.downs
    }

    /// The same after one account's vote went from a value to another; both are
    /// 1, 0 or -1.
    #[must_use]
    pub fn after(self, previous: i64, value: i64) -> Self {
        let count = |of: i64| i64::from(value == of) - i64::from(previous == of);
        Self { ups: self.ups + count(1), downs: self.downs + count(-1) }
    }
}

/// A public remark on content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not for everybody's eyes.
    Sensitive,
    /// Tells how a story ends.
    Spoiler,
}

impl Mark {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sensitive, Self::Spoiler];

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensitive => "sensitive",
            Self::Spoiler => "spoiler",
        }
    }

    /// The mark of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.as_str() == name)
    }

    /// As a number that can be added up; what is stored.
    pub fn bit(self) -> i64 {
        match self {
            Self::Sensitive => 1,
            Self::Spoiler => 2,
        }
    }
}

/// The marks that content has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub i64);

impl Marks {
    /// Their names in the API.
    pub fn names(self) -> Vec<String> {
        let marks = Mark::ALL.into_iter().filter(|mark| self.0 & mark.bit() != 0);
        marks.map(|mark| mark.as_str().to_owned()).collect()
    }
}

/// Where something is published.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The community.
    pub community: CommunityId,
    /// Its slug.
    pub slug: &'a str,
    /// How the actor stands there.
    pub standing: Standing,
}

/// A text that policies refused, and that a person lets through.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The text as its author sent it.
    pub content: hooks::Content,
    /// Slug of the community.
    pub community: String,
    /// The pictures it was to have, if it said so and they are known.
    pub media: Option<Attachments>,
    /// When it was refused.
    pub at: Timestamp,
    /// How it is let through.
    pub terms: Terms,
}

/// How a refused text is let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// When the text counts as written; `None` is now.
    pub written_at: Option<Timestamp>,
    /// The text is not published but waits for a moderator, as other policies wanted.
    pub held: Option<Held>,
}

/// Why a text waits for a moderator though nobody is asked about it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The event that plugins were asked about.
    pub asked: Uuid,
    /// The reason, for the author.
    pub reason: String,
}

impl Refused {
    /// Whether its author has changed the text since: then that is what counts.
    pub fn check_unchanged(&self, edited_at: Option<Timestamp>) -> Result<(), Error> {
        if edited_at.is_some_and(|edited_at| edited_at > self.at) {
            return Err(Error::conflict("changed_meanwhile", "Its author has changed it since."));
        }
        Ok(())
    }
}

/// A text that was published, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// For a post.
    pub title: Option<String>,
    /// Markdown.
    pub body: String,
    /// Its pictures, of one that waits; `None` when it leaves those that there are.
    pub media: Option<Vec<Attached>>,
}

/// What its author and those who moderate are told about content that waits for
/// a moderator, or on which one has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Why it was held or removed, if it was.
    pub reason: Option<String>,
    /// The act that removed it: what an appeal is against.
    pub removal: Option<Uuid>,
    /// The edit that waits.
    pub pending: Option<Revision>,
}
