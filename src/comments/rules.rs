//! Who may do what with a comment that they may see, and where an answer goes. Pure.

use super::model::{Access, Parent};
use crate::{
    bans::Deed,
    base::{Error, FieldError, actor::Actor, clock::Timestamp, ids::CommentId},
    decisions::TargetKind,
    posts::Refusal,
    publishing::ContentState,
};

/// Deepest answer, counted from 0. People take a side thread elsewhere long
/// before; and a path in the index stays within 32 ids.
pub(super) const MAX_DEPTH: i64 = 31;

/// Path and depth of a comment.
pub(super) fn place(id: CommentId, parent: Option<&Parent>) -> Result<(Vec<u8>, i64), FieldError> {
    let (mut path, depth) =
        parent.map_or((Vec::new(), 0), |parent| (parent.path.clone(), parent.depth + 1));
    if depth > MAX_DEPTH {
        let message = format!("is too deep in its thread: there are {} levels", MAX_DEPTH + 1);
        return Err(FieldError::new("parent_id", "depth", message));
    }
    path.extend_from_slice(id.0.as_bytes());
    Ok((path, depth))
}

/// Whether answers to a comment are open.
pub(super) fn may_answer(parent: Option<&Parent>) -> Result<(), Error> {
    if parent.is_some_and(|parent| parent.locked) {
        return Err(Error::conflict("locked", "The thread is locked."));
    }
    Ok(())
}

/// Whether the pause since one's last comment is over.
pub(super) fn not_slowed(free_at: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match free_at {
        Some(free_at) if free_at > now => Err(Error::SlowMode { retry_after: free_at.since(now) }),
        _ => Ok(()),
    }
}

fn only_author(actor: &Actor, access: &Access) -> Result<(), Error> {
    if access.comment.author == actor.id {
        Ok(())
    } else {
        Err(Error::forbidden("author_only", "Only its author may do this."))
    }
}

fn not_removed(state: ContentState) -> Result<(), Error> {
    if state == ContentState::Removed {
        Err(Error::conflict("removed", "It was removed by those who moderate."))
    } else {
        Ok(())
    }
}

/// As what an edit is judged: of what was never published, the text still waits.
pub(super) fn judged_as(state: ContentState) -> TargetKind {
    match state {
        ContentState::Held => TargetKind::Comment,
        _ => TargetKind::Edit,
    }
}

/// Whether the actor may change the text.
pub(super) fn may_edit(actor: &Actor, access: &Access) -> Result<(), Refusal> {
    only_author(actor, access)?;
    not_removed(access.comment.state)?;
    if access.ground.locked && !access.ground.standing.moderates {
        return Err(Error::conflict("locked", "The post is locked.").into());
    }
    if access.ground.standing.allows(Deed::Comment) {
        Ok(())
    } else {
        Err(Refusal::Banned(Deed::Comment))
    }
}

/// Whether the actor may take the comment back. What was removed stays for
/// those who moderate.
pub(super) fn may_delete(actor: &Actor, access: &Access) -> Result<(), Error> {
    only_author(actor, access)?;
    not_removed(access.comment.state)
}
