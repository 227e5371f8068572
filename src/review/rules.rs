//! What goes together, and what may be settled. Pure.

use super::model::{Change, ItemKind, ItemState, Present, Resolution, ReviewItem, Ruling, Waiting};
use crate::{
    base::{Error, ids::AccountId},
    decisions::DecisionRecord,
    events::{Content, Event, Resolution as Overruled},
    frozen_copies::FrozenCopy,
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
    let removes = goes && resolution == Resolution::Remove && !waiting.is_deleted;
    waiting.content.filter(|_| removes)
}

/// The row of the log for a resolution, where no other feature writes one: of everything
/// but the removal of content and of profiles. Its reason is that for the author, or else
/// the note.
pub(super) fn logged(waiting: &Waiting, ruling: &Ruling) -> Option<NewAction> {
    let resolution = ruling.resolution;
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
        _ => waiting.matter.about,
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
    let community = waiting.matter.community;
    let reason = ruling.for_log();
    Some(NewAction { account, community, detail, reason, ..NewAction::of(kind, target) })
}

/// What happens when an item is settled: content can be seen, and plugins that
/// held something were overruled. Of a removal and of an account their features
/// tell.
pub(super) fn happened(waiting: &Waiting, resolution: Resolution) -> Vec<Event> {
    let changes_nothing = waiting.is_deleted || waiting.kind == ItemKind::Report;
    if resolution == Resolution::Remove || changes_nothing {
        return Vec::new();
    }
    let approved = waiting.content.map(|content| Event::ContentApproved { content });
    let resolution = Overruled::Approved;
    let overridden = waiting.event.map(|asked| Event::DecisionOverridden { asked, resolution });
    approved.into_iter().chain(overridden).collect()
}

/// The changes to a subject since a copy of it was frozen.
pub(super) fn changes(copy: &FrozenCopy, present: &Present) -> Vec<Change> {
    let text = present.text.as_ref();
    let is_other_text = text.is_some_and(|text| {
        (text.title.as_ref(), Some(&text.body)) != (copy.title.as_ref(), copy.body.as_ref())
    });
    let is_other_profile = present.profile.as_ref().is_some_and(|(bio, avatar)| {
        copy.bio.as_ref() != Some(bio) || copy.media.first().map(|media| media.id) != *avatar
    });
    let edited = is_other_text
        || is_other_profile
        || present.edited_at.is_some_and(|edited_at| edited_at > copy.frozen_at);
    let renamed = !present.is_closed && present.author.as_ref() != Some(&copy.author);
    [
        (edited, Change::Edited),
        (present.is_deleted, Change::DeletedByAuthor),
        (present.is_closed, Change::AccountClosed),
        (renamed, Change::Renamed),
    ]
    .into_iter()
    .filter_map(|(is_so, change)| is_so.then_some(change))
    .collect()
}

/// An item as `viewer` may see it: the person whom it is about does not learn who reported
/// it.
pub(super) fn seen_by(viewer: AccountId, mut item: ReviewItem) -> ReviewItem {
    if item.author_id == Some(viewer) {
        for report in &mut item.reports {
            report.reporter = None;
        }
    }
    item
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
