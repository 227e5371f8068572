//! A plugin is told the text that readers see, and where its links lead.

use std::{fs, sync::Arc};

use gatherly::hooks::{
    ContentKind, Evidence, FaultKind, Feature, Finding, HookPoint, LoadCode, Merged, Origin,
    Overridden, Published, Purpose, Question, Removed, Resolution, Span, Vote,
};

use super::{
    bench::{Bench, binding, comment, context},
    guest::{component, core},
    versions::guest as frozen,
};

/// The newest version of the contract.
const NEWEST: &str = "0.3.0";
/// Body of a function that rejects with the text that readers see.
const TELL: &str = "
    (call $rendered (i32.load offset=120 (local.get $in)) (i32.const 512))
    (i32.store8 (i32.const 1024) (i32.const 4))
    (i32.store (i32.const 1028) (i32.load (i32.const 516)))
    (i32.store (i32.const 1032) (i32.load (i32.const 520)))
    (i32.const 1024)";

/// A guest of one hook with a body of a function that may call `$rendered`.
fn guest(interface: &str, body: &str) -> Arc<[u8]> {
    let import = r#"(module (import "gatherly:plugin/event@0.3.0" "[method]event-context.rendered"
        (func $rendered (param i32 i32)))"#;
    let core = core(interface, body, "").replacen("(module", import, 1);
    component(&format!("export gatherly:plugin/{interface}@0.3.0;"), &core)
}

#[tokio::test]
async fn a_plugin_reads_the_text_as_readers_see_it() {
    let bench = Bench::new();
    let guest = guest("content-before-publish", TELL);
    for (source, seen) in [
        ("fr&#101;e money", "free money"),
        ("fr**e**e money", "free money"),
        ("fr[](https://example.org)ee money", "free money"),
        ("free\\-money", "free-money"),
        ("plain", "plain"),
    ] {
        let outcome = bench.judge(Arc::clone(&guest), source).await;
        assert_eq!(outcome.verdict, Merged::Reject { reason: seen.to_owned() }, "{source}");
        assert!(outcome.decisions[0].reads.is_empty(), "the text is derived, not recorded");
        let input = outcome.decisions[0].input_json();
        assert_eq!(input["content"]["body"], source);
    }
}

/// A guest that is told afterwards: its evidence is the text that readers see.
fn told_afterwards(interface: &str) -> Arc<[u8]> {
    let body = "
        (call $rendered (i32.load offset=120 (local.get $in)) (i32.const 512))
        (i32.store (i32.const 1024) (i32.const 1280))
        (i32.store (i32.const 1028) (i32.const 1))
        (i32.store (i32.const 1324) (i32.load (i32.const 516)))
        (i32.store (i32.const 1328) (i32.load (i32.const 520)))
        (i32.const 1024)";
    guest(interface, body)
}

#[tokio::test]
async fn every_hook_that_is_given_content_has_it() {
    async fn seen<S: gatherly::hooks::Subject>(interface: &str, subject: S) -> String {
        let bench = Bench::new();
        let loaded = bench.activate(&told_afterwards(interface), "").await;
        bench.hooks.replace(vec![binding(loaded)]);
        let outcome = bench.hooks.ask(None, || (context(), subject)).await.expect("it is bound");
        let decision = &outcome.decisions[0];
        assert_eq!(decision.fault, None);
        decision.evidence[0].text.clone()
    }
    let content = || comment("**a** &amp; b");
    assert_eq!(seen("content-after-publish", Published(content())).await, "a & b");
    let removed = Removed {
        content: content(),
        author_id: "author".to_owned(),
        by: Origin::Moderator,
        reason: None,
    };
    assert_eq!(seen("content-after-remove", removed).await, "a & b");
    let overridden = |content| Overridden {
        decision_id: "decision".to_owned(),
        hook: "content.before-publish".to_owned(),
        verdict: "hold".to_owned(),
        resolution: Resolution::Approved,
        content,
    };
    assert_eq!(seen("decision-overridden", overridden(Some(content()))).await, "a & b");
    assert_eq!(seen("decision-overridden", overridden(None)).await, "");
}

#[tokio::test]
async fn an_event_without_content_has_no_rendered_text() {
    let body = "
        (call $rendered (i32.load offset=120 (local.get $in)) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then unreachable))
        (i32.store8 (i32.const 1024) (i32.const 0))
        (i32.const 1024)";
    let bench = Bench::new();
    let loaded = bench.activate(&guest("vote-before-cast", body), "").await;
    bench.hooks.replace(vec![binding(loaded)]);
    let vote = Vote {
        kind: ContentKind::Post,
        content_id: "post".to_owned(),
        author_id: "author".to_owned(),
        previous: 0,
        value: 1,
    };
    let outcome = bench.hooks.ask(None, || (context(), vote)).await.expect("it is bound");
    assert_eq!(outcome.decisions[0].fault, None);
}

#[tokio::test]
async fn evidence_points_into_the_text_that_readers_see() {
    let bench = Bench::new();
    let guest = frozen(NEWEST, "word");
    let evidence = |field: Option<&str>, rule: &str, finding| Evidence {
        rule: rule.to_owned(),
        field: field.map(str::to_owned),
        finding: Some(finding),
        text: "the word".to_owned(),
        public: false,
    };
    let span = |start, end| Finding::Span(Span { start, end });
    let url = Feature { name: "url".to_owned(), value: "https://evil.test/x".to_owned() };
    bench.hooks.replace(vec![binding(bench.activate(&guest, "evil").await)]);
    for (source, expected) in [
        ("an evil text", evidence(Some("body"), "word", span(3, 7))),
        ("an e*v*il text", evidence(Some("rendered"), "word", span(3, 7))),
        ("[x](https://e&#118;il.test/x)", evidence(None, "link", Finding::Feature(url))),
    ] {
        let outcome = bench.comment(source).await.expect("it is bound");
        assert!(matches!(outcome.verdict, Merged::Hold { .. }), "{source}: {:?}", outcome.verdict);
        assert_eq!(outcome.decisions[0].evidence, [expected], "{source}");
    }
}

#[tokio::test]
async fn a_replay_derives_the_same_text_from_the_recorded_source() {
    let bench = Bench::new();
    let loaded = bench.activate(&frozen(NEWEST, "word"), "evil").await;
    bench.hooks.replace(vec![binding(Arc::clone(&loaded))]);
    let outcome = bench.comment("an e*v*il text").await.expect("it is bound");
    let decision = &outcome.decisions[0];
    let input = decision.input_text();
    let (hook, purpose) = (HookPoint::ContentBeforePublish, Purpose::Replay);
    for transcript in [None, Some(decision.reads.clone())] {
        let question = Question { hook, input: &input, purpose, transcript, binding: None };
        let trial = bench.hooks.judge_again(&loaded, question).await.expect("it makes sense");
        assert_eq!(trial.fault, None);
        assert_eq!((trial.verdict, &trial.evidence), (Some(decision.verdict), &decision.evidence));
    }
}

#[tokio::test]
async fn what_a_plugin_made_of_a_text_is_rendered_anew_for_the_next_one() {
    let bench = Bench::new();
    let shorten = super::guest::content(super::guest::SHORTEN);
    let mut first = binding(bench.activate(&shorten, "").await);
    first.grants.modify = true;
    let second = binding(bench.activate(&guest("content-before-publish", TELL), "").await);
    bench.hooks.replace(vec![first, second]);
    let outcome = bench.comment("_**a** b").await.expect("they are bound");
    assert_eq!(outcome.verdict, Merged::Reject { reason: "a b".to_owned() });
}

#[tokio::test]
async fn rendering_is_counted_in_the_budget_of_the_call() {
    let again = |times: u32| {
        let body = format!(
            "(local $n i32)
             (local $mark i32)
             (local.set $mark (global.get $heap))
             (loop $again
               (call $rendered (i32.load offset=120 (local.get $in)) (i32.const 512))
               (global.set $heap (local.get $mark))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $n) (i32.const {times}))))
             (i32.store8 (i32.const 1024) (i32.const 0))
             (i32.const 1024)"
        );
        guest("content-before-publish", &body)
    };
    // The longest post there may be, and the default time of the processor.
    let bench = Bench::with(|config| (config.cpu_ms, config.deadline_ms) = (10, 10_000));
    let text = "a".repeat(40_000);
    for (times, kind) in [(10, None), (20, Some(FaultKind::HostQuota))] {
        let outcome = bench.judge(again(times), &text).await;
        let fault = outcome.decisions[0].fault.as_ref().map(|fault| fault.kind);
        assert_eq!(fault, kind, "{times}");
    }
}

#[tokio::test]
async fn a_component_of_the_version_before_cannot_import_the_rendered_text() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/hostile/allow.wat");
    let old = fs::read_to_string(file).expect("it is there");
    let resource = r#"(export "event-context" (type (sub resource)))"#;
    let with_method = r#"(export "event-context" (type $r (sub resource)))
        (export "[method]event-context.rendered" (func (param "self" (borrow $r)) (result u32)))"#;
    assert!(old.contains("event@0.2.0") && old.contains(resource));
    let bench = Bench::new();
    let component = |wat: &str| wat::parse_str(wat).expect("the text parses").into();
    bench.hooks.inspect(component(&old)).await.expect("the version before is served");
    let new = old.replacen(resource, with_method, 1);
    let error = bench.hooks.inspect(component(&new)).await.expect_err("it is refused");
    assert_eq!(error.code, LoadCode::WrongType, "{error}");
}
