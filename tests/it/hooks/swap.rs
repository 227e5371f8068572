//! Swapping plugins while they are being asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use gatherly::hooks::Merged;

use super::{
    bench::{Bench, binding},
    guest::{self, answer},
};

/// Two versions, each bound twice: a call that met both would be seen.
const VERSIONS: [&str; 2] = ["one", "two"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_meets_one_version_and_none_fails() {
    let bench = Arc::new(Bench::with(|config| {
        // Whether a call is in time is another test's question.
        (config.deadline_ms, config.cpu_ms) = (5_000, 5_000);
    }));
    let mut sets = Vec::new();
    for version in VERSIONS {
        let loaded = bench.activate(&guest::content(&answer(4, version)), "").await;
        let mut bound = binding(loaded);
        version.clone_into(&mut bound.digest);
        let mut twin = bound.clone();
        twin.id = uuid::Uuid::now_v7();
        sets.push(vec![bound, twin]);
    }
    bench.hooks.replace(sets[0].clone());
    let (done, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        callers.spawn(call(Arc::clone(&bench), Arc::clone(&done), Arc::clone(&calls)));
    }
    for swap in 0..200 {
        bench.hooks.replace(sets[swap % 2].clone());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    done.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.expect("no caller saw a mixture or a fault");
    }
    assert!(calls.load(Ordering::Relaxed) > 200, "there was load");
}

/// Asks until it is done.
async fn call(bench: Arc<Bench>, done: Arc<AtomicBool>, calls: Arc<AtomicU32>) {
    while !done.load(Ordering::Relaxed) {
        let outcome = bench.comment("A text").await.expect("somebody is always bound");
        let [first, second] = outcome.decisions.as_slice() else {
            panic!("two bindings, two decisions")
        };
        assert_eq!(first.digest, second.digest, "one call met two versions");
        assert_eq!(outcome.verdict, Merged::Reject { reason: first.digest.to_string() });
        assert_eq!(first.fault.as_ref().or(second.fault.as_ref()), None);
        calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}
