//! Every component of `plugins/hostile` is refused when it is loaded, or
//! answered by its binding's failure mode in time, and the next call is as good
//! as ever. The same over HTTP is in `tests/it/http/plugins/hostile.rs`; plugins
//! that undo each other, or act on their own content, in `tests/it/effects/limits.rs`.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, join_all};
use gatherly::hooks::{
    Binding, FailureMode, FaultKind, Grants, HookPoint, HttpError, HttpRequest, HttpResponse,
    LoadCode, LoadError, Merged, Outcome, Verdict,
    ports::{HttpSend, Ports},
};

use serde_json::json;
use uuid::Uuid;

use super::bench::{Bench, binding, comment, context, recheck};

/// What becomes of a hostile component.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
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

/// Every file of `plugins/hostile`.
pub(crate) const FATES: [(&str, Fate); 40] = [
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
    ("endless-search", Fails(FaultKind::HostQuota)),
    ("endless-start", NotInspected(LoadCode::StartFault)),
    ("huge-memory", NotInspected(LoadCode::TooLarge)),
    ("huge-output", Fails(FaultKind::Output)),
    ("huge-table", NotInspected(LoadCode::TooLarge)),
    ("import-not-granted", NotActivated(LoadCode::NotGranted)),
    // It may modify; what it makes of the comment is what nobody may write.
    ("invalid-rewrite", Fails(FaultKind::BadOutput)),
    ("invalid-utf8", Fails(FaultKind::BadOutput)),
    ("keeps-handle", Fails(FaultKind::BadOutput)),
    ("log-flood", Fails(FaultKind::HostQuota)),
    ("log-forgery", Answers("allow")),
    ("memory-bomb", Fails(FaultKind::Memory)),
    ("no-hook", NotInspected(LoadCode::NoKnownHook)),
    ("out-of-bounds", Fails(FaultKind::BadOutput)),
    ("seventeen-effects", Fails(FaultKind::Output)),
    ("settings-fill-declared-memory", NotActivated(LoadCode::ConfigureFault)),
    ("settings-fill-memory", NotActivated(LoadCode::ConfigureFault)),
    ("slow", Answers("allow")),
    ("span-out-of-range", Fails(FaultKind::BadOutput)),
    ("state-flood", Fails(FaultKind::HostQuota)),
    ("table-bomb", Fails(FaultKind::Memory)),
    ("too-much-evidence", Fails(FaultKind::Output)),
    ("trap", Fails(FaultKind::Trap)),
    ("trap-in-configure", NotActivated(LoadCode::ConfigureFault)),
    ("unknown-import", NotInspected(LoadCode::UnknownImport)),
    ("waits-for-http", Fails(FaultKind::Deadline)),
    ("wrong-types", NotInspected(LoadCode::WrongType)),
    ("wrong-version", NotInspected(LoadCode::NoKnownHook)),
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

/// What a hostile component needs to do its worst; the others get nothing.
pub(crate) fn grants(name: &str) -> Grants {
    Grants {
        state: name == "state-flood",
        text: name == "endless-search",
        modify: name == "invalid-rewrite",
        http: if name == "waits-for-http" { vec![HOST.to_owned()] } else { Vec::new() },
        http_in_decisions: name == "waits-for-http",
        ..Grants::default()
    }
}

/// What every comment here says: to `waits-for-http` it is an address.
const TEXT: &str = "https://server.example/";
const HOST: &str = "server.example";

/// A server that answers after a while, and knows who waits.
struct Slow {
    waits: Duration,
    waiting: Arc<()>,
}

impl Slow {
    /// Puts one behind a host's port; how many wait is one less than are counted.
    fn lend(bench: &Bench, waits: Duration) -> Arc<()> {
        let waiting = Arc::new(());
        let http = Arc::new(Self { waits, waiting: Arc::clone(&waiting) });
        bench.hooks.lend(Ports { http, ..Ports::default() });
        waiting
    }
}

impl HttpSend for Slow {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let waiting = Arc::clone(&self.waiting);
        Box::pin(async move {
            tokio::time::sleep(self.waits).await;
            drop(waiting);
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() })
        })
    }
}

/// A hostile component.
pub(crate) fn hostile(name: &str) -> Arc<[u8]> {
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
    // The ports hold it, and so does the test: more are calls that still wait.
    let waiting = Slow::lend(&bench, Duration::MAX);
    let good = binding(bench.activate(&hostile("allow"), "").await);
    for (name, fate) in FATES {
        meet(&bench, name, fate).await;
        bench.hooks.replace(vec![good.clone()]);
        let outcome = bench.comment(TEXT).await.expect("somebody is bound");
        assert_eq!(describe(&outcome), "allow", "the good plugin after {name}");
        assert!(outcome.decisions.iter().all(|decision| decision.fault.is_none()), "after {name}");
        assert_eq!(Arc::strong_count(&waiting), 2, "{name} is gone, and what it waited for");
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
    let grants = grants(name);
    let activated = bench.hooks.activate(hostile(name), "", &grants).await;
    if let NotActivated(code) = fate {
        assert_eq!(activated.expect_err(name).code, code, "{name}");
        return;
    }
    let bound = Binding { grants, ..binding(activated.expect(name)) };
    bench.hooks.replace(vec![bound]);
    let mut fastest = Duration::MAX;
    for _ in 0..CALLS {
        let start = Instant::now();
        let outcome = bench.comment(TEXT).await.expect("somebody is bound");
        fastest = fastest.min(start.elapsed());
        let fault = outcome.decisions[0].fault.as_ref();
        match fate {
            Fails(kind) => {
                let fault = fault.unwrap_or_else(|| panic!("{name} must fail: {outcome:?}"));
                // On a busy machine the deadline can come before the processor
                // time, or what the host does in a call, is used up.
                let is_counted = matches!(kind, FaultKind::Cpu | FaultKind::HostQuota);
                let late = is_counted && fault.kind == FaultKind::Deadline;
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
        let outcome = bench.comment(TEXT).await.expect("somebody is bound");
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
    let outcome = bench.comment(TEXT).await.expect("somebody is bound");
    let took = start.elapsed();
    let kinds: Vec<_> = outcome
        .decisions
        .iter()
        .map(|decision| decision.fault.as_ref().map(|fault| fault.kind))
        .collect();
    assert_eq!(kinds[..3], [Some(FaultKind::Deadline); 3]);
    assert!(took < 2 * DEADLINE, "the chain took {took:?}");
}

/// A plugin that always answers just in time is slow, and no more: it is never
/// stopped, and whoever does not ask it is served at once.
#[tokio::test(flavor = "multi_thread")]
async fn who_always_comes_just_in_time_is_asked_on_and_holds_nobody_up() {
    // A share of the deadline that leaves room for a busy machine.
    const DEADLINE: Duration = Duration::from_secs(2);
    /// More than the failures in a row that would stop it.
    const AT_ONCE: usize = 6;
    let bench = Bench::with(|config| config.deadline_ms = 2_000);
    Slow::lend(&bench, DEADLINE * 95 / 100);
    let [here, elsewhere] = [Uuid::now_v7(), Uuid::now_v7()];
    let grants = grants("waits-for-http");
    let slow = bench.hooks.activate(hostile("waits-for-http"), "", &grants).await.expect("slow");
    let slow = Binding { scope: Some(here), grants, ..binding(slow) };
    let quick = binding(bench.activate(&hostile("allow"), "").await);
    bench.hooks.replace(vec![slow, Binding { scope: Some(elsewhere), ..quick }]);
    let ask = |community| {
        let asked = || (context(), comment(TEXT));
        let outcome = bench.hooks.ask_checked(Some(community), asked, recheck);
        async { outcome.await.expect("somebody is bound").decisions.remove(0) }
    };
    for _ in 0..2 {
        let others = async {
            let mut took = Vec::new();
            for _ in 0..50 {
                let start = Instant::now();
                assert_eq!(ask(elsewhere).await.fault, None);
                took.push(start.elapsed());
            }
            took.sort_unstable();
            took[took.len() / 2]
        };
        let (slow, median) = tokio::join!(join_all((0..AT_ONCE).map(|_| ask(here))), others);
        for decision in slow {
            assert_eq!((decision.fault, decision.verdict), (None, Verdict::Allow));
            assert!(decision.duration_us >= 1_900_000, "{}", decision.duration_us);
        }
        assert!(median < DEADLINE / 10, "others waited {median:?}");
    }
    assert!(bench.hooks.breakers().iter().all(|breaker| !breaker.quarantined));
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_an_overload() {
    let bench = Arc::new(Bench::with(|config| {
        config.max_calls_per_binding = 2;
        config.deadline_ms = DEADLINE_MS;
    }));
    bench.hooks.replace(vec![binding(bench.activate(&hostile("endless-loop"), "").await)]);
    let calls = (0..6).map(|_| bench.comment("A text"));
    let outcomes = join_all(calls).await;
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

/// A server whose answer is there at the next look, after the deadline: whoever
/// waits for it has the thread until then.
struct Blocking;

impl HttpSend for Blocking {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async {
            std::thread::sleep(2 * DEADLINE);
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() })
        })
    }
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_a_failure() {
    let bench = Bench::with(|config| config.deadline_ms = DEADLINE_MS);
    bench.hooks.lend(Ports { http: Arc::new(Blocking), ..Ports::default() });
    let grants = grants("waits-for-http");
    let late = bench.hooks.activate(hostile("waits-for-http"), "", &grants).await.expect("good");
    for (failure, verdict) in [
        (FailureMode::Hold, "hold waits for a moderator: it could not be checked automatically"),
        (FailureMode::Closed, "Unavailable"),
    ] {
        let bound = Binding {
            grants: grants.clone(),
            failure: Some(failure),
            ..binding(Arc::clone(&late))
        };
        bench.hooks.replace(vec![bound]);
        let outcome = bench.comment(TEXT).await.expect("somebody is bound");
        let fault = outcome.decisions[0].fault.as_ref().expect("it is late");
        assert_eq!(fault.kind, FaultKind::Deadline, "{fault}");
        assert_eq!(describe(&outcome), verdict);
    }
}

/// While one comment is judged by the slowest search that there is, other tasks of
/// the same thread go on.
#[tokio::test]
async fn a_search_that_takes_long_holds_up_nobody_else() {
    let bench = Bench::with(|config| (config.deadline_ms, config.cpu_ms) = (DEADLINE_MS, 100));
    let grants = grants("endless-search");
    let loaded = bench.hooks.activate(hostile("endless-search"), "", &grants).await.expect("good");
    bench.hooks.replace(vec![Binding { grants, ..binding(loaded) }]);
    // The first call brings the memory image in, and compiles the expression.
    let _warm = bench.comment(TEXT).await;
    let turns = AtomicU32::new(0);
    let others = async {
        loop {
            turns.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let outcome = tokio::select! {
        outcome = bench.comment(TEXT) => outcome.expect("somebody is bound"),
        () = others => unreachable!("they go on for ever"),
    };
    assert!(outcome.decisions[0].fault.is_some(), "{outcome:?}");
    assert!(turns.into_inner() > 20, "others had their turn all the time");
}

#[tokio::test]
async fn settings_that_fill_the_memory_are_refused_with_the_numbers() {
    let bench = Bench::new();
    for (name, used, most) in [
        ("settings-fill-memory", 32 << 20, "33554432 bytes that a call may use"),
        ("settings-fill-declared-memory", 128 << 10, "131072 bytes that the component declares"),
    ] {
        let refused = bench.hooks.activate(hostile(name), "", &Grants::default()).await;
        let LoadError { code, message, .. } = refused.expect_err(name);
        assert_eq!(code, LoadCode::ConfigureFault, "{name}: {message}");
        assert!(message.contains(&format!("{used} of the {most}")), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_line_that_a_plugin_logs_is_one_line() {
    let bench = Bench::new();
    let loaded = bench.activate(&hostile("log-forgery"), "").await;
    let input = json!({"context": context(), "content": comment(TEXT)}).to_string();
    let hook = HookPoint::parse("content.before-publish").expect("it is a hook");
    let trial = bench.hooks.try_out(&loaded, hook, &input).await.expect("it is asked");
    let [line] = trial.log.as_slice() else { panic!("{trial:?}") };
    assert_eq!(line.message, r"hi\n2026-11-30T00:00:00Z ERROR forged\r\u{1b}[2K");
}
