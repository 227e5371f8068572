//! Who may do what with a post that they may see. Pure.

use super::model::{Access, Ground};
use crate::{
    bans::{Deed, Standing},
    base::{Error, actor::Actor},
    decisions::TargetKind,
    publishing::ContentState,
};

/// Why something may not be done: a ban, whose reason has to be looked up, or
/// something else.
#[derive(Debug)]
pub enum Refusal {
    /// A ban forbids the deed.
    Banned(Deed),
    /// Anything else.
    Other(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

fn allowed(standing: Standing, deed: Deed) -> Result<(), Refusal> {
    if standing.allows(deed) { Ok(()) } else { Err(Refusal::Banned(deed)) }
}

fn only_author(actor: &Actor, access: &Access) -> Result<(), Error> {
    if access.post.author == actor.id {
        Ok(())
    } else {
        Err(Error::forbidden("author_only", "Only its author may do this."))
    }
}

fn not_removed(state: ContentState) -> Result<(), Error> {
    match state {
        ContentState::Removed => {
            Err(Error::conflict("removed", "It was removed by those who moderate."))
        }
        _ => Ok(()),
    }
}

/// As what an edit is judged: of what was never published, the text still waits.
pub(super) fn judged_as(state: ContentState) -> TargetKind {
    match state {
        ContentState::Held => TargetKind::Post,
        _ => TargetKind::Edit,
    }
}

/// Whether the actor may change the text.
pub(super) fn may_edit(actor: &Actor, access: &Access) -> Result<(), Refusal> {
    only_author(actor, access)?;
    not_removed(access.post.state)?;
    if access.post.locked && !access.standing.moderates {
        return Err(Error::conflict("locked", "The post is locked.").into());
    }
    allowed(access.standing, Deed::Post)
}

/// Whether the actor may take the post back. What was removed stays for those
/// who moderate.
pub(super) fn may_delete(actor: &Actor, access: &Access) -> Result<(), Error> {
    only_author(actor, access)?;
    not_removed(access.post.state)
}

/// Whether the actor may ban others from the post.
pub(super) fn may_ban(actor: &Actor, access: &Access) -> Result<(), Error> {
    if access.standing.moderates || access.post.author == actor.id {
        Ok(())
    } else {
        Err(Error::forbidden(
            "author_or_moderators_only",
            "Only its author and those who moderate here may do this.",
        ))
    }
}

/// Whether comments may be added.
pub fn may_comment(ground: &Ground) -> Result<(), Refusal> {
    allowed(ground.standing, Deed::Comment)?;
    if ground.locked {
        return Err(Error::conflict("locked", "The post is locked.").into());
    }
    published(ground.state)
}

/// Whether votes count: on the post, or on a comment of it.
pub fn may_vote(ground: &Ground) -> Result<(), Refusal> {
    allowed(ground.standing, Deed::Vote)?;
    published(ground.state)
}

fn published(state: ContentState) -> Result<(), Refusal> {
    match state {
        ContentState::Published => Ok(()),
        ContentState::Held => {
            Err(Error::conflict("held", "The post waits for a moderator.").into())
        }
        ContentState::Removed | ContentState::Deleted => {
            Err(Error::conflict("removed", "The post was removed.").into())
        }
    }
}
