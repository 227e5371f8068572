//! What is to be taken back, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId, ReviewItemId},
    },
    effects::Inverse,
};

/// What of a binding's doing is meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cause {
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
    /// It is not as the plugin left it: people have decided since.
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

/// Something of a batch, as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its place in the batch.
    pub number: i64,
    /// The effect, or the item for review.
    pub id: Uuid,
    /// Kind of the effect, or `hold`.
    pub kind: String,
    /// What it was done to.
    pub target: Option<Uuid>,
    /// What became of it.
    pub state: ItemState,
}

/// How something of a batch is taken back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    /// An effect, by its inverse.
    Effect(Uuid, Inverse),
    /// Content that waits only because of the binding: it is let through.
    Held(ReviewItemId),
}

/// Something that is to be taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Its place in the batch.
    pub number: i64,
    /// What it is.
    pub thing: Thing,
}

/// How much of a batch came to what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// How many of each kind are taken back.
    pub undone: BTreeMap<String, i64>,
    /// How many stay, because they are not as the plugin left them.
    pub kept: i64,
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
    /// Whose doing is meant.
    pub binding: BindingId,
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) id: Uuid,
    pub(super) created_by: AccountId,
    pub(super) total: i64,
}
