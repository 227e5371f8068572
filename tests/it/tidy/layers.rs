//! Which way imports run.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    assert_none,
    imports::imports,
    source::{Source, rust_files},
};

/// From the top to the ground: a module imports from lower layers, and within
/// its own only if nothing leads back.
const LAYERS: &[&[&str]] = &[
    &["main", "lib"],
    &["cli", "app", "routes", "workers"],
    FEATURES,
    &["hooks", "jobs"],
    &["http", "outbound", "blobs"],
    &["db", "redis"],
    &["crash", "events", "config", "lifecycle", "pictures"],
    &["base"],
];

/// A feature imports from those before it.
const FEATURES: &[&str] = &[
    "mail",
    "sessions",
    "plugin_state",
    "frozen_copies",
    "decisions",
    "attachments",
    "mod_actions",
    "identities",
    "accounts",
    "profiles",
    "credentials",
    "bans",
    "communities",
    "publishing",
    "posts",
    "comments",
    "media",
    "votes",
    "search",
    "plugin_versions",
    "plugin_envelopes",
    "plugin_activations",
    "plugin_admin",
    "plugin_files",
    "warnings",
    "moderation",
    "reports",
    "review",
    "appeals",
    "plugin_reads",
    "notifications",
    "digests",
    "webhooks",
    "after_hooks",
    "effects",
    "content_removals",
    "undos",
    "plugin_trials",
    "plugin_stats",
    "job_admin",
    "retention",
];

/// What a feature keeps for itself: others ask its `mod.rs`.
const INNER: &[&str] = &["model", "rules", "service", "store", "api", "jobs", "tests"];

/// The top-level module of a file of `src/`.
pub fn module(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

pub fn is_feature(module: &str) -> bool {
    FEATURES.contains(&module)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// What is wrong with the imports of these files.
fn faults(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
    for file in files {
        let from = module(&file.path);
        if layer(from).is_none() {
            found.push(format!("{}: `{from}` is in no layer", file.path));
            continue;
        }
        for import in imports(file) {
            let to = import.path[0].as_str();
            let place = format!("{}:{}", file.path, import.line);
            if to == from || !files.iter().any(|file| module(&file.path) == to) {
                continue; // its own, or an item of the root: a macro
            }
            if let Some(fault) = fault(from, &import.path) {
                found.push(format!("{place}: {fault}"));
            }
            first.entry((from.to_owned(), to.to_owned())).or_insert(place);
        }
    }
    for ((from, to), place) in &first {
        if let Some(back) = first.get(&(to.clone(), from.clone())).filter(|_| from < to) {
            found.push(format!("{place} and {back}: {from} and {to} import each other"));
        }
    }
    found
}

/// What is wrong with an import by one module of a path in another.
fn fault(from: &str, path: &[String]) -> Option<String> {
    let to = path[0].as_str();
    if layer(to) < layer(from) {
        return Some(format!("{from} imports {to}, which stands above it"));
    }
    if !is_feature(to) {
        return None;
    }
    let order = |name: &str| FEATURES.iter().position(|feature| *feature == name);
    if is_feature(from) && order(to) > order(from) {
        return Some(format!("{from} imports {to}, which comes after it"));
    }
    let inner = path.get(1).filter(|name| INNER.contains(&name.as_str()))?;
    Some(format!("{from} reaches into {to}::{inner}"))
}

#[test]
fn imports_run_one_way() {
    let planted = [
        ("src/base/mod.rs", "use crate::db::Db;"),
        ("src/db/mod.rs", "use crate::base::Error;"),
        ("src/sessions/mod.rs", "use crate::accounts::{Accounts, store::find};"),
        ("src/accounts/mod.rs", "use crate::sessions::store::find;"),
        ("src/novelty/mod.rs", ""),
    ]
    .map(|(path, text)| Source::new(path, text.to_owned()));
    assert_eq!(
        faults(&planted),
        [
            "src/base/mod.rs:1: base imports db, which stands above it",
            "src/sessions/mod.rs:1: sessions imports accounts, which comes after it",
            "src/sessions/mod.rs:1: sessions imports accounts, which comes after it",
            "src/accounts/mod.rs:1: accounts reaches into sessions::store",
            "src/novelty/mod.rs: `novelty` is in no layer",
            "src/accounts/mod.rs:1 and src/sessions/mod.rs:1: accounts and sessions import each other",
            "src/base/mod.rs:1 and src/db/mod.rs:1: base and db import each other",
        ]
    );
    assert_none("imports against the grain", &faults(&rust_files("src")));
}

#[test]
fn layers_name_what_is_there() {
    let files = rust_files("src");
    let there: BTreeSet<&str> = files.iter().map(|file| module(&file.path)).collect();
    let findings: Vec<String> = LAYERS
        .iter()
        .flat_map(|layer| layer.iter())
        .filter(|name| !there.contains(*name))
        .map(|name| format!("{name}: listed, and not there"))
        .collect();
    assert_none("the table of layers", &findings);
}
