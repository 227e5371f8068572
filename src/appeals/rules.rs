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

/// What was refused was never stored as content, so that nothing can be published.
pub(super) fn not_kept() -> Error {
    Error::conflict("text_not_kept", "What was refused is not kept; its author can send it again.")
}

/// What was appealed has been reversed otherwise, so that there is nothing to grant.
pub(super) fn nothing_to_reverse() -> Error {
    Error::conflict("not_in_force", "It does not stand any more.")
}
