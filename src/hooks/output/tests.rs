//! What a plugin's answer may hold.

use super::*;
use crate::hooks::model::{Content, ContentKind, ContentPatch, Feature, Operation};

fn content(body: &str) -> Content {
    Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id: "c1".to_owned(),
        post_id: Some("p1".to_owned()),
        parent_id: None,
        title: None,
        body: body.to_owned(),
    }
}

fn evidence(field: Option<&str>, finding: Option<Finding>) -> Evidence {
    Evidence {
        rule: "words".to_owned(),
        field: field.map(str::to_owned),
        finding,
        text: "a word".to_owned(),
        public: true,
    }
}

fn said(verdict: RawVerdict) -> Said {
    Said { verdict, evidence: vec![], effects: vec![] }
}

fn annotate(evidence: Vec<Evidence>) -> Said {
    Said { evidence, ..said(RawVerdict::Annotate) }
}

fn kind(result: Result<Answer, Fault>) -> Option<FaultKind> {
    result.err().map(|fault| fault.kind)
}

#[test]
fn a_span_must_be_a_range_of_characters_of_a_text_that_is_there() {
    let subject = content("für");
    let span = |field, start, end| {
        kind(check(
            annotate(vec![evidence(field, Some(Finding::Span(Span { start, end })))]),
            &subject,
        ))
    };
    assert_eq!(span(Some("body"), 0, 4), None);
    assert_eq!(span(Some("body"), 1, 3), None);
    assert_eq!(span(Some("body"), 4, 4), None);
    assert_eq!(
        span(Some("body"), 0, 2),
        Some(FaultKind::BadOutput),
        "in the middle of a character"
    );
    assert_eq!(span(Some("body"), 3, 1), Some(FaultKind::BadOutput), "backwards");
    assert_eq!(span(Some("body"), 0, 5), Some(FaultKind::BadOutput), "beyond the end");
    assert_eq!(span(Some("body"), 0, u32::MAX), Some(FaultKind::BadOutput));
    assert_eq!(span(Some("title"), 0, 0), Some(FaultKind::BadOutput), "a comment has no title");
    assert_eq!(span(None, 0, 0), Some(FaultKind::BadOutput), "no field named");
}

#[test]
fn sizes_are_capped() {
    let subject = content("text");
    let hold = |bytes: usize| kind(check(said(RawVerdict::Hold("r".repeat(bytes))), &subject));
    assert_eq!(hold(REASON_BYTES), None);
    assert_eq!(hold(REASON_BYTES + 1), Some(FaultKind::Output));
    let many = |items| kind(check(annotate(vec![evidence(None, None); items]), &subject));
    assert_eq!(many(EVIDENCE_ITEMS), None);
    assert_eq!(many(EVIDENCE_ITEMS + 1), Some(FaultKind::Output));
    let patch = |bytes: usize| {
        let patch = ContentPatch { title: None, body: Some("b".repeat(bytes)) };
        kind(check(said(RawVerdict::Modify(Patch::Content(patch))), &subject))
    };
    assert_eq!(patch(PATCH_BYTES), None);
    assert_eq!(patch(PATCH_BYTES + 1), Some(FaultKind::Output));
    let feature = |name: &str| {
        let finding = Finding::Feature(Feature { name: name.to_owned(), value: "1".to_owned() });
        kind(check(annotate(vec![evidence(None, Some(finding))]), &subject))
    };
    assert_eq!(feature("links"), None);
    assert_eq!(feature(&"l".repeat(FEATURE_BYTES + 1)), Some(FaultKind::Output));
}

#[test]
fn text_loses_what_moves_the_cursor_or_turns_the_direction() {
    let decision = said(RawVerdict::Reject("\u{1b}[31mred\u{202e}der\u{7}\r\nnext".to_owned()));
    let answer = check(decision, &content("text")).unwrap();
    assert_eq!(answer.message.unwrap(), "[31mredder\nnext");
}

#[test]
fn truncating_keeps_characters_whole() {
    assert_eq!(truncated("für", 2), "f");
    assert_eq!(truncated("für", 3), "fü");
    assert_eq!(truncated("für", 99), "für");
}
