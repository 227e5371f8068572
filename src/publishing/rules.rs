//! What a verdict means for a text, and how votes and age make a rank. Pure.

use uuid::Uuid;

use super::{model::ContentState, service::Judged};
use crate::{
    base::{Error, clock::Timestamp, ids::DecisionId},
    decisions::TargetKind,
    events::{self, Event},
    hooks::{ContentKind, Merged, Operation},
};

/// 2020-01-01, when no forum of this kind was there yet; milliseconds.
const HOT_EPOCH: i64 = 1_577_836_800_000;
/// Milliseconds of age that ten times the score makes up for: twelve and a half
/// hours, as on the large link forums.
const HOT_PERIOD: f64 = 45_000_000.0;

/// The state that a new text gets; an error when it is refused.
pub(super) fn settle(verdict: &Merged) -> Result<ContentState, Error> {
    match verdict {
        Merged::Allow | Merged::Annotate => Ok(ContentState::Published),
        Merged::Hold { .. } => Ok(ContentState::Held),
        Merged::Reject { reason } => {
            Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
        }
        Merged::Unavailable => {
            Err(Error::forbidden("policy_unavailable", "A policy could not be asked; try again."))
        }
    }
}

/// The refusal of a text whose HTML would be too large.
pub(super) fn too_complex() -> Error {
    let message = "has too much markup for its length: use fewer table cells or links";
    Error::invalid("body", "too_complex", message)
}

/// A refusal with the decision that it comes from: what an appeal is against.
pub(super) fn with_decision(refusal: Error, decided_by: Option<Uuid>) -> Error {
    match refusal {
        Error::RejectedByPolicy { message, .. } => {
            Error::RejectedByPolicy { message, decision: decided_by.map(DecisionId) }
        }
        other => other,
    }
}

/// What happens when a text that was judged is stored. Content that was never
/// published and is edited stays held, whatever was said of it.
pub(super) fn happened(judged: &Judged) -> Option<Event> {
    let (is_edit, id) = (judged.content.operation == Operation::Edit, judged.target.id);
    if is_edit && judged.target.kind != TargetKind::Edit {
        return None;
    }
    let content = match judged.content.kind {
        ContentKind::Post => events::Content::Post(id),
        ContentKind::Comment => events::Content::Comment(id),
    };
    Some(match judged.state {
        ContentState::Published if judged.overruled.is_some() => Event::ContentApproved { content },
        ContentState::Published => Event::ContentPublished { content, edited: is_edit },
        _ => Event::ContentHeld { content },
    })
}

/// What is wrong with a text that a plugin made, for the record.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Invalid(errors) => {
            let broken = errors.iter().map(|error| format!("{} {}", error.field, error.message));
            broken.collect::<Vec<_>>().join("; ")
        }
        error => error.to_string(),
    }
}

/// Rank of a post: new ones go ahead of old ones, and each tenfold of votes is
/// worth half a day.
pub fn hot(score: i64, created_at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rank needs no more than 52 bits")]
    let (votes, age) = (score.abs().max(1) as f64, created_at.0.saturating_sub(HOT_EPOCH) as f64);
    #[expect(clippy::cast_precision_loss, reason = "it is -1, 0 or 1")]
    let sign = score.signum() as f64;
    sign * votes.log10() + age / HOT_PERIOD
}
