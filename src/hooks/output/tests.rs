//! What a plugin's answer may hold.

use super::*;
use crate::hooks::model::{
    Content, ContentKind, ContentPatch, Context, Emission, Feature, Labelling, Notice, Operation,
    Priority, Purpose, Recipient, Removal, SlowMode, Target, Warning,
};

fn content(body: &str) -> Event<Content> {
    let context = Context {
        event_id: "e1".to_owned(),
        mode: Purpose::Enforce,
        time: 0,
        community: None,
        actor: None,
    };
    let content = Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id: "c1".to_owned(),
        post_id: Some("p1".to_owned()),
        parent_id: None,
        title: None,
        body: body.to_owned(),
    };
    Event::new(context, content)
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

const ID: &str = "0199a1b2-0000-7000-8000-000000000001";

fn effect(effect: Effect) -> Option<FaultKind> {
    effects(vec![effect])
}

fn effects(effects: Vec<Effect>) -> Option<FaultKind> {
    kind(check(Said { effects, ..said(RawVerdict::Allow) }, &content("text")))
}

fn post(id: &str) -> Target {
    Target::Post(id.to_owned())
}

fn label(label: &str) -> Effect {
    Effect::Label(Labelling { target: post(ID), label: label.to_owned() })
}

#[test]
fn effects_are_few_and_keep_to_the_sizes_of_the_contract() {
    assert_eq!(effects(vec![label("new"); 16]), None);
    assert_eq!(effects(vec![label("new"); 17]), Some(FaultKind::Output));
    let removal =
        |bytes| effect(Effect::Remove(Removal { target: post(ID), reason: "r".repeat(bytes) }));
    assert_eq!((removal(1_024), removal(1_025)), (None, Some(FaultKind::Output)));
    let notice = |bytes| {
        effect(Effect::Notify(Notice { to: Recipient::Moderators, text: "n".repeat(bytes) }))
    };
    assert_eq!((notice(1_024), notice(1_025)), (None, Some(FaultKind::Output)));
    let emission = |payload: String| {
        effect(Effect::EmitWebhook(Emission { name: "crowd".to_owned(), payload }))
    };
    assert_eq!(emission("{\"votes\": 12}".to_owned()), None);
    assert_eq!(emission("votes".to_owned()), Some(FaultKind::BadOutput), "not JSON");
    assert_eq!(emission(format!("\"{}\"", "v".repeat(16 << 10))), Some(FaultKind::Output));
}

#[test]
fn effects_name_what_can_be() {
    for good in ["a", "new-account", "x2", &*"l".repeat(32)] {
        assert_eq!(effect(label(good)), None, "{good}");
    }
    for bad in ["", "New", "two words", "ü", "a_b", &*"l".repeat(33)] {
        assert_eq!(effect(label(bad)), Some(FaultKind::BadOutput), "{bad}");
    }
    for bad in ["", "1", "../../posts", &*format!("{ID}0")] {
        assert_eq!(effect(Effect::Lock(post(bad))), Some(FaultKind::BadOutput), "{bad}");
        let warning = Warning { account: bad.to_owned(), reason: String::new() };
        assert_eq!(effect(Effect::Warn(warning)), Some(FaultKind::BadOutput), "{bad}");
    }
    let account = Target::Account(ID.to_owned());
    assert_eq!(effect(Effect::Lock(account.clone())), Some(FaultKind::BadOutput));
    let priority =
        |priority| effect(Effect::Prioritise(Priority { target: account.clone(), priority }));
    assert_eq!((priority(-100), priority(101)), (None, Some(FaultKind::BadOutput)));
    assert_eq!(priority(i32::MIN), Some(FaultKind::BadOutput));
    let slow =
        |interval| effect(Effect::SlowMode(SlowMode { post: None, interval, duration: None }));
    assert_eq!((slow(60_000), slow(u64::MAX)), (None, Some(FaultKind::BadOutput)));
}

#[test]
fn effects_are_json_that_tells_their_kind() {
    let effects = [
        (Effect::Lock(post(ID)), format!(r#"{{"kind":"lock","target":{{"post":"{ID}"}}}}"#)),
        (label("new"), format!(r#"{{"kind":"label","target":{{"post":"{ID}"}},"label":"new"}}"#)),
    ];
    for (effect, json) in effects {
        assert_eq!(serde_json::to_string(&effect).unwrap(), json);
        assert_eq!(serde_json::from_str::<Effect>(&json).unwrap(), effect);
    }
}
