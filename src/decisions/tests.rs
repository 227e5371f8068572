//! What came of an event, and what its author may know.

use uuid::Uuid;

use super::{
    model::{DecisionRecord, Detail},
    rules::{limited, outcome},
};
use crate::{
    base::{
        clock::Timestamp,
        ids::{BindingId, DecisionId},
    },
    hooks::{EffectKind, Evidence, Merged, Transcript},
};

fn evidence(text: &str, public: bool) -> Evidence {
    Evidence { rule: "r".into(), field: None, finding: None, text: text.into(), public }
}

fn record(detail: Detail) -> DecisionRecord {
    DecisionRecord {
        id: DecisionId(Uuid::nil()),
        hook: "content.before-publish".into(),
        event_id: Uuid::nil(),
        binding_id: BindingId(Uuid::nil()),
        revision: 1,
        plugin: "p".into(),
        digest: "d".into(),
        settings_hash: "s".into(),
        mode: "enforce".into(),
        verdict: "hold".into(),
        outcome: "hold".into(),
        message: Some("wait".into()),
        evidence: vec![evidence("open", true), evidence("secret", false)],
        patch: None,
        effects: Vec::new(),
        refused_effects: vec![EffectKind::Ban],
        fault: Some("trap".into()),
        fault_detail: Some("where".into()),
        duration_us: 1,
        input: Some(serde_json::json!({})),
        reads: Some(Transcript::default()),
        is_erased: false,
        actor_id: None,
        actor: None,
        target_id: None,
        community: None,
        created_at: Timestamp(0),
        detail,
    }
}

#[test]
fn authors_see_the_message_and_public_evidence_only() {
    let seen = limited(record(Detail::Author));
    assert_eq!(seen.message.as_deref(), Some("wait"));
    assert_eq!(seen.evidence, vec![evidence("open", true)]);
    assert_eq!((seen.fault, seen.fault_detail, seen.input), (None, None, None));
    assert_eq!((seen.refused_effects, seen.reads), (Vec::new(), None));
}

#[test]
fn staff_see_everything() {
    let seen = limited(record(Detail::Staff));
    assert_eq!(seen.evidence.len(), 2);
    assert!(seen.fault.is_some() && seen.fault_detail.is_some() && seen.input.is_some());
}

#[test]
fn an_outcome_is_one_word() {
    let reason = String::new;
    for (verdict, modified, word) in [
        (Merged::Allow, false, "allow"),
        (Merged::Annotate, false, "annotate"),
        (Merged::Annotate, true, "modify"),
        (Merged::Hold { reason: reason() }, true, "hold"),
        (Merged::Reject { reason: reason() }, false, "reject"),
        (Merged::Unavailable, false, "unavailable"),
    ] {
        assert_eq!(outcome(&verdict, modified), word);
    }
}
