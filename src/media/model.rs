//! A picture's row, and what is shown of it.

use bytes::Bytes;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, MediaId},
    },
    pictures::{MediaType, Size},
};

/// Whether a picture can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaState {
    /// It can.
    Ready,
    /// Not yet: a moderator has to decide.
    Held,
    /// A moderator said no.
    Refused,
}

impl MediaState {
    /// As stored, and in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }

    /// From what is stored; what is unknown cannot be used.
    pub(super) fn from_stored(text: &str) -> Self {
        match text {
            "ready" => Self::Ready,
            "held" => Self::Held,
            _ => Self::Refused,
        }
    }
}

/// A picture.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: MediaId,
    pub(super) owner: AccountId,
    pub(super) state: MediaState,
    pub(super) media_type: MediaType,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: i64,
    /// SHA-256 of the file that came.
    pub(super) digest: String,
    /// Something uses it.
    pub(super) is_used: bool,
    /// The smaller copies are there.
    pub(super) is_sized: bool,
    pub(super) created_at: Timestamp,
}

/// A picture that somebody has uploaded.
#[derive(Clone, Debug)]
pub(super) struct Uploaded {
    pub(super) record: Record,
    /// Why it waits, if it does.
    pub(super) reason: Option<String>,
}

/// Which file of a picture somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// `None` is the whole picture.
    pub(super) size: Option<Size>,
    /// Whether it is what was asked for: a copy may not be made yet.
    pub(super) is_final: bool,
}

impl Choice {
    /// The name of the file.
    pub(super) fn name(self) -> &'static str {
        self.size.map_or(ORIGINAL, Size::as_str)
    }
}

/// Name of the file with the whole picture.
pub(super) const ORIGINAL: &str = "original";

/// A file to show.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) media_type: MediaType,
    /// A name to save it under.
    pub(super) disposition: String,
    /// Changes when the file does; it never does.
    pub(super) tag: String,
    /// Whether others may keep it for a while.
    pub(super) may_be_kept: bool,
    pub(super) file: FileShown,
}

/// How somebody gets a file.
#[derive(Clone, Debug)]
pub(super) enum FileShown {
    /// Here.
    Here(Bytes),
    /// At this address, for a while.
    There(String),
    /// They have it.
    Known,
}
