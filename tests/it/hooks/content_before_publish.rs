//! Contract of `content.before-publish`: what the guest is told, and what each
//! of its answers comes to.

use gatherly::hooks::{Content, Context, Grants, HookPoint, LoadCode, Merged, Mode, Verdict};
use uuid::Uuid;

use super::{
    bench::{Bench, binding, comment, context, recheck},
    guest::{self, answer, echo},
};

#[tokio::test]
async fn the_guest_sees_what_the_server_sends() {
    let bench = Bench::new();
    for (offsets, text) in
        [((0, 4), "event"), ((56, 60), "mina"), ((128, 132), "comment"), (guest::BODY, "A text")]
    {
        let outcome = bench.judge(guest::content(&echo(4, offsets)), "A text").await;
        assert_eq!(outcome.verdict, Merged::Reject { reason: text.to_owned() });
    }
}

#[tokio::test]
async fn each_verdict_comes_through() {
    let bench = Bench::new();
    for (case, verdict, merged) in [
        (0, Verdict::Allow, Merged::Allow),
        (1, Verdict::Annotate, Merged::Annotate),
        (3, Verdict::Hold, Merged::Hold { reason: "because".to_owned() }),
        (4, Verdict::Reject, Merged::Reject { reason: "because".to_owned() }),
    ] {
        let outcome = bench.judge(guest::content(&answer(case, "because")), "A text").await;
        assert_eq!(outcome.verdict, merged);
        let [decision] = outcome.decisions.as_slice() else { panic!("one plugin, one decision") };
        assert_eq!(decision.verdict, verdict);
        assert_eq!(decision.fault, None);
        assert_eq!(outcome.decided_by, (verdict != Verdict::Allow).then_some(decision.id));
    }
}

#[tokio::test]
async fn the_record_holds_what_the_guest_saw() {
    let bench = Bench::new();
    let outcome = bench.judge(guest::content(&answer(4, "no")), "A text").await;
    let [decision] = outcome.decisions.as_slice() else { panic!("one plugin, one decision") };
    assert_eq!(decision.hook, HookPoint::ContentBeforePublish);
    assert_eq!(decision.mode, Mode::Enforce);
    let actor = serde_json::json!({
        "id": "account", "username": "mina", "role": "member", "account_age": 86_400_000, "verified": true,
        "post_count": 3, "comment_count": 14, "score": 15, "strikes": 2, "labels": ["new"],
    });
    let expected = serde_json::json!({
        "context": {
            "event_id": "event", "mode": "enforce", "time": 1_760_000_000_000_u64,
            "community": "general", "actor": actor,
        },
        "content": {
            "kind": "comment", "operation": "create", "id": "comment", "post_id": "post",
            "parent_id": null, "title": null, "body": "A text",
        },
    });
    assert_eq!(decision.input_json(), expected);
}

#[tokio::test]
async fn nothing_bound_asks_nobody_and_builds_no_input() {
    let bench = Bench::new();
    let asked = || -> (Context, Content) { panic!("the input was built for nobody") };
    assert!(bench.hooks.ask_checked(None, asked, recheck).await.is_none());
}

#[tokio::test]
async fn a_binding_of_a_community_is_asked_there_only() {
    let bench = Bench::new();
    let loaded = bench.activate(&guest::content(&answer(4, "no")), "").await;
    let (here, elsewhere) = (Uuid::now_v7(), Uuid::now_v7());
    let mut bound = binding(loaded);
    bound.scope = Some(here);
    bench.hooks.replace(vec![bound]);
    let ask =
        |community| bench.hooks.ask_checked(community, || (context(), comment("A text")), recheck);
    assert!(ask(Some(here)).await.is_some());
    assert!(ask(Some(elsewhere)).await.is_none());
    assert!(ask(None).await.is_none());
}

#[tokio::test]
async fn a_binding_that_is_off_is_not_asked() {
    let bench = Bench::new();
    let mut bound = binding(bench.activate(&guest::content(&answer(4, "no")), "").await);
    bound.mode = Mode::Off;
    bench.hooks.replace(vec![bound]);
    assert!(bench.comment("A text").await.is_none());
}

#[tokio::test]
async fn settings_are_taken_once_and_stay() {
    let bench = Bench::new();
    let loaded = bench.activate(&guest::configurable(), "my settings").await;
    assert!(loaded.is_snapshot());
    bench.hooks.replace(vec![binding(loaded)]);
    for _ in 0..3 {
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(outcome.verdict, Merged::Reject { reason: "my settings".to_owned() });
    }
}

#[tokio::test]
async fn a_component_that_cannot_be_snapshotted_takes_its_settings_in_every_call() {
    let bench = Bench::new();
    // What a table holds is in no memory, so a snapshot would lose it.
    let more = "(table $t 1 funcref) (func (table.set $t (i32.const 0) (ref.null func)))";
    let guest = guest::configurable_with(more);
    let loaded = bench.activate(&guest, "my settings").await;
    assert!(!loaded.is_snapshot());
    bench.hooks.replace(vec![binding(loaded)]);
    for _ in 0..3 {
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(outcome.verdict, Merged::Reject { reason: "my settings".to_owned() });
    }
    let error =
        bench.hooks.activate(guest, "bad", &Grants::default()).await.expect_err("it is refused");
    assert_eq!((error.code, error.message.as_str()), (LoadCode::ConfigureRefused, "bad"));
}

#[tokio::test]
async fn bad_settings_are_refused_in_the_plugins_own_words() {
    let bench = Bench::new();
    for (settings, code) in [
        ("bad", LoadCode::ConfigureRefused),
        ("trap", LoadCode::ConfigureFault),
        ("loop", LoadCode::ConfigureFault),
    ] {
        let error = bench
            .hooks
            .activate(guest::configurable(), settings, &Grants::default())
            .await
            .expect_err("it is refused");
        assert_eq!(error.code, code, "{error}");
        if code == LoadCode::ConfigureRefused {
            assert_eq!(error.message, "bad");
        }
    }
    let error = bench
        .hooks
        .activate(guest::content(&answer(0, "")), "{\"a\": 1}", &Grants::default())
        .await
        .expect_err("it takes none");
    assert_eq!(error.code, LoadCode::ConfigureRefused);
}
