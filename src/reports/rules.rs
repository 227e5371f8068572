//! Who may report what, and what comes of a policy's word on it. Pure.

use crate::{
    base::{
        Error, FieldError,
        ids::AccountId,
        text::{clean_lines, length},
    },
    hooks::Merged,
};

/// Most characters of a reason, as of a ban's.
const REASON_MAX: usize = 1_000;

/// Why something is reported.
pub(super) fn parse_reason(text: &str) -> Result<String, FieldError> {
    let reason = clean_lines(text);
    if (1..=REASON_MAX).contains(&length(&reason)) {
        return Ok(reason);
    }
    let message = format!("must have 1 to {REASON_MAX} characters");
    Err(FieldError::new("reason", "length", message))
}

/// Nobody reports themselves.
pub(super) fn may_report(reporter: AccountId, about: AccountId) -> Result<(), Error> {
    if reporter == about {
        return Err(Error::conflict("self_report", "You cannot report yourself."));
    }
    Ok(())
}

/// What somebody is told who has reported the same before.
pub(super) fn already_reported() -> Error {
    Error::conflict("already_reported", "Your report of it waits for a moderator.")
}

/// What comes of plugins' word on a report; there is nothing to hold.
pub(super) fn settle(verdict: &Merged) -> Result<(), Error> {
    match verdict {
        Merged::Allow | Merged::Annotate | Merged::Hold { .. } => Ok(()),
        Merged::Reject { reason } => {
            Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
        }
        Merged::Unavailable => {
            Err(Error::forbidden("policy_unavailable", "A policy could not be asked; try again."))
        }
    }
}
