//! Every component of `plugins/hostile` is refused when it is loaded, or
//! answered by its binding's failure mode in time, and the next call is as good
//! as ever.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use gatherly::hooks::{FailureMode, FaultKind, Grants, LoadCode, Merged, Outcome};

use super::bench::{Bench, binding};

/// What becomes of a hostile component.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Refused at upload.
    NotInspected(LoadCode),
    /// Refused at activation.
    NotActivated(LoadCode),
    /// Every call of it fails, and so.
    Fails(FaultKind),
    /// It answers, and this is all it can do.
    Answers(&'static str),
}

use Fate::{Answers, Fails, NotActivated, NotInspected};

const FATES: [(&str, Fate); 33] = [
    ("allow", Answers("allow")),
    ("bad-discriminant", Fails(FaultKind::BadOutput)),
    ("core-module", NotInspected(LoadCode::NotAComponent)),
    // Held with the number of the call, which is the first every time.
    ("counter", Answers("hold 1")),
    ("crlf-in-notice", Answers("allow")),
    ("deep-recursion", Fails(FaultKind::Trap)),
    // Dropped, and noted in the record.
    ("effect-not-granted", Answers("allow")),
    ("effect-on-nothing", Fails(FaultKind::BadOutput)),
    ("effects-flood", Fails(FaultKind::BadOutput)),
    ("endless-configure", NotActivated(LoadCode::ConfigureFault)),
    ("endless-copy", Fails(FaultKind::Cpu)),
    ("endless-loop", Fails(FaultKind::Cpu)),
    ("endless-start", NotInspected(LoadCode::StartFault)),
    ("huge-memory", NotInspected(LoadCode::TooLarge)),
    ("huge-output", Fails(FaultKind::Output)),
    ("import-not-granted", NotActivated(LoadCode::NotGranted)),
    // Without the grant `modify` it cannot even try.
    ("invalid-rewrite", Fails(FaultKind::NotGranted)),
    ("invalid-utf8", Fails(FaultKind::BadOutput)),
    ("keeps-handle", Fails(FaultKind::BadOutput)),
    ("log-flood", Fails(FaultKind::HostQuota)),
    ("memory-bomb", Fails(FaultKind::Memory)),
    ("no-hook", NotInspected(LoadCode::NoKnownHook)),
    ("out-of-bounds", Fails(FaultKind::BadOutput)),
    ("seventeen-effects", Fails(FaultKind::Output)),
    ("slow", Answers("allow")),
    ("span-out-of-range", Fails(FaultKind::BadOutput)),
    ("state-flood", Fails(FaultKind::HostQuota)),
    ("too-much-evidence", Fails(FaultKind::Output)),
    ("trap", Fails(FaultKind::Trap)),
    ("trap-in-configure", NotActivated(LoadCode::ConfigureFault)),
    ("unknown-import", NotInspected(LoadCode::UnknownImport)),
    ("wrong-version", NotInspected(LoadCode::NoKnownHook)),
    ("wrong-types", NotInspected(LoadCode::WrongType)),
];

/// What the chain of an event has here: more than the default, for a machine
/// that is busy with other tests.
const DEADLINE_MS: u32 = 200;
const DEADLINE: Duration = Duration::from_millis(200);
/// What an answer may take beyond the deadline, on a busy machine.
const SLACK: Duration = Duration::from_millis(50);
/// Calls of each; the fastest is measured, since the machine is busy with tests.
const CALLS: usize = 5;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/hostile"))
}

fn hostile(name: &str) -> Arc<[u8]> {
    let file = folder().join(format!("{name}.wat"));
    wat::parse_file(&file).unwrap_or_else(|error| panic!("{error}")).into()
}

#[test]
fn every_hostile_component_has_a_fate() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, FATES.map(|(name, _)| name.to_owned()).into());
}

#[tokio::test]
async fn hostile_components_do_no_harm() {
    // Far more than `slow` needs on an idle machine.
    let bench = Bench::with(|config| (config.deadline_ms, config.cpu_ms) = (DEADLINE_MS, 100));
    let good = binding(bench.activate(&hostile("allow"), "").await);
    for (name, fate) in FATES {
        meet(&bench, name, fate).await;
        bench.hooks.replace(vec![good.clone()]);
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(describe(&outcome), "allow", "the good plugin after {name}");
        assert!(outcome.decisions.iter().all(|decision| decision.fault.is_none()), "after {name}");
    }
}

async fn meet(bench: &Bench, name: &str, fate: Fate) {
    let inspected = bench.hooks.inspect(hostile(name)).await;
    if let NotInspected(code) = fate {
        let error = inspected.expect_err(name);
        assert_eq!(error.code, code, "{name}: {error}");
        return;
    }
    inspected.expect(name);
    // A flood needs something to flood.
    let grants = Grants { state: name == "state-flood", ..Grants::default() };
    let activated = bench.hooks.activate(hostile(name), "", &grants).await;
    if let NotActivated(code) = fate {
        assert_eq!(activated.expect_err(name).code, code, "{name}");
        return;
    }
    bench.hooks.replace(vec![binding(activated.expect(name))]);
    let mut fastest = Duration::MAX;
    for _ in 0..CALLS {
        let start = Instant::now();
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        fastest = fastest.min(start.elapsed());
        let fault = outcome.decisions[0].fault.as_ref();
        match fate {
            Fails(kind) => {
                let fault = fault.unwrap_or_else(|| panic!("{name} must fail: {outcome:?}"));
                // On a busy machine the deadline can come before the processor
                // time is used up.
                let late = kind == FaultKind::Cpu && fault.kind == FaultKind::Deadline;
                assert!(fault.kind == kind || late, "{name}: {fault}");
                assert!(matches!(outcome.verdict, Merged::Hold { .. }), "{name}: {outcome:?}");
            }
            Answers(answer) => assert_eq!(describe(&outcome), answer, "{name}: {fault:?}"),
            NotInspected(_) | NotActivated(_) => unreachable!("{name} was refused"),
        }
    }
    assert!(fastest < DEADLINE + SLACK, "{name} took {fastest:?}");
}

fn describe<T>(outcome: &Outcome<T>) -> String {
    match &outcome.verdict {
        Merged::Allow => "allow".to_owned(),
        Merged::Hold { reason } => format!("hold {reason}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn each_failure_mode_does_what_it_says() {
    let bench = Bench::new();
    let loaded = bench.activate(&hostile("trap"), "").await;
    for (failure, verdict) in [
        (Some(FailureMode::Open), "allow"),
        (Some(FailureMode::Closed), "Unavailable"),
        (
            Some(FailureMode::Hold),
            "hold waits for a moderator: it could not be checked automatically",
        ),
        (None, "hold waits for a moderator: it could not be checked automatically"),
    ] {
        let mut bound = binding(Arc::clone(&loaded));
        bound.failure = failure;
        bench.hooks.replace(vec![bound]);
        let outcome = bench.comment("A text").await.expect("somebody is bound");
        assert_eq!(describe(&outcome), verdict);
        assert_eq!(
            outcome.decisions[0].fault.as_ref().map(|fault| fault.kind),
            Some(FaultKind::Trap)
        );
    }
}

#[tokio::test]
async fn one_deadline_holds_for_the_whole_chain() {
    let bench = Bench::with(|config| config.deadline_ms = DEADLINE_MS);
    let endless = bench.activate(&hostile("endless-loop"), "").await;
    let mut chain = vec![binding(bench.activate(&hostile("allow"), "").await)];
    for priority in 1..4 {
        let mut bound = binding(Arc::clone(&endless));
        // One after another: three deadlines would be seen.
        (bound.grants.modify, bound.priority) = (true, priority);
        chain.push(bound);
    }
    bench.hooks.replace(chain);
    let start = Instant::now();
    let outcome = bench.comment("A text").await.expect("somebody is bound");
    let took = start.elapsed();
    let kinds: Vec<_> = outcome
        .decisions
        .iter()
        .map(|decision| decision.fault.as_ref().map(|fault| fault.kind))
        .collect();
    assert_eq!(kinds[..3], [Some(FaultKind::Deadline); 3]);
    assert!(took < 2 * DEADLINE, "the chain took {took:?}");
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_an_overload() {
    let bench = Arc::new(Bench::with(|config| {
        config.max_calls_per_binding = 2;
        config.deadline_ms = DEADLINE_MS;
    }));
    bench.hooks.replace(vec![binding(bench.activate(&hostile("endless-loop"), "").await)]);
    let calls = (0..6).map(|_| bench.comment("A text"));
    let outcomes = futures_util::future::join_all(calls).await;
    let overloaded = outcomes
        .iter()
        .flatten()
        .filter_map(|outcome| outcome.decisions[0].fault.as_ref())
        .filter(|fault| fault.kind == FaultKind::Overload)
        .count();
    assert_eq!(overloaded, 4, "two have a place");
}

#[tokio::test]
async fn an_effect_that_nobody_granted_is_dropped_and_noted() {
    let bench = Bench::new();
    let outcome = bench.judge(hostile("effect-not-granted"), "A text").await;
    let decision = &outcome.decisions[0];
    assert!(decision.effects.is_empty(), "{decision:?}");
    assert_eq!(decision.refused_effects.len(), 1, "{decision:?}");
}

/// Mutants of one component: as many as fit into the time of the test command,
/// each a process that starts.
const MUTANTS: usize = 200;

#[tokio::test]
async fn broken_bytes_are_refused_or_run() {
    let bench = Bench::new();
    let whole = hostile("allow");
    for number in 0..MUTANTS {
        // Spread over the whole of it, and never the same twice.
        let at = (number * 7_919 + 13) % whole.len();
        let mut mutant = whole.to_vec();
        if number % 2 == 0 {
            mutant.truncate(at);
        } else {
            mutant[at] ^= 1 << (number % 8);
        }
        if let Err(error) = bench.hooks.inspect(mutant.into()).await {
            let own = [LoadCode::Host, LoadCode::CompileCrash, LoadCode::CompileTime];
            assert!(!own.contains(&error.code), "mutant {number}, byte {at}: {error}");
        }
    }
    assert_eq!(describe(&bench.judge(whole, "A text").await), "allow");
}
