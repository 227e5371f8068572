//! What one call leaves behind no other call can see, and what a plugin may use
//! is bounded.

use gatherly::hooks::{FaultKind, LogLevel, Merged};

use super::{
    bench::{Bench, binding},
    guest::{self, CONTENT, answer, component, core},
};

#[tokio::test]
async fn every_call_starts_from_the_same_memory() {
    let bench = Bench::new();
    // Rejects with a digit: how many calls this instance and this memory saw.
    let decide = "
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store8 (i32.const 90000) (i32.add (i32.load8_u (i32.const 90000)) (i32.const 1)))
        (i32.store8 (i32.const 2048) (i32.add (i32.const 47) (i32.add (global.get $calls) (i32.load8_u (i32.const 90000)))))
        (i32.store8 (i32.const 1024) (i32.const 4))
        (i32.store (i32.const 1028) (i32.const 2048))
        (i32.store (i32.const 1032) (i32.const 1))
        (i32.const 1024)";
    let counter = component(
        CONTENT,
        &core("content-before-publish", decide, "(global $calls (mut i32) (i32.const 0))"),
    );
    bench.hooks.replace(vec![binding(bench.activate(&counter, "").await)]);
    for _ in 0..50 {
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(outcome.verdict, Merged::Reject { reason: "1".to_owned() });
    }
}

#[tokio::test]
async fn a_log_is_cut_and_a_flood_of_it_is_a_fault() {
    let bench = Bench::new();
    let world = format!("import gatherly:plugin/log@0.3.0; {CONTENT}");
    let flood = |calls: u32| {
        let decide = format!(
            "(local $n i32)
             (loop $again
               (call $log (i32.const 2) (i32.const 2048) (i32.const 3))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $n) (i32.const {calls}))))
             {}",
            answer(0, "abc")
        );
        let import =
            r#"(import "gatherly:plugin/log@0.3.0" "log" (func $log (param i32 i32 i32)))"#;
        // Imports come before everything else in a module.
        component(
            &world,
            &core("content-before-publish", &decide, "").replacen(
                "(module",
                &format!("(module {import}"),
                1,
            ),
        )
    };
    let loaded = bench.activate(&flood(30), "").await;
    let input = serde_json::json!({
        "context": super::bench::context(), "content": super::bench::comment("A text"),
    });
    let hook = gatherly::hooks::HookPoint::ContentBeforePublish;
    let trial =
        bench.hooks.try_out(&loaded, hook, &input.to_string()).await.expect("the input is good");
    assert_eq!(trial.fault, None);
    assert_eq!(trial.log.len(), 20);
    assert!(trial.log.iter().all(|line| line.level == LogLevel::Warn));

    let outcome = bench.judge(flood(5_000), "A text").await;
    let fault = outcome
        .decisions
        .first()
        .and_then(|decision| decision.fault.clone())
        .expect("it is a fault");
    assert_eq!(fault.kind, FaultKind::HostQuota);
}

#[tokio::test]
async fn all_memories_of_an_instance_count_together() {
    let bench = Bench::with(|config| config.memory_mib = 1);
    // Two pages to begin with; 14 more are 1 MiB, and one more is refused.
    let grow = |pages: u32| {
        guest::content(&format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)) {}",
            answer(0, "")
        ))
    };
    assert_eq!(bench.judge(grow(14), "A text").await.verdict, Merged::Allow);
    let outcome = bench.judge(grow(15), "A text").await;
    let fault = outcome
        .decisions
        .first()
        .and_then(|decision| decision.fault.clone())
        .expect("it is a fault");
    assert_eq!(fault.kind, FaultKind::Memory);
}

#[tokio::test]
async fn an_instance_lives_as_long_as_its_call() {
    let bench = Bench::new();
    let endless = guest::content("(loop $again (br $again)) (i32.const 1024)");
    bench.hooks.replace(vec![binding(bench.activate(&endless, "").await)]);
    assert_eq!(bench.hooks.instances(), 0);
    let seen = async {
        crate::support::wait_for("a call is under way", async || bench.hooks.instances() == 1)
            .await;
    };
    let (outcome, ()) = tokio::join!(bench.comment("A text"), seen);
    let fault = outcome.expect("somebody is bound").decisions.remove(0).fault.expect("a fault");
    assert!(matches!(fault.kind, FaultKind::Cpu | FaultKind::Deadline), "{fault}");
    assert_eq!(bench.hooks.instances(), 0);
}
