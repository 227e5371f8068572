//! What is compiled in is what is there.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder that end so, named relative to the root.
fn below(folder: &str, extension: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let entry = entry.expect("it can be read");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(below(&path, extension));
        } else if path.ends_with(extension) {
            found.insert(path);
        }
    }
    found
}

fn paths(embedded: &[Embedded]) -> BTreeSet<String> {
    embedded.iter().map(|(path, _)| (*path).to_owned()).collect()
}

#[test]
fn the_whole_contract_and_guest_crate_are_compiled_in() {
    assert_eq!(paths(WIT), below("wit", ".wit"));
    let mut sdk = below("plugins/sdk/src", ".rs");
    sdk.insert("plugins/sdk/Cargo.toml".to_owned());
    assert_eq!(paths(SDK), sdk);
}

#[test]
fn a_plugin_is_laid_out_once() {
    let within = std::env::temp_dir().join(format!("gatherly-new-{}", uuid::Uuid::now_v7()));
    let new =
        |name: &str, lang| New { name: name.to_owned(), lang, within: Some(within.clone()) }.run();
    for (name, lang, file) in [
        ("in-rust", Language::Rust, "Cargo.toml"),
        ("in-js", Language::JavaScript, "package.json"),
        ("in-python", Language::Python, "pyproject.toml"),
    ] {
        assert_eq!(new(name, lang).expect("it is new"), ExitCode::SUCCESS);
        let project = fs::read_to_string(within.join(name).join(file)).expect("it is there");
        assert!(project.contains(name) && !project.contains(PLACEHOLDER), "{project}");
        assert!(new(name, lang).is_err(), "it is there already");
    }
    for wrong in ["", "a", "../a", "A-b", "a b"] {
        assert!(new(wrong, Language::Rust).is_err(), "{wrong}");
    }
    fs::remove_dir_all(&within).expect("it is ours");
}
