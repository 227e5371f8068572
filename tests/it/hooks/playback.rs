//! What a plugin asks the host about its event: answered, kept, and given again
//! when a recorded call is played back.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::{FutureExt, pending, ready};
use gatherly::hooks::{
    Attachment, ContentSummary, FaultKind, HookPoint, HostRead, Loaded, Merged, PriorReport,
    PriorSanction, Purpose, Question, Thread, Transcript, Trial,
    ports::{About, Answer, EventReads, Ports, Unanswered},
};
use serde_json::json;

use super::{
    bench::{Bench, binding},
    guest::{CONTENT, component, core},
};

/// How the host answers for labels.
#[derive(Clone, Copy)]
enum Labels {
    /// With another one each time.
    Counted,
    /// Not at all.
    Never,
    /// By failing.
    Broken,
}

struct Facts(Labels, AtomicUsize);

fn facts(labels: Labels) -> Ports {
    Ports { event: Arc::new(Facts(labels, AtomicUsize::new(0))), ..Ports::default() }
}

impl EventReads for Facts {
    fn recent<'a>(&'a self, _: &'a About, _: u32) -> Answer<'a, Vec<ContentSummary>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn thread<'a>(&'a self, _: &'a About) -> Answer<'a, Option<Thread>> {
        ready(Ok(None)).boxed()
    }
    fn reports<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<PriorReport>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn sanctions<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<PriorSanction>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn attachments<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<Attachment>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn labels<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<String>> {
        let label = || {
            let content = about.content.as_deref().unwrap_or("nothing");
            format!("{content}-{}", self.1.fetch_add(1, Ordering::SeqCst))
        };
        match self.0 {
            Labels::Counted => ready(Ok(vec![label()])).boxed(),
            Labels::Never => pending().boxed(),
            Labels::Broken => ready(Err(Unanswered("the disk is gone".to_owned()))).boxed(),
        }
    }
}

/// A guest that asks for the labels that often and rejects with the first.
fn curious(times: u32) -> Arc<[u8]> {
    let decide = format!(
        "(local $n i32)
         (loop $again
           (call $labels (i32.load offset=120 (local.get $in)) (i32.const 512))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $n) (i32.const {times}))))
         (i32.store8 (i32.const 1024) (i32.const 4))
         (i32.store (i32.const 1028) (i32.load (i32.load (i32.const 512))))
         (i32.store (i32.const 1032) (i32.load offset=4 (i32.load (i32.const 512))))
         (i32.const 1024)"
    );
    let import = r#"(module (import "gatherly:plugin/event@0.3.0" "[method]event-context.labels"
        (func $labels (param i32 i32)))"#;
    let core = core("content-before-publish", &decide, "").replacen("(module", import, 1);
    component(CONTENT, &core)
}

async fn curious_bound(bench: &Bench, labels: Labels, times: u32) -> Arc<Loaded> {
    bench.hooks.lend(facts(labels));
    let loaded = bench.activate(&curious(times), "").await;
    bench.hooks.replace(vec![binding(Arc::clone(&loaded))]);
    loaded
}

async fn judge_again(
    bench: &Bench,
    loaded: &Loaded,
    input: &str,
    transcript: Option<Transcript>,
) -> Trial {
    let (hook, purpose) = (HookPoint::ContentBeforePublish, Purpose::Replay);
    let question = Question { hook, input, purpose, transcript, binding: None };
    bench.hooks.judge_again(loaded, question).await.expect("the question makes sense")
}

#[tokio::test]
async fn an_answer_is_kept_and_given_again() {
    let bench = Bench::new();
    let loaded = curious_bound(&bench, Labels::Counted, 1).await;
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!(outcome.verdict, Merged::Reject { reason: "comment-0".to_owned() });
    let [decision] = outcome.decisions.as_slice() else { panic!("one plugin, one decision") };
    let read = HostRead {
        call: "event.labels".to_owned(),
        arguments: json!({}),
        answer: json!(["comment-0"]),
    };
    assert_eq!(decision.reads.reads, [read]);

    let input = decision.input_text();
    let now = judge_again(&bench, &loaded, &input, None).await;
    assert_eq!(now.message.as_deref(), Some("comment-1"), "the forum has changed since");
    let then = judge_again(&bench, &loaded, &input, Some(decision.reads.clone())).await;
    assert_eq!((then.verdict, &then.message), (Some(decision.verdict), &decision.message));
    assert_eq!(then.fault, None);
}

#[tokio::test]
async fn another_question_than_the_recorded_one_is_a_fault() {
    let bench = Bench::new();
    let loaded = curious_bound(&bench, Labels::Counted, 1).await;
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    let input = outcome.decisions[0].input_text();
    let mut other = outcome.decisions[0].reads.clone();
    other.reads[0].call = "event.reports".to_owned();
    for transcript in [Transcript::default(), other] {
        let trial = judge_again(&bench, &loaded, &input, Some(transcript)).await;
        assert_eq!(trial.fault.map(|fault| fault.kind), Some(FaultKind::Transcript));
    }
}

#[tokio::test]
async fn questions_are_counted_and_the_host_may_fail() {
    for (labels, times, kind) in [
        (Labels::Counted, 1_001, FaultKind::HostQuota),
        (Labels::Never, 1, FaultKind::Deadline),
        (Labels::Broken, 1, FaultKind::Host),
    ] {
        let bench = Bench::with(|config| config.deadline_ms = 1_000);
        curious_bound(&bench, labels, times).await;
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        let fault = outcome.decisions[0].fault.as_ref().expect("it is a fault");
        assert_eq!(fault.kind, kind, "{fault}");
    }
}

/// Numbers that look random and are the same in every run.
fn shuffled(seed: u64) -> u64 {
    let mut number = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Calls of [`the_same_question_has_the_same_answer`]; a thousand take seconds.
const GENERATED: u64 = 1_000;

#[tokio::test]
async fn the_same_question_has_the_same_answer() {
    let bench = Bench::new();
    let automod: Arc<[u8]> = crate::support::plugin("automod").into();
    let settings = json!({ "rules": [
        { "id": "words", "when": { "words": ["plum", "pear"] }, "action": "hold", "message": "look" },
        { "id": "more", "when": { "words": ["fig"] }, "action": "reject", "message": "no" },
    ] });
    let loaded = bench.activate(&automod, &settings.to_string()).await;
    let words = ["plum", "pear", "fig", "apple", "ﬁg", "PEAR", "https://example.org", "\n", "é"];
    let mut verdicts = std::collections::BTreeSet::new();
    for number in 0..GENERATED {
        let word = |at: u64| {
            let index = usize::try_from(shuffled(number * 16 + at) % 9).expect("it is small");
            words[index]
        };
        let body = (0..number % 8).map(word).collect::<Vec<_>>().join(" ");
        let context = super::bench::context();
        let content = super::bench::comment(&body);
        let input = json!({ "context": context, "content": content }).to_string();
        let mut first = judge_again(&bench, &loaded, &input, None).await;
        let mut second = judge_again(&bench, &loaded, &input, Some(first.reads.clone())).await;
        verdicts.insert(first.verdict);
        // Time passes, and what of a stack is touched depends on the machine.
        (first.duration_us, second.duration_us) = (0, 0);
        second.reads.clone_from(&first.reads);
        assert_eq!(first, second, "{input}");
    }
    assert!(verdicts.len() > 2, "{verdicts:?}");
}
