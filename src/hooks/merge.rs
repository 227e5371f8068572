//! How the answers of several plugins become one. Pure.
//!
//! The strictest answer wins, in the order of [`Verdict`]; among equals the one
//! with the higher priority gives the reason. Shadows are not heard.

use uuid::Uuid;

use super::decision::{Merged, Mode, Verdict};

/// What the merge needs of one answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice<'a> {
    pub(super) decision: Uuid,
    pub(super) mode: Mode,
    pub(super) priority: i32,
    pub(super) verdict: Verdict,
    pub(super) message: Option<&'a str>,
}

/// One answer from many, and the decision that it comes from.
pub(super) fn merge<'a>(voices: impl Iterator<Item = Voice<'a>>) -> (Merged, Option<Uuid>) {
    let strictest = voices
        .filter(|voice| voice.mode == Mode::Enforce && voice.verdict != Verdict::Allow)
        // The last of equals wins, so the id, which is unique, is compared the
        // other way round: the earlier decision goes first.
        .max_by_key(|voice| (voice.verdict, voice.priority, std::cmp::Reverse(voice.decision)));
    let Some(voice) = strictest else {
        return (Merged::Allow, None);
    };
    let reason = voice.message.unwrap_or_default().to_owned();
    let merged = match voice.verdict {
        Verdict::Allow => Merged::Allow,
        // The changes are in the subject by now; what is left is the evidence.
        Verdict::Annotate | Verdict::Modify => Merged::Annotate,
        Verdict::Hold => Merged::Hold { reason },
        Verdict::Unavailable => Merged::Unavailable,
        Verdict::Reject => Merged::Reject { reason },
    };
    (merged, Some(voice.decision))
}

#[cfg(test)]
mod tests;
