//! What is to be taken back, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BanId, BindingId, CommunityId, ReviewItemId},
    },
    effects::Inverse,
    hooks::{Content, Patch, Verdict},
};

/// Whose doing is meant.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// What a binding did.
    Binding(OfBinding),
    /// What was removed with a ban.
    Ban(BanId),
}

impl Cause {
    /// The binding or the ban.
    pub(super) fn id(&self) -> Uuid {
        match self {
            Self::Binding(of) => of.binding.0,
            Self::Ban(ban) => ban.0,
        }
    }
}

/// What of a binding's doing is meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OfBinding {
    /// Which binding.
    pub binding: BindingId,
    /// Only of this version.
    pub digest: Option<String>,
    /// Only of this revision.
    pub revision: Option<i64>,
    /// Only since then.
    pub from: Option<Timestamp>,
    /// Only until then.
    pub until: Option<Timestamp>,
}

/// What becomes of something in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemState {
    /// It is to be taken back.
    Waiting,
    /// It was taken back.
    Undone,
    /// It stays as it is; see [`Reason`].
    Kept,
}

impl ItemState {
    /// As stored, and in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Undone => "undone",
            Self::Kept => "kept",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Undone, Self::Kept].into_iter().find(|state| state.as_str() == text)
    }
}

/// Why something stays as it is. `SQL` in `store.rs` has further names: those of
/// refusals that leave nothing to take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A person has decided about it since.
    DecidedByPerson,
    /// Other plugins wanted the same.
    OthersDecided,
    /// The text was edited since.
    EditedSince,
    /// A newer text of its author waits for a moderator.
    NewerWaits,
    /// The thing is not as the plugin left it.
    ChangedSince,
    /// The account of the author cannot be used any more.
    AuthorGone,
    /// A ban forbids the author to write there.
    AuthorBanned,
    /// The place is locked.
    Locked,
    /// The post, the comment or the community is gone.
    PlaceGone,
    /// The author has sent the same text again.
    PostedAgain,
    /// The text breaks a rule that holds by now.
    NotPublishable,
    /// The server does not keep the text any more.
    TextExpired,
    /// Another server was told already.
    WebhookDelivered,
}

impl Reason {
    /// As stored, and in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::DecidedByPerson => "decided_by_person",
            Self::OthersDecided => "others_decided",
            Self::EditedSince => "edited_since",
            Self::NewerWaits => "newer_waits",
            Self::ChangedSince => "changed_since",
            Self::AuthorGone => "author_gone",
            Self::AuthorBanned => "author_banned",
            Self::Locked => "locked",
            Self::PlaceGone => "place_gone",
            Self::PostedAgain => "posted_again",
            Self::NotPublishable => "not_publishable",
            Self::TextExpired => "text_expired",
            Self::WebhookDelivered => "webhook_delivered",
        }
    }
}

/// What came of something in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was taken back, though so many mails that were sent told of it.
    Undone {
        /// How many mails.
        mailed: i64,
    },
    /// It stays as it is.
    Kept(Reason),
}

/// Something of a batch, as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its place in the batch.
    pub number: i64,
    /// The effect, the item for review, or the decision.
    pub id: Uuid,
    /// Kind of the effect, or `hold`, `reject` or `modify`.
    pub kind: String,
    /// What it was done to.
    pub target: Option<Uuid>,
    /// What became of it.
    pub state: ItemState,
    /// Why it stays as it is.
    pub reason: Option<String>,
}

/// How something of a batch is taken back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    /// An effect, by its inverse.
    Effect(Uuid, Inverse),
    /// An effect that reported something: the report leaves the queue.
    Report {
        /// The effect.
        effect: Uuid,
        /// What was reported.
        target: Uuid,
    },
    /// An effect that told other servers something.
    Webhook(Uuid),
    /// Content that waits only because of the binding: it is let through.
    Held(ReviewItemId),
    /// A text that was refused: it is published.
    Refused {
        /// The decision.
        decision: Uuid,
        /// The event that plugins were asked about.
        asked: Uuid,
    },
    /// A text that was changed: it gets its author's words back.
    Rewritten {
        /// The event that plugins were asked about.
        asked: Uuid,
    },
    /// A post, a comment or a vote that was removed with a ban.
    Removed(Uuid),
}

/// Something that is to be taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Its place in the batch.
    pub number: i64,
    /// What it is.
    pub thing: Thing,
}

/// A text that plugins were asked about, as far as it is on record.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The event.
    pub id: Uuid,
    /// Who wrote the text.
    pub author: AccountId,
    /// The community.
    pub community: CommunityId,
    /// Slug of the community.
    pub slug: String,
    /// When.
    pub at: Timestamp,
    /// What the author wrote; `None` when it is erased.
    pub wrote: Option<Content>,
    /// What the enforcing plugins said, in the order in which they were asked.
    pub answers: Vec<Answer>,
}

/// What one enforcing plugin said of a text.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// It is the binding whose doing is taken back.
    pub is_cause: bool,
    pub verdict: Verdict,
    /// For the author.
    pub message: Option<String>,
    pub patch: Option<Patch>,
}

/// How much of a batch came to what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// How many of each kind are taken back.
    pub undone: BTreeMap<String, i64>,
    /// How many stay as they are.
    pub kept: i64,
    /// Why they stay; and what was told and cannot be untold.
    #[serde(default)]
    pub not_undone: BTreeMap<String, i64>,
}

impl Counts {
    /// How many are settled.
    pub(super) fn settled(&self) -> i64 {
        self.undone.values().sum::<i64>() + self.kept
    }
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UndoState {
    /// Nothing was done yet, by nobody's order: that is what would be.
    Preview,
    /// It waits for its turn.
    Waiting,
    /// It is being done.
    Running,
    /// All is settled.
    Done,
}

impl UndoState {
    /// As stored, and in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done].into_iter().find(|state| state.as_str() == text)
    }
}

/// A batch.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    /// Opaque; none of a preview.
    pub id: Option<Uuid>,
    /// The binding or the ban whose doing is meant.
    pub cause: Uuid,
    /// The cause is a ban.
    pub is_of_ban: bool,
    /// How far it is.
    pub state: UndoState,
    /// How much there is to settle.
    pub total: i64,
    /// How much came to what so far.
    pub counts: Counts,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When all was settled.
    pub finished_at: Option<Timestamp>,
}

/// A batch for who does it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: Uuid,
    /// The binding or the ban.
    pub(super) cause: Uuid,
    /// Name of the binding's plugin; empty for a ban.
    pub(super) plugin: String,
    pub(super) created_by: AccountId,
    pub(super) total: i64,
}
