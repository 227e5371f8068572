//! What goes together, and what may be settled. Pure.

use super::model::{ItemKind, ItemState, Resolution, ReviewItem, Waiting};
use crate::{
    base::Error,
    decisions::DecisionRecord,
    events::{Content, Event, Resolution as Overruled},
    mod_actions::{ActionKind, NewAction, Target},
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

/// What was to be settled does not wait any more.
pub(super) fn gone() -> Error {
    Error::conflict("superseded", "It does not wait any more.")
}

/// The content that a resolution takes away: what was never published, and what
/// was reported. Of an edit, only the edit goes.
pub(super) fn removed(waiting: &Waiting, resolution: Resolution) -> Option<Content> {
    let goes = matches!(waiting.kind, ItemKind::Post | ItemKind::Comment | ItemKind::Report);
    waiting.content.filter(|_| goes && resolution == Resolution::Remove)
}

/// The row of the log for a resolution, where no other feature writes one: of everything
/// but the removal of content and of profiles. Its reason is the note.
pub(super) fn logged(
    waiting: &Waiting,
    resolution: Resolution,
    note: Option<String>,
) -> Option<NewAction> {
    let clears_profile =
        (waiting.kind, waiting.content, resolution) == (ItemKind::Report, None, Resolution::Remove);
    if clears_profile || removed(waiting, resolution).is_some() {
        return None;
    }
    let kind = match (waiting.kind, resolution) {
        (ItemKind::Report, Resolution::Approve) => ActionKind::DismissReport,
        (_, Resolution::Approve) => ActionKind::Approve,
        (_, Resolution::Remove) => ActionKind::Refuse,
    };
    let account = match waiting.kind {
        ItemKind::Account => Some(waiting.target.into()),
        _ => waiting.author,
    };
    let target = match (waiting.content, account) {
        (Some(content), _) => content.into(),
        (None, Some(account)) => Target::Account(account),
        (None, None) => Target::Site,
    };
    let detail = match waiting.kind {
        ItemKind::Media => Some(format!("media {}", waiting.target)),
        ItemKind::Edit => Some("edit".to_owned()),
        _ => None,
    };
    let community = waiting.community;
    Some(NewAction { account, community, detail, reason: note, ..NewAction::of(kind, target) })
}

/// What happens when an item is settled: content can be seen, and plugins that
/// held something were overruled. Of a removal and of an account their features
/// tell.
pub(super) fn happened(waiting: &Waiting, resolution: Resolution) -> Vec<Event> {
    if resolution == Resolution::Remove || waiting.kind == ItemKind::Report {
        return Vec::new();
    }
    let approved = waiting.content.map(|content| Event::ContentApproved { content });
    let resolution = Overruled::Approved;
    let overridden = waiting.event.map(|asked| Event::DecisionOverridden { asked, resolution });
    approved.into_iter().chain(overridden).collect()
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
