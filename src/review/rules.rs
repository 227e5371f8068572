//! What goes together, and what may be settled. Pure.

use super::model::{ItemState, ReviewItem};
use crate::{base::Error, decisions::DecisionRecord};

/// An item is settled once.
pub(super) fn may_resolve(state: ItemState) -> Result<(), Error> {
    match state {
        ItemState::Open => Ok(()),
        ItemState::Approved | ItemState::Removed => {
            Err(Error::conflict("already_resolved", "Somebody has settled it."))
        }
        ItemState::Superseded => {
            Err(Error::conflict("superseded", "Something newer has taken its place."))
        }
    }
}

/// The items, each with the decisions on its event.
pub(super) fn with_decisions(
    mut items: Vec<ReviewItem>,
    decisions: Vec<DecisionRecord>,
) -> Vec<ReviewItem> {
    for decision in decisions {
        let event = Some(decision.event_id);
        if let Some(item) = items.iter_mut().find(|item| item.event_id == event) {
            item.decisions.push(decision);
        }
    }
    items
}
