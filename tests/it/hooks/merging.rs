//! Several plugins at one event: who goes first, who sees what, who wins.

use gatherly::hooks::{Binding, FaultKind, HookPoint, Merged, Mode, Verdict};

use super::{
    bench::{Bench, binding, broken},
    guest::{self, SHORTEN, answer, echo},
};

/// A binding of a guest with this answer.
async fn bound(bench: &Bench, decide: &str) -> Binding {
    binding(bench.activate(&guest::content(decide), "").await)
}

#[tokio::test]
async fn the_strictest_wins_and_all_are_recorded() {
    let bench = Bench::new();
    let bindings = vec![
        bound(&bench, &answer(0, "")).await,
        bound(&bench, &answer(4, "never")).await,
        bound(&bench, &answer(3, "wait")).await,
        bound(&bench, &answer(1, "")).await,
    ];
    bench.hooks.replace(bindings);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!(outcome.verdict, Merged::Reject { reason: "never".to_owned() });
    let mut verdicts: Vec<_> = outcome.decisions.iter().map(|decision| decision.verdict).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [Verdict::Allow, Verdict::Annotate, Verdict::Hold, Verdict::Reject]);
}

#[tokio::test]
async fn among_equals_the_higher_priority_gives_the_reason() {
    let bench = Bench::new();
    let mut high = bound(&bench, &answer(3, "high")).await;
    high.priority = 5;
    let low = bound(&bench, &answer(3, "low")).await;
    for bindings in [vec![high.clone(), low.clone()], vec![low, high]] {
        bench.hooks.replace(bindings);
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(outcome.verdict, Merged::Hold { reason: "high".to_owned() });
    }
}

#[tokio::test]
async fn a_shadow_is_recorded_and_changes_nothing() {
    let bench = Bench::new();
    let mut shadow = bound(&bench, &answer(4, "never")).await;
    shadow.mode = Mode::Shadow;
    let mut changing_shadow = bound(&bench, SHORTEN).await;
    changing_shadow.mode = Mode::Shadow;
    changing_shadow.grants.modify = true;
    bench.hooks.replace(vec![shadow, changing_shadow]);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!((outcome.verdict, outcome.modified), (Merged::Allow, false));
    assert_eq!(outcome.subject.body, "A text");
    assert_eq!(outcome.decisions.len(), 2);
    for decision in &outcome.decisions {
        assert_eq!(decision.mode, Mode::Shadow);
        assert_eq!(decision.input_json()["context"]["mode"], "shadow");
    }
}

#[tokio::test]
async fn changes_are_made_in_turn_and_the_others_see_the_last() {
    let bench = Bench::new();
    let mut first = bound(&bench, SHORTEN).await;
    (first.grants.modify, first.priority) = (true, 2);
    let mut second = bound(&bench, SHORTEN).await;
    (second.grants.modify, second.priority) = (true, 1);
    let mut judge = bound(&bench, &echo(4, guest::BODY)).await;
    // Higher than the others, and still asked after them.
    judge.priority = 9;
    bench.hooks.replace(vec![judge, second, first]);
    let outcome = bench.comment("abcdef").await.expect("somebody is bound");
    assert_eq!(outcome.verdict, Merged::Reject { reason: "cdef".to_owned() });
    assert!(outcome.modified);
    assert_eq!(outcome.subject.body, "cdef");
    let seen: Vec<_> = outcome
        .decisions
        .iter()
        .map(|decision| decision.input_json()["content"]["body"].clone())
        .collect();
    assert_eq!(seen, ["abcdef", "bcdef", "cdef"]);
}

#[tokio::test]
async fn a_change_that_a_user_could_not_make_is_not_made() {
    let bench = Bench::new();
    let mut changing = bound(&bench, SHORTEN).await;
    changing.grants.modify = true;
    bench.hooks.replace(vec![changing]);
    // One byte: shortened, nothing is left, and `recheck` wants something.
    let outcome = bench.comment("a").await.expect("somebody is bound");
    assert_eq!((outcome.modified, outcome.subject.body.as_str()), (false, "a"));
    let fault = outcome
        .decisions
        .first()
        .and_then(|decision| decision.fault.clone())
        .expect("it is a fault");
    assert_eq!(fault.kind, FaultKind::BadOutput);
    assert!(matches!(outcome.verdict, Merged::Hold { .. }), "{:?}", outcome.verdict);
}

#[tokio::test]
async fn a_change_without_the_grant_is_not_made() {
    let bench = Bench::new();
    let outcome = bench.judge(guest::content(SHORTEN), "abc").await;
    assert_eq!((outcome.modified, outcome.subject.body.as_str()), (false, "abc"));
    let fault = outcome
        .decisions
        .first()
        .and_then(|decision| decision.fault.clone())
        .expect("it is a fault");
    assert_eq!(fault.kind, FaultKind::NotGranted);
}

#[tokio::test]
async fn a_plugin_that_could_not_be_loaded_gets_its_failure_mode_beside_one_that_works() {
    let bench = Bench::new();
    let working = bound(&bench, &answer(1, "")).await;
    bench.hooks.replace(vec![broken(HookPoint::ContentBeforePublish, None), working]);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert!(matches!(outcome.verdict, Merged::Hold { .. }), "{:?}", outcome.verdict);
    let kinds: Vec<_> = outcome
        .decisions
        .iter()
        .map(|decision| decision.fault.as_ref().map(|fault| fault.kind))
        .collect();
    assert!(kinds.contains(&Some(FaultKind::NotLoaded)) && kinds.contains(&None), "{kinds:?}");
}
