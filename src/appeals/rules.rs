//! What may be appealed, and what may be decided. Pure.

use super::model::{AppealState, Strike};
use crate::base::{
    Error, FieldError,
    ids::AccountId,
    text::{clean_lines, length},
};

/// Most characters of an appeal: a page.
const TEXT_MAX: usize = 4_000;
/// Most characters of a note, as of one on an item of review.
const NOTE_MAX: usize = 1_000;
/// Most appeals of an account that wait at a time: more is not read with care.
const OPEN_MAX: i64 = 10;

/// What the one who was struck says.
pub(super) fn parse_text(text: &str) -> Result<String, FieldError> {
    let text = clean_lines(text);
    if (1..=TEXT_MAX).contains(&length(&text)) {
        return Ok(text);
    }
    let message = format!("must have 1 to {TEXT_MAX} characters");
    Err(FieldError::new("text", "length", message))
}

/// What who decides says.
pub(super) fn parse_note(text: &str) -> Result<Option<String>, FieldError> {
    let note = clean_lines(text);
    if length(&note) > NOTE_MAX {
        let message = format!("must have at most {NOTE_MAX} characters");
        return Err(FieldError::new("note", "length", message));
    }
    Ok(Some(note).filter(|note| !note.is_empty()))
}

/// Only who was struck may appeal, against what stands. To everybody else it is
/// not there.
pub(super) fn may_appeal(
    actor: AccountId,
    strike: Option<Strike>,
    open: i64,
) -> Result<Strike, Error> {
    let strike = strike.filter(|strike| strike.account == actor).ok_or(Error::NotFound)?;
    if !strike.is_appealable {
        let message = "Of what policies refuse, only posts and comments can be appealed.";
        return Err(Error::conflict("not_appealable", message));
    }
    if !strike.stands {
        return Err(Error::conflict("not_in_force", "It does not stand any more."));
    }
    if open >= OPEN_MAX {
        return Err(Error::conflict("too_many_appeals", "Too many of your appeals wait already."));
    }
    Ok(strike)
}

/// An appeal is decided once.
pub(super) fn may_decide(state: AppealState) -> Result<(), Error> {
    match state {
        AppealState::Open => Ok(()),
        AppealState::Granted | AppealState::Denied => {
            Err(Error::conflict("already_decided", "Somebody has decided it."))
        }
    }
}

/// What was refused is on record for a while only.
pub(super) fn not_kept() -> Error {
    Error::conflict("text_not_kept", "What was refused is not kept; its author can send it again.")
}

/// Why a refused text cannot be published now, as its author would be told. It is
/// the state of things: the appeal stays open.
pub(super) fn not_publishable(error: Error) -> Error {
    match error {
        Error::NotFound => Error::conflict("gone", "The place it was written for is gone."),
        Error::Forbidden { message, .. } => Error::conflict(
            "author_forbidden",
            format!("Its author may not write there: {message}"),
        ),
        Error::Invalid(broken) => {
            let first = broken.first();
            let message = first.map_or_else(String::new, |broken| {
                format!("It cannot be published any more: {} {}", broken.field, broken.message)
            });
            Error::conflict("not_publishable", message)
        }
        other => other,
    }
}

/// Who wrote it has no account any more.
pub(super) fn author_gone() -> Error {
    Error::conflict("author_gone", "The account of its author cannot be used any more.")
}

/// Somebody changed or forbade something while it was about to be published.
pub(super) fn changed_meanwhile() -> Error {
    Error::conflict("changed_meanwhile", "Something has changed in the meantime; try again.")
}

/// What was appealed has been reversed otherwise, so that there is nothing to grant.
pub(super) fn nothing_to_reverse() -> Error {
    Error::conflict("not_in_force", "It does not stand any more.")
}
