//! What a hook costs, beside the same components through bare wasmtime.
//!
//! `cargo bench --bench hooks` prints one table. All rows of it are of one run,
//! taken in turns, so that their ratios hold on a busy machine too.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program that measures and prints")]

#[path = "hooks/bare.rs"]
mod bare;
#[path = "hooks/counting.rs"]
mod counting;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use gatherly::hooks::{
    Actor, Binding, COMPILE_COMMAND, Content, ContentKind, Context, Grants, HookPoint, Hooks,
    Loaded, Mode, Operation, Purpose, Question, Role, run_compile_child,
};
use uuid::Uuid;

/// Who counts what asking nobody allocates.
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Calls of one row in one turn, and turns.
const CALLS: u32 = 500;
const TURNS: usize = 12;
/// A nanosecond's work is measured many times at once.
const BATCH: u32 = 1_000;
/// A call that takes the settings takes milliseconds.
const SLOW_CALLS: usize = 5;

fn main() -> ExitCode {
    // The host starts this program to compile.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(COMPILE_COMMAND) {
        let length = arguments.next().and_then(|length| length.parse().ok());
        return run_compile_child(length.unwrap_or(0));
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
    ExitCode::SUCCESS
}

async fn measure() {
    let folder = std::env::temp_dir().join(format!("gatherly-bench-{}", Uuid::now_v7()));
    let config = gatherly::config::Config::defaults().expect("the defaults are good").plugins;
    let program = std::env::current_exe().expect("its own path");
    let hooks = Hooks::start(&config, &folder, program).expect("the host starts");
    let automod: Arc<[u8]> =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/automod/automod.wasm"))
            .expect("automod is built")
            .into();
    let small = wat::parse_file(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/hostile/allow.wat"));
    let small = small.expect("it parses").into();
    let mut cases = Vec::new();
    for (name, component, settings) in [
        ("small component", small, String::new()),
        ("automod, 10 words", Arc::clone(&automod), words(10)),
        ("automod, 10,000 words", automod, words(10_000)),
    ] {
        cases.push(Case::new(&hooks, &folder, name, component, settings).await);
    }
    let (nothing, allocations) = turns_of_nothing(&hooks).await;
    for _ in 0..TURNS {
        for case in &mut cases {
            case.turn(&hooks).await;
        }
    }
    println!(
        "| median of one call, 1 KB comment | gatherly | bare wasmtime | ratio | settings taken in each call |"
    );
    println!("|---|---|---|---|---|");
    println!("| nothing bound, {allocations} allocations | {nothing:.3} us | | | |");
    for case in &mut cases {
        case.print();
    }
    println!(
        "\n| events of the past judged again (bar: 20,000 by a small component) | per second and core |\n|---|--:|"
    );
    for case in &cases {
        println!("| {} | {:.0} |", case.name, judged_again(&hooks, &case.loaded).await);
    }
    let _gone = std::fs::remove_dir_all(folder);
}

/// One component, called through the host and without it.
struct Case {
    name: &'static str,
    loaded: Arc<Loaded>,
    snapshot: bare::Bare,
    original: Option<(bare::Bare, String)>,
    gatherly: Vec<Duration>,
    bare: Vec<Duration>,
    configuring: Vec<Duration>,
}

impl Case {
    async fn new(
        hooks: &Hooks,
        folder: &Path,
        name: &'static str,
        component: Arc<[u8]>,
        settings: String,
    ) -> Self {
        let before = artefacts(folder);
        let loaded = hooks
            .activate(Arc::clone(&component), &settings, &Grants::default())
            .await
            .expect("it becomes active");
        let artefact =
            artefacts(folder).into_iter().find(|path| !before.contains(path)).expect("it is new");
        let original = (!settings.is_empty()).then(|| (bare::Bare::compile(&component), settings));
        Self {
            name,
            loaded,
            snapshot: bare::Bare::load(&artefact),
            original,
            gatherly: Vec::new(),
            bare: Vec::new(),
            configuring: Vec::new(),
        }
    }

    async fn turn(&mut self, hooks: &Hooks) {
        hooks.replace(vec![binding(Arc::clone(&self.loaded))]);
        for _ in 0..CALLS {
            let input = (context(), comment());
            let start = Instant::now();
            let outcome = hooks.ask_checked(None, || input, |_| Ok(())).await;
            self.gatherly.push(start.elapsed());
            let decisions = outcome.expect("somebody is bound").decisions;
            assert!(decisions.iter().all(|decision| decision.fault.is_none()), "{decisions:?}");
        }
        for _ in 0..CALLS {
            let start = Instant::now();
            self.snapshot.call(None).await;
            self.bare.push(start.elapsed());
        }
        if let Some((original, settings)) = &self.original {
            for _ in 0..SLOW_CALLS {
                let start = Instant::now();
                original.call(Some(settings)).await;
                self.configuring.push(start.elapsed());
            }
        }
    }

    fn print(&mut self) {
        let (gatherly, bare) = (median(&mut self.gatherly), median(&mut self.bare));
        let configuring = if self.configuring.is_empty() {
            "-".to_owned()
        } else {
            format!("{:.0} us", median(&mut self.configuring))
        };
        let ratio = gatherly / bare;
        println!(
            "| {} | {gatherly:.1} us | {bare:.1} us | {ratio:.2} | {configuring} |",
            self.name
        );
    }
}

/// How often a component judges a recorded event in a second, on one core: the
/// median of what each turn comes to, everything in it included.
async fn judged_again(hooks: &Hooks, loaded: &Loaded) -> f64 {
    let input = serde_json::json!({ "context": context(), "content": comment() }).to_string();
    let mut times = Vec::new();
    for _ in 0..TURNS {
        let start = Instant::now();
        for _ in 0..CALLS {
            let question = Question {
                hook: HookPoint::ContentBeforePublish,
                input: &input,
                purpose: Purpose::Replay,
                transcript: None,
                binding: None,
            };
            let trial = hooks.judge_again(loaded, question).await.expect("it exports the hook");
            assert!(trial.fault.is_none(), "{trial:?}");
        }
        times.push(start.elapsed() / CALLS);
    }
    1e6 / median(&mut times)
}

/// Microseconds of one question to nobody, and what all of them allocated.
async fn turns_of_nothing(hooks: &Hooks) -> (f64, u64) {
    let mut times = Vec::with_capacity(TURNS * 10);
    // The first question makes what its thread keeps.
    let _first = hooks.ask_checked(None, || (context(), comment()), |_| Ok(())).await;
    let before = counting::allocations();
    for _ in 0..TURNS * 10 {
        let start = Instant::now();
        for _ in 0..BATCH {
            let asked = hooks.ask_checked(None, || (context(), comment()), |_| Ok(())).await;
            assert!(std::hint::black_box(asked).is_none());
        }
        times.push(start.elapsed() / BATCH);
    }
    let allocations = counting::allocations() - before;
    (median(&mut times), allocations)
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("plugin-cache")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == "cwasm")).collect()
}

/// Settings of automod with that many words.
fn words(count: usize) -> String {
    let words: Vec<String> = (0..count).map(|number| format!("forbidden{number:05}")).collect();
    serde_json::json!({ "rules": [{
        "id": "words",
        "when": { "words": words },
        "action": "hold",
        "message": "a moderator has a look at it first",
    }] })
    .to_string()
}

fn binding(loaded: Arc<Loaded>) -> Binding {
    Binding {
        id: Uuid::now_v7(),
        revision: 1,
        plugin: "bench".to_owned(),
        digest: "digest".to_owned(),
        settings_hash: "settings".to_owned(),
        scope: None,
        mode: Mode::Enforce,
        failure: None,
        priority: 0,
        grants: Grants::default(),
        deadline: None,
        hooks: loaded.hooks(),
        loaded: Ok(loaded),
    }
}

fn context() -> Context {
    Context {
        event_id: "0199a1b2-0000-7000-8000-000000000001".to_owned(),
        mode: Purpose::Enforce,
        time: 1_760_000_000_000,
        community: Some("general".to_owned()),
        actor: Some(Actor {
            id: "0199a1b2-0000-7000-8000-000000000002".to_owned(),
            username: "mina".to_owned(),
            role: Role::Member,
            account_age: 86_400_000,
            verified: true,
            post_count: 3,
            comment_count: 14,
            score: 15,
            strikes: 0,
            labels: Vec::new(),
        }),
    }
}

fn comment() -> Content {
    Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id: "0199a1b2-0000-7000-8000-000000000003".to_owned(),
        post_id: Some("0199a1b2-0000-7000-8000-000000000004".to_owned()),
        parent_id: None,
        title: None,
        body: body(),
    }
}

/// A comment of 1 KB with nothing against it.
fn body() -> String {
    "I tried the recipe on Sunday and it came out well; next time with less salt. ".repeat(13)
}
