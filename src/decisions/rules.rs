//! What came of an event, and what its author may know of it. Pure.

use serde_json::Value;

use super::model::{DecisionRecord, DecisionTarget, Detail, TargetKind};
use crate::{
    frozen_copies::Subject,
    hooks::{Decision, Evidence, Merged, Mode, Verdict},
};

/// What came of an event, in one word, as stored.
pub(super) fn outcome(verdict: &Merged, modified: bool) -> &'static str {
    match verdict {
        Merged::Allow | Merged::Annotate if modified => Verdict::Modify.as_str(),
        Merged::Allow => Verdict::Allow.as_str(),
        Merged::Annotate => Verdict::Annotate.as_str(),
        Merged::Hold { .. } => Verdict::Hold.as_str(),
        Merged::Reject { .. } => Verdict::Reject.as_str(),
        Merged::Unavailable => Verdict::Unavailable.as_str(),
    }
}

/// The decisions that an author is told of, each with the evidence that is
/// public: those that counted and that say something.
pub(super) fn told_to_author(
    decisions: &[Decision],
) -> impl Iterator<Item = (&Decision, Vec<Evidence>)> {
    decisions.iter().filter(|decision| decision.mode == Mode::Enforce).filter_map(|decision| {
        let evidence = public(&decision.evidence);
        let says_nothing = matches!(decision.verdict, Verdict::Allow | Verdict::Annotate);
        (!says_nothing || !evidence.is_empty()).then_some((decision, evidence))
    })
}

/// A record with nothing in it that the one who asks may not see.
pub(super) fn limited(record: DecisionRecord) -> DecisionRecord {
    match record.detail {
        Detail::Staff => record,
        Detail::Author => DecisionRecord {
            evidence: public(&record.evidence),
            fault: None,
            fault_detail: None,
            patch: None,
            effects: Vec::new(),
            refused_effects: Vec::new(),
            input: None,
            reads: None,
            ..record
        },
    }
}

fn public(evidence: &[Evidence]) -> Vec<Evidence> {
    evidence.iter().filter(|item| item.public).cloned().collect()
}

/// Whether nothing was said and nothing is wanted, by any plugin.
pub(super) fn are_plain(decisions: &[Decision]) -> bool {
    decisions.iter().all(|decision| {
        decision.verdict == Verdict::Allow
            && decision.fault.is_none()
            && decision.evidence.is_empty()
            && decision.effects.is_empty()
            && decision.refused_effects.is_empty()
            && decision.writes.is_empty()
    })
}

/// What a plugin was asked, if a plugin before it had changed that.
pub(super) fn other_input(first: &Decision, decision: &Decision) -> Option<String> {
    (question(first) != question(decision)).then(|| decision.input_text())
}

/// What was asked, whether or not the answer was to count.
fn question(decision: &Decision) -> Value {
    let mut input = decision.input_json();
    if let Some(mode) = input.pointer_mut("/context/mode") {
        *mode = Value::Null;
    }
    input
}

/// Whether an answer that counts wants something done.
pub(super) fn wants_effects(decisions: &[Decision]) -> bool {
    decisions.iter().any(|one| one.mode == Mode::Enforce && !one.effects.is_empty())
}

/// The subject that is frozen when a target waits; `None` for an account that wants to join.
pub(super) fn frozen(target: &DecisionTarget) -> Option<Subject> {
    match target.kind {
        TargetKind::Post => Some(Subject::Post(target.id)),
        TargetKind::Comment => Some(Subject::Comment(target.id)),
        TargetKind::Edit => Some(Subject::Edit(target.id)),
        TargetKind::Media => Some(Subject::Media(target.id)),
        _ => None,
    }
}
