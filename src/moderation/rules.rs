//! Acts that are possible, and their rows in the log. Pure.

use super::model::Facts;
use crate::{
    base::{Error, actor::Agent, ids::CommunityId},
    events::Content,
    mod_actions::{ActionKind, Inverse, NewAction, SlowMode, Target},
    publishing::ContentState,
};

/// Refuses everybody who does not moderate the place.
pub(super) fn moderators_only(moderates: bool) -> Result<(), Error> {
    if moderates {
        return Ok(());
    }
    Err(Error::forbidden("moderators_only", "Only those who moderate here may do this."))
}

/// What is held can be removed by people only: it waits for them.
pub(super) fn may_remove(agent: Agent<'_>, state: ContentState) -> Result<(), Error> {
    match (state, agent) {
        (ContentState::Published, _) | (ContentState::Held, Agent::Person(_)) => Ok(()),
        (ContentState::Held, Agent::Plugin(_)) => {
            Err(Error::conflict("held", "It waits for a moderator."))
        }
        (ContentState::Removed, _) => {
            Err(Error::conflict("removed", "It was removed by those who moderate."))
        }
        (ContentState::Deleted, _) => Err(Error::NotFound),
    }
}

/// What was not removed cannot be given back.
pub(super) fn may_restore(state: ContentState) -> Result<(), Error> {
    match state {
        ContentState::Removed => Ok(()),
        ContentState::Deleted => Err(Error::NotFound),
        ContentState::Published | ContentState::Held => {
            Err(Error::conflict("not_removed", "It is not removed."))
        }
    }
}

/// What its author took back is out of moderation's reach.
pub(super) fn is_there(facts: Option<Facts>) -> Result<Facts, Error> {
    facts.filter(|facts| facts.state != ContentState::Deleted).ok_or(Error::NotFound)
}

/// Labels as a column of accounts holds them: with a space between two.
pub(super) fn joined(labels: &[String]) -> String {
    labels.join(" ")
}

/// A row of the log about content.
pub(super) fn of_content(
    kind: ActionKind,
    content: Content,
    facts: &Facts,
    inverse: Option<Inverse>,
) -> NewAction {
    NewAction {
        account: Some(facts.author),
        community: Some(facts.community),
        inverse,
        ..NewAction::of(kind, content.into())
    }
}

/// A row of the log about slow mode: its detail is the number of seconds, or `off`.
pub(super) fn slowed(target: Target, community: CommunityId, mode: Option<SlowMode>) -> NewAction {
    let detail =
        mode.map_or_else(|| "off".to_owned(), |mode| format!("{} s", mode.interval / 1_000));
    let action = NewAction::of(ActionKind::SlowMode, target);
    NewAction { community: Some(community), detail: Some(detail), ..action }
}
