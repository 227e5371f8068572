//! What can be removed of a profile, and what was removed.

use crate::base::{clock::Timestamp, ids::MediaId};

/// A part of a profile that can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProfilePart {
    /// The text that the person wrote about themselves.
    Bio,
    /// The picture beside the name.
    Avatar,
}

impl ProfilePart {
    /// The name in storage.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Bio => "bio",
            Self::Avatar => "avatar",
        }
    }
}

/// The parts of a profile as they are shown.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) bio: String,
    pub(super) avatar: Option<MediaId>,
}

/// A removed part of a profile: a bio or an avatar.
#[derive(Clone, Debug)]
pub(super) struct RemovedPart {
    pub(super) bio: Option<String>,
    pub(super) avatar: Option<MediaId>,
    pub(super) removed_at: Timestamp,
}
