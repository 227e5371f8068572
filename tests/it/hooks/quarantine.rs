//! A binding that fails again and again is not asked, until it works or an admin
//! says so.

use gatherly::hooks::{Binding, FaultKind, Merged, Mode, Outcome};

use super::{
    bench::{Bench, binding},
    guest::{self, answer},
};

async fn bound(bench: &Bench, decide: &str) -> Binding {
    binding(bench.activate(&guest::content(decide), "").await)
}

fn fault<T>(outcome: &Outcome<T>) -> Option<FaultKind> {
    outcome.decisions[0].fault.as_ref().map(|fault| fault.kind)
}

#[tokio::test]
async fn five_failures_in_a_row_and_it_is_not_asked() {
    let bench = Bench::new();
    let trap = bound(&bench, "unreachable").await;
    bench.hooks.replace(vec![trap.clone()]);
    let mut changes = bench.hooks.breaker_changes();
    for _ in 0..5 {
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(fault(&outcome), Some(FaultKind::Trap));
    }
    // The same set again, as after another binding's change.
    bench.hooks.replace(vec![trap.clone()]);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!(fault(&outcome), Some(FaultKind::Quarantined));
    assert!(matches!(outcome.verdict, Merged::Hold { .. }), "the failure mode holds");
    assert!(changes.has_changed().expect("the host lives"));
    changes.mark_unchanged();
    let states = bench.hooks.breakers();
    let [state] = states.as_slice() else { panic!("one binding, one hook: {states:?}") };
    assert_eq!((state.binding, state.quarantined, state.by_admin), (trap.id, true, false));
    assert_eq!((state.calls, state.faults, state.faults_in_a_row), (5, 5, 5));
    assert!(state.retry_in_ms.is_some_and(|wait| wait <= 1_000), "{state:?}");
    assert_eq!(state.last_fault.as_ref().map(|fault| fault.kind), Some(FaultKind::Trap));

    assert!(bench.hooks.restore(trap.id));
    assert!(changes.has_changed().expect("the host lives"));
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!(fault(&outcome), Some(FaultKind::Trap), "it is asked again");
}

#[tokio::test]
async fn a_new_revision_is_asked() {
    let bench = Bench::new();
    let trap = bound(&bench, "unreachable").await;
    bench.hooks.replace(vec![trap.clone()]);
    for _ in 0..6 {
        bench.comment("A text").await.expect("somebody is bound");
    }
    let mut mended = bound(&bench, &answer(1, "")).await;
    (mended.id, mended.revision) = (trap.id, 2);
    bench.hooks.replace(vec![mended]);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!((fault(&outcome), outcome.verdict), (None, Merged::Annotate));
}

#[tokio::test]
async fn an_admin_stops_one_binding_and_the_others_go_on() {
    let bench = Bench::new();
    let mut stopped = bound(&bench, &answer(4, "no")).await;
    stopped.mode = Mode::Enforce;
    let other = bound(&bench, &answer(1, "")).await;
    bench.hooks.replace(vec![stopped.clone(), other]);
    assert!(bench.hooks.quarantine(stopped.id));
    assert!(!bench.hooks.quarantine(uuid::Uuid::now_v7()), "there is no such binding");
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    let kinds: Vec<_> = outcome
        .decisions
        .iter()
        .map(|decision| decision.fault.as_ref().map(|fault| fault.kind))
        .collect();
    assert!(kinds.contains(&None) && kinds.contains(&Some(FaultKind::Quarantined)), "{kinds:?}");
    bench.hooks.restore(stopped.id);
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    assert_eq!(outcome.verdict, Merged::Reject { reason: "no".to_owned() });
}
