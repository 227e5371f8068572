//! Compiling in a child: its limits, its cache, and what happens when either is
//! attacked.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use gatherly::hooks::{Grants, LoadCode, LoadError, Merged};

use super::{
    bench::{Bench, binding},
    guest::{self, answer},
};

#[path = "../../../plugins/hostile/compile_bomb.rs"]
mod compile_bomb;

/// A component that attacks the compiler. Its cost in time and memory grows with
/// the square of the depth.
fn bomb(depth: usize) -> Arc<[u8]> {
    wat::parse_str(compile_bomb::compile_bomb(depth)).expect("it parses").into()
}

/// A bomb that no build of the compiler can finish within its limits.
pub(crate) fn large_bomb() -> Arc<[u8]> {
    bomb(2 * compile_bomb::DEPTH)
}

fn artefacts(bench: &Bench, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.folder.join("plugin-cache")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

#[tokio::test]
async fn a_compile_bomb_is_refused_by_name_while_calls_go_on() {
    let bench = Bench::new();
    let error = refused_while_calls_go_on(&bench, large_bomb()).await;
    assert_eq!(error.code, LoadCode::CompileMemory, "{error}");
}

/// The time on the clock does not count as long as the compiler works, see
/// `src/hooks/compile/compiler/tests.rs`.
#[tokio::test]
async fn a_compile_that_stands_still_is_refused_by_name() {
    let bench = Bench::new();
    let idle = bench.folder.join("idle");
    fs::write(&idle, "#!/bin/sh\nexec sleep 60\n").expect("it is written");
    fs::set_permissions(&idle, fs::Permissions::from_mode(0o755)).expect("it can be started");
    let mut config = gatherly::config::Config::defaults().expect("the defaults are good").plugins;
    (config.max_calls, config.compile_seconds) = (16, 1);
    let hooks = gatherly::hooks::Hooks::start(&config, &bench.folder, idle).expect("it starts");
    let error = hooks.inspect(bomb(100)).await.expect_err("it is given up");
    assert_eq!(error.code, LoadCode::CompileTime, "{error}");
    assert!(error.message.contains("plugins.compile_seconds"), "{error}");
}

/// Uploads the component, and has comments judged until it is refused.
async fn refused_while_calls_go_on(bench: &Bench, component: Arc<[u8]>) -> LoadError {
    bench.hooks.replace(vec![binding(bench.activate(&guest::content(&answer(4, "no")), "").await)]);
    let compile = bench.hooks.inspect(component);
    tokio::pin!(compile);
    let mut calls = 0;
    loop {
        tokio::select! {
            refused = &mut compile => {
                assert!(calls > 10, "calls went on");
                return refused.expect_err("it is refused");
            }
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                let outcome = bench.comment("A text").await.expect("somebody is bound");
                assert_eq!(outcome.verdict, Merged::Reject { reason: "no".to_owned() });
                calls += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_compile_that_nobody_waits_for_any_more_is_ended() {
    let bench = Bench::new();
    let component = bomb(compile_bomb::DEPTH + 7);
    let length = component.len().to_string();
    let waited = tokio::time::timeout(Duration::from_millis(150), bench.hooks.inspect(component));
    assert!(waited.await.is_err(), "it takes longer than that");
    let start = Instant::now();
    while compilers_of(&length) > 0 {
        assert!(start.elapsed() < Duration::from_secs(5), "the compiler goes on for nobody");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Processes that compile a component of this length, ended but not reaped ones
/// not counted.
fn compilers_of(length: &str) -> usize {
    let command = format!("compile-plugin\0{length}\0");
    let processes = fs::read_dir("/proc").expect("processes are listed");
    let lines = processes.flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).ends_with(&command)).count()
}

#[tokio::test]
async fn what_was_compiled_is_kept_and_found_again() {
    let bench = Bench::new();
    let component = guest::configurable();
    bench.activate(&component, "first").await;
    bench.activate(&component, "first").await;
    assert_eq!(artefacts(&bench, "cwasm").len(), 1);
    bench.activate(&component, "second").await;
    assert_eq!(artefacts(&bench, "cwasm").len(), 2, "other settings are another artefact");
    // A host that cannot compile finds it all the same.
    let mut config = gatherly::config::Config::defaults().expect("the defaults are good").plugins;
    config.max_calls = 16;
    let other =
        gatherly::hooks::Hooks::start(&config, &bench.folder, PathBuf::from("/nonexistent"))
            .expect("it starts");
    other
        .activate(Arc::clone(&component), "second", &Grants::default())
        .await
        .expect("it was kept");
    let error = other
        .activate(component, "third", &Grants::default())
        .await
        .expect_err("it cannot be compiled");
    assert_eq!(error.code, LoadCode::Host);
    assert!(artefacts(&bench, "draft").is_empty());
}

#[tokio::test]
async fn an_artefact_that_was_changed_is_not_loaded_but_made_anew() {
    let bench = Bench::new();
    let component = guest::content(&answer(4, "no"));
    bench.activate(&component, "").await;
    let artefact = artefacts(&bench, "cwasm").pop().expect("one artefact");
    let good = fs::read(&artefact).expect("it can be read");
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::remove_file(&artefact).expect("it can be removed");
    fs::write(&artefact, &bad).expect("it can be written");
    let outcome = bench.judge(Arc::clone(&component), "A text").await;
    assert_eq!(outcome.verdict, Merged::Reject { reason: "no".to_owned() });
    assert_eq!(fs::read(&artefact).expect("it can be read").len(), good.len());
    assert_ne!(fs::read(&artefact).expect("it can be read"), bad);

    // The seal of another artefact is no better.
    bench.activate(&guest::content(&answer(4, "other")), "").await;
    let [first, second] = artefacts(&bench, "json").try_into().expect("two artefacts");
    fs::copy(first, second).expect("it can be copied");
    for text in ["no", "other"] {
        let outcome = bench.judge(guest::content(&answer(4, text)), "A text").await;
        assert_eq!(outcome.verdict, Merged::Reject { reason: text.to_owned() });
    }
}

#[tokio::test]
async fn the_key_and_the_folder_are_the_servers_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let mode = |path: &str| {
        fs::metadata(bench.folder.join(path)).expect("it is there").permissions().mode() & 0o777
    };
    assert_eq!(mode("plugin-cache"), 0o700);
    assert_eq!(mode("plugin-cache.key"), 0o600);
}
