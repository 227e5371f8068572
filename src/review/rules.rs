//! What goes together, and what may be settled. Pure.

use super::model::{ItemKind, ItemState, Resolution, ReviewItem, Waiting};
use crate::{
    base::Error,
    decisions::DecisionRecord,
    events::{Content, Event, Origin},
};

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

/// What happens when an item is settled; of an account its feature tells.
pub(super) fn happened(waiting: &Waiting, resolution: Resolution) -> Option<Event> {
    let content = if waiting.is_post {
        Content::Post(waiting.target)
    } else {
        Content::Comment(waiting.target)
    };
    match (waiting.kind, resolution) {
        (ItemKind::Account, _) | (ItemKind::Edit, Resolution::Remove) => None,
        (_, Resolution::Approve) => Some(Event::ContentApproved { content }),
        (_, Resolution::Remove) => Some(Event::ContentRemoved { content, by: Origin::Moderator }),
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
