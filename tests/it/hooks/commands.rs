//! `gatherly plugin`: what it prints, and what it exits with.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::bench::{comment, compiler, context};
use crate::support::plugin_file;

pub(super) static AUTOMOD: LazyLock<String> =
    LazyLock::new(|| plugin_file("automod").display().to_string());

pub(super) fn plugin(arguments: &[&str]) -> Output {
    Command::new(compiler()).arg("plugin").args(arguments).output().expect("it starts")
}

pub(super) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A file that is gone when the test is over.
struct File(PathBuf);

impl File {
    fn new(content: &Value) -> Self {
        let path = std::env::temp_dir().join(format!("gatherly-{}.json", Uuid::now_v7()));
        fs::write(&path, content.to_string()).expect("it can be written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("it is text")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

fn rules(action: &str) -> File {
    File::new(&json!({ "rules": [{
        "id": "gambling", "action": action, "message": "one moment", "when": { "words": ["casino"] },
    }] }))
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let mut command = Command::new(compiler());
    command.args(["plugin", "inspect", &AUTOMOD]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn inspect_describes_or_refuses() {
    let good = plugin(&["inspect", &AUTOMOD]);
    assert_eq!(good.status.code(), Some(0));
    assert!(text(&good).contains("hooks     content.before-publish\n"), "{}", text(&good));
    let bad = plugin(&["inspect", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).starts_with("not-a-component: "), "{}", text(&bad));
}

#[test]
fn check_tells_what_the_plugin_thinks_of_its_settings() {
    let (good, bad) = (rules("hold"), rules("explode"));
    let good = plugin(&["check", &AUTOMOD, "--settings", good.path()]);
    assert_eq!((good.status.code(), text(&good).starts_with("ok")), (Some(0), true));
    let bad = plugin(&["check", &AUTOMOD, "--settings", bad.path()]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).starts_with("configure-refused: rules[0].action"), "{}", text(&bad));
}

#[test]
fn run_prints_what_was_decided() {
    let input = json!({ "context": context(), "content": comment("Come to my casino") });
    let (settings, input) = (rules("hold"), File::new(&input));
    let hook = ["run", &AUTOMOD, "--hook", "content.before-publish"];
    let files = ["--settings", settings.path(), "--input", input.path()];
    let output = plugin(&[&hook[..], &files[..]].concat());
    assert_eq!(output.status.code(), Some(0));
    let trial: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&trial["verdict"], &trial["message"]), (&json!("hold"), &json!("one moment")));
    assert_eq!(trial["evidence"][0]["rule"], "gambling");
    assert!(trial["peak_memory"].as_u64().is_some_and(|bytes| bytes >= 1 << 16), "{trial}");
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_refusal() {
    let unknown = plugin(&["run", &AUTOMOD, "--hook", "tea.before-coffee", "--input", "none"]);
    assert_eq!(unknown.status.code(), Some(2));
    let no_file = plugin(&["inspect", "/nonexistent.wasm"]);
    assert_eq!(no_file.status.code(), Some(1));
}
