//! What came of an event, and what its author may know of it. Pure.

use super::model::{DecisionRecord, Detail};
use crate::hooks::{Decision, Evidence, Merged, Mode, Verdict};

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
            input: None,
            ..record
        },
    }
}

fn public(evidence: &[Evidence]) -> Vec<Evidence> {
    evidence.iter().filter(|item| item.public).cloned().collect()
}
