//! What can be asked again, and how answers are compared. Pure.

use super::model::{Answer, Change, MAX_DAYS, MAX_NAMED, NewReplay, Preflight};
use crate::{
    base::{Error, FieldError},
    decisions::{DecisionRecord, Detail},
    hooks::{Decision, Transcript, Verdict},
    plugin_admin::Disclosure,
};

/// Days that a replay goes back when nothing is said.
const DAYS: u32 = 7;

/// What can be asked again of a record, and what the host answered then.
pub(super) fn question(record: &DecisionRecord) -> Result<(String, Transcript), Error> {
    if record.detail == Detail::Author {
        return Err(Error::forbidden("moderators_only", "Only those who moderate may do this."));
    }
    let Some(input) = &record.input else {
        return Err(Error::conflict("erased", "What the plugin was told has been erased."));
    };
    let reads = record.reads.clone().unwrap_or_default();
    if reads.truncated {
        let message = "What the plugin was answered was too much to be kept.";
        return Err(Error::conflict("transcript_truncated", message));
    }
    if record.digest.is_empty() {
        let message = "It is not known any more which version decided.";
        return Err(Error::conflict("version_unknown", message));
    }
    Ok((input.to_string(), reads))
}

/// How far back a replay goes; tells every field that breaks a rule.
pub(super) fn check(new: &NewReplay) -> Result<u32, Error> {
    let mut broken = Vec::new();
    if new.binding.is_none() && new.digest.is_none() {
        let rule = "or `digest` must say who judges";
        broken.push(FieldError::new("binding_id", "required", rule));
    }
    if new.days.is_some() && !new.decisions.is_empty() {
        let rule = "cannot stand beside `decision_ids`";
        broken.push(FieldError::new("days", "conflict", rule));
    }
    let days = new.days.unwrap_or(DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        let rule = format!("must be from 1 to {MAX_DAYS}");
        broken.push(FieldError::new("days", "range", rule));
    }
    if new.decisions.len() > MAX_NAMED {
        let rule = format!("must be at most {MAX_NAMED}");
        broken.push(FieldError::new("decision_ids", "length", rule));
    }
    if broken.is_empty() { Ok(days) } else { Err(Error::Invalid(broken)) }
}

/// Nobody's slug, or that of a community that the one who asks is not shown.
pub(super) fn unknown_community() -> Error {
    Error::invalid("community", "unknown", "is not the slug of a community")
}

/// Moderators replay what is bound in their community, within what was granted.
pub(super) fn admins_only() -> Error {
    Error::forbidden("admins_only", "Only admins replay more than a community's binding may do.")
}

/// What a verdict means for what was judged.
#[derive(PartialEq, Eq)]
enum Way {
    Through,
    Held,
    Refused,
}

fn way(verdict: &str) -> Way {
    match verdict {
        "hold" => Way::Held,
        "reject" | "unavailable" => Way::Refused,
        _ => Way::Through,
    }
}

/// How an answer differs from what was; `words` are those of the decision that
/// it is compared with, if it is one.
pub(super) fn compare(was: &str, words: Option<&Answer>, answer: &Answer) -> Change {
    let Some(would) = answer.verdict.as_deref() else { return Change::Fault };
    let said = words.filter(|words| words.fault.is_none());
    match way(would) {
        same if same == way(was) => {
            let is_same = said.map_or(was == would, |words| words == answer);
            if is_same { Change::Same } else { Change::Differs }
        }
        Way::Through => Change::WouldAllow,
        Way::Held => Change::WouldHold,
        Way::Refused => Change::WouldReject,
    }
}

/// What may be told of what policies would say; `disclosure` is what each lets
/// be known.
pub(super) fn disclosed(
    decisions: Vec<Decision>,
    disclosure: impl Fn(&Decision) -> Disclosure,
) -> Preflight {
    let told = |mut decision: Decision| match disclosure(&decision) {
        Disclosure::None => None,
        Disclosure::Verdict => {
            decision.evidence.clear();
            Some(decision)
        }
        Disclosure::Full => Some(decision),
    };
    let decisions: Vec<Decision> = decisions.into_iter().filter_map(told).collect();
    let strictest = decisions.iter().map(|decision| decision.verdict).max();
    Preflight { verdict: strictest.unwrap_or(Verdict::Allow), decisions }
}
