//! What a text would be without a binding, and why something stays as it is. Pure.

use super::model::{Answer, Reason};
use crate::{
    base::Error,
    hooks::{Content, ContentPatch, Patch, Subject, Verdict},
    publishing::Held,
};

/// The text that plugins made of what its author wrote.
pub(super) fn made(wrote: &Content, answers: &[Answer]) -> Content {
    changes(answers).fold(wrote.clone(), |text, (_, patch)| patched(&text, patch))
}

/// The text that the other plugins make of what its author wrote. What others made of
/// the binding's own words cannot be told apart from them.
pub(super) fn without(wrote: &Content, answers: &[Answer]) -> Result<Content, Reason> {
    let (mut text, mut title, mut body) = (wrote.clone(), false, false);
    for (is_cause, patch) in changes(answers) {
        if is_cause {
            title |= patch.title.is_some();
            body |= patch.body.is_some();
        } else if title && patch.title.is_some() || body && patch.body.is_some() {
            return Err(Reason::OthersDecided);
        } else {
            text = patched(&text, patch);
        }
    }
    Ok(text)
}

fn changes(answers: &[Answer]) -> impl Iterator<Item = (bool, &ContentPatch)> {
    answers.iter().filter(|answer| answer.verdict == Verdict::Modify).filter_map(|answer| {
        match &answer.patch {
            Some(Patch::Content(patch)) => Some((answer.is_cause, patch)),
            _ => None,
        }
    })
}

fn patched(text: &Content, patch: &ContentPatch) -> Content {
    text.patched(&Patch::Content(patch.clone())).unwrap_or_else(|| text.clone())
}

/// Why a text waits for a moderator even without the binding, if another plugin wanted
/// that.
pub(super) fn held_by_others(asked: uuid::Uuid, answers: &[Answer]) -> Option<Held> {
    let hold = answers.iter().find(|answer| !answer.is_cause && answer.verdict == Verdict::Hold)?;
    Some(Held { asked, reason: hold.message.clone().unwrap_or_default() })
}

/// Why something stays as it is when taking it back was refused; nothing for a failure
/// of the server.
pub(super) fn reason(error: &Error) -> Option<Reason> {
    Some(match error {
        Error::NotFound => Reason::PlaceGone,
        Error::Invalid(_) | Error::RejectedByPolicy { .. } | Error::SlowMode { .. } => {
            Reason::NotPublishable
        }
        Error::Forbidden { code, .. } => match *code {
            "banned" => Reason::AuthorBanned,
            _ => Reason::NotPublishable,
        },
        Error::Conflict { code, .. } => match *code {
            "decided_by_people" => Reason::DecidedByPerson,
            "changed_meanwhile" => Reason::EditedSince,
            "locked" => Reason::Locked,
            "held" | "removed" => Reason::PlaceGone,
            _ => Reason::ChangedSince,
        },
        _ => return None,
    })
}
