//! What is to be taken back, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{BindingId, ReviewItemId},
    },
    effects::Inverse,
};

/// Most that one batch takes back: some seconds of the writer, in small pieces.
pub(super) const BATCH: u32 = 1_000;

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

/// An effect that can be taken back.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) target: Option<Uuid>,
    pub(super) inverse: Inverse,
    pub(super) at: Timestamp,
    /// People have decided about the content since.
    pub(super) is_settled: bool,
}

/// Something of the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// The effect, or the item for review.
    pub id: Uuid,
    /// Kind of the effect, or `hold`.
    pub kind: String,
    /// What it was done to.
    pub target: Option<Uuid>,
    /// It was, or would be, taken back; otherwise people have decided since.
    pub undone: bool,
}

/// What a batch comes to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// How many of each kind are taken back.
    pub undone: BTreeMap<String, u32>,
    /// How many stay, because they are not as the plugin left them.
    pub kept: u32,
    /// Each of them.
    pub items: Vec<Item>,
}

impl Outcome {
    /// Adds something to the batch.
    pub(super) fn add(&mut self, item: Item) {
        if item.undone {
            *self.undone.entry(item.kind.clone()).or_default() += 1;
        } else {
            self.kept += 1;
        }
        self.items.push(item);
    }
}

/// Content that waits only because of the binding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) item: ReviewItemId,
    pub(super) target: Uuid,
}

/// A batch that was done.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    /// Opaque; none of a preview.
    pub id: Option<Uuid>,
    /// What was meant.
    pub cause: Cause,
    /// What it came to.
    pub outcome: Outcome,
    /// When.
    pub created_at: Timestamp,
}
