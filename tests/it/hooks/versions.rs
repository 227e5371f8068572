//! The contract is kept: guests of every version go on working, and `wit/` does
//! not change without a version.

use std::{fs, path::PathBuf, sync::Arc};

use gatherly::{
    base::secret::sha256_hex,
    hooks::{Merged, Registration, Vote},
};

use super::bench::{Bench, binding, context};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `wit/` without comments and white space.
fn essence() -> String {
    let files = fs::read_dir(root().join("wit")).expect("wit/ can be read");
    let mut files: Vec<PathBuf> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
        .collect();
    files.sort();
    let mut essence = String::new();
    for file in files {
        let text = fs::read_to_string(file).expect("it can be read");
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            essence.extend(code.split_whitespace());
        }
    }
    assert!(!essence.contains("/*"), "comments in wit/ are lines");
    essence
}

#[test]
fn the_contract_does_not_change_without_a_version() {
    let essence = essence();
    let (_, rest) = essence.split_once("packagegatherly:plugin@").expect("the package is named");
    let (version, _) = rest.split_once(';').expect("a statement ends");
    let line = format!("{version} {}", sha256_hex(essence.as_bytes()));
    let file = root().join("wit/versions.txt");
    let versions = fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<&str> = versions.lines().collect();
    let names: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.is_sorted_by(|one, next| one < next), "each version once, in order: {names:?}");
    if !names.contains(&version) {
        fs::write(&file, format!("{versions}{line}\n")).expect("it can be written");
        panic!("{version} was not in wit/versions.txt; it is now: look at it and commit it");
    }
    assert_eq!(
        lines.last(),
        Some(&&*line),
        "wit/ has changed since {version}: give the package a new version"
    );
}

/// A component that was compiled against a version of the contract.
pub(crate) fn guest(version: &str, name: &str) -> Arc<[u8]> {
    let file = root().join(format!("tests/it/fixtures/guests/{version}/{name}.wasm"));
    fs::read(file).unwrap_or_else(|_| panic!("{version} has no frozen guest {name}")).into()
}

#[tokio::test]
async fn frozen_guests_of_every_version_go_on_working() {
    let versions = fs::read_to_string(root().join("wit/versions.txt")).expect("it is there");
    for version in versions.lines().filter_map(|line| line.split(' ').next()) {
        goes_on_working(guest(version, "word"), version).await;
    }
}

/// The guest holds and refuses by the one word of its settings.
async fn goes_on_working(guest: Arc<[u8]>, version: &str) {
    let bench = Bench::new();
    let inspection = bench.hooks.inspect(Arc::clone(&guest)).await.expect("it is good");
    assert_eq!((inspection.contract.as_str(), inspection.lifecycle), (version, true));
    assert_eq!((inspection.hooks.len(), inspection.wanted.as_slice()), (3, [].as_slice()));
    bench.hooks.replace(vec![binding(bench.activate(&guest, "min").await)]);

    let held = bench.comment("a minute").await.expect("somebody is bound");
    assert!(matches!(held.verdict, Merged::Hold { .. }), "{:?}", held.verdict);
    let evidence = held.decisions[0].evidence.first().expect("it says why");
    assert_eq!((evidence.rule.as_str(), evidence.field.as_deref()), ("word", Some("body")));
    let allowed = bench.comment("an hour").await.expect("somebody is bound");
    assert_eq!(allowed.verdict, Merged::Allow);

    let registration =
        Registration { username: "admin".to_owned(), email_domain: "example.org".to_owned() };
    let refused = bench.hooks.ask(None, || (context(), registration)).await.expect("it is bound");
    assert!(matches!(refused.verdict, Merged::Reject { .. }), "{:?}", refused.verdict);

    let vote = Vote {
        kind: gatherly::hooks::ContentKind::Post,
        content_id: "post".to_owned(),
        author_id: "author".to_owned(),
        previous: 0,
        value: 1,
    };
    // `mina` votes, and has the word in her name.
    let refused = bench.hooks.ask(None, || (context(), vote)).await.expect("it is bound");
    assert!(matches!(refused.verdict, Merged::Reject { .. }), "{:?}", refused.verdict);
}
