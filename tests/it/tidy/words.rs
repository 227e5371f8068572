//! Words that belong in one place: what is behind them can be replaced there.

use super::{
    assert_none,
    source::{Source, rust_files},
};

/// A word, and the files of `src/` that may say it: a folder, a file, or `*`
/// for every feature.
const WORDS: &[(&str, &[&str])] = &[
    ("wasmtime", &["src/hooks/"]),
    ("wasmtime_wizer", &["src/hooks/"]),
    ("wasmparser", &["src/hooks/"]),
    ("poem", &["src/http/", "src/routes.rs", "*/api.rs"]),
    ("poem_openapi", &["src/http/", "src/routes.rs", "*/api.rs"]),
    ("sqlx", &["src/db/", "*/store.rs"]),
    ("hyper", &["src/http/server/", "src/outbound/", "src/cli/plugin/client.rs"]),
    ("hyper_util", &["src/http/server/", "src/outbound/", "src/cli/plugin/client.rs"]),
    ("hyper_rustls", &["src/outbound/", "src/cli/plugin/client.rs"]),
    (
        "http_body_util",
        &[
            "src/http/server/",
            "src/http/body_limit.rs",
            "src/outbound/",
            "src/cli/plugin/client.rs",
        ],
    ),
    ("figment", &["src/config/", "src/hooks/package/", "src/cli/demo/story.rs"]),
    ("clap", &["src/cli/"]),
    ("anyhow", &["src/main.rs", "src/cli/", "*/jobs.rs"]),
    ("lettre", &["src/outbound/mail/"]),
    ("argon2", &["src/base/password.rs"]),
    ("jsonwebtoken", &["src/sessions/tokens.rs"]),
    ("pulldown_cmark", &["src/base/markdown/"]),
    ("ammonia", &["src/base/markdown/"]),
    // Floods of requests, and of records that say nothing.
    ("governor", &["src/decisions/service.rs", "src/http/rate_limit.rs"]),
    ("jsonschema", &["src/plugin_versions/rules.rs"]),
    ("TaskTracker", &["src/lifecycle.rs"]),
    // The cache of compiled plugins compares times of files.
    ("SystemTime", &["src/base/clock.rs", "src/hooks/compile/cache.rs"]),
    ("SignalKind", &["src/lifecycle.rs"]),
];

/// Ways to start a task that nobody waits for. Work on a blocking thread is
/// waited for by who asked for it.
const SPAWNS: &[&str] = &["tokio::spawn", "task::spawn", "JoinSet"];

fn may_say(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| match place.strip_prefix('*') {
        Some(end) => path.ends_with(end),
        None => path.starts_with(place),
    })
}

fn misplaced(files: &[Source]) -> Vec<String> {
    let words = WORDS.iter().copied().chain(SPAWNS.iter().map(|word| (*word, &[][..])));
    let mut found = Vec::new();
    for (word, places) in words {
        for file in files.iter().filter(|file| !may_say(&file.path, places)) {
            for at in file.positions(word) {
                found.push(format!("{}:{}: {word}", file.path, file.line_at(at)));
            }
        }
    }
    found
}

#[test]
fn words_stay_where_they_belong() {
    let planted = [
        ("src/posts/service.rs", "use sqlx::Row; // poem\nfn f() { tokio::spawn(g()); }"),
        ("src/posts/store.rs", "use sqlx::Row;\nuse poem::Route;"),
        ("src/hooks/mod.rs", "use wasmtime::Engine; fn f() { \"sqlx\"; }"),
    ]
    .map(|(path, text)| Source::new(path, text.to_owned()));
    assert_eq!(
        misplaced(&planted),
        [
            "src/posts/store.rs:2: poem",
            "src/posts/service.rs:1: sqlx",
            "src/posts/service.rs:2: tokio::spawn",
        ]
    );
    assert_none("words in the wrong place", &misplaced(&rust_files("src")));
}

#[test]
fn every_listed_word_is_said_somewhere() {
    let files = rust_files("src");
    let findings: Vec<String> = WORDS
        .iter()
        .filter(|(word, _)| files.iter().all(|file| file.positions(word).is_empty()))
        .map(|(word, _)| format!("{word} is nowhere: take it off the list"))
        .collect();
    assert_none("the list of words", &findings);
}
