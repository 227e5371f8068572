//! Names of files, docs of the plugin contract, and words that have no place in
//! the repository.

use std::{fs, path::Path, process::Command};

use super::{
    assert_none,
    layers::{is_feature, module},
    source::{files_below, root},
};

/// What a feature's folder has.
const FEATURE_FILES: &[&str] =
    &["mod.rs", "model.rs", "rules.rs", "service.rs", "store.rs", "api.rs", "jobs.rs", "tests.rs"];
/// An engine of a feature's own that is too large to stand in one of those.
const ENGINES: &[&str] = &["src/notifications/live.rs", "src/sessions/tokens.rs"];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "types", "misc"];

fn has_end(path: &str, end: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == end)
}

/// What is wrong with the name of a file of `src/`.
fn name_fault(path: &str) -> Option<String> {
    let file = path.rsplit('/').next().unwrap();
    let stem = file.split('.').next().unwrap();
    if EMPTY_NAMES.contains(&stem) || path.split('/').any(|part| EMPTY_NAMES.contains(&part)) {
        return Some(format!("{path}: a name that says nothing"));
    }
    let is_rust = has_end(file, "rs");
    let inside = path.trim_start_matches("src/");
    if ENGINES.contains(&path) {
        return None;
    }
    let is_flat = inside == format!("{}/{file}", module(path));
    let fits = !is_feature(module(path)) || !is_rust || (is_flat && FEATURE_FILES.contains(&file));
    (!fits).then(|| format!("{path}: a feature has only {}", FEATURE_FILES.join(", ")))
}

#[test]
fn files_have_the_names_that_readers_look_for() {
    for bad in
        ["src/base/util.rs", "src/common/mod.rs", "src/posts/ranking.rs", "src/posts/a/mod.rs"]
    {
        assert!(name_fault(bad).is_some(), "{bad}");
    }
    let mut paths = files_below("src");
    paths.extend(files_below("tests").into_iter().filter(|path| has_end(path, "rs")));
    let findings: Vec<String> = paths.iter().filter_map(|path| name_fault(path)).collect();
    assert_none("names of files", &findings);
}

/// Whether a line of WIT declares something that an author must understand.
fn declares(line: &str) -> bool {
    let words = ["interface ", "record ", "variant ", "enum ", "flags ", "resource ", "world "];
    words.iter().any(|word| line.starts_with(word)) || line.contains(": func(")
}

fn undocumented(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let documented = |index: usize| {
        let before = lines[..index].iter().rev().find(|line| !line.starts_with('@'));
        before.is_some_and(|line| line.starts_with("///"))
    };
    (0..lines.len())
        .filter(|index| declares(lines[*index]) && !documented(*index))
        .map(|index| format!("{path}:{}: {}", index + 1, lines[index]))
        .collect()
}

#[test]
fn the_contract_is_documented() {
    let planted = "/// A.\ninterface a {\n    record b {\n    }\n    /// C.\n    c: func();\n}";
    assert_eq!(undocumented("a.wit", planted), ["a.wit:3: record b {"]);
    let mut findings = Vec::new();
    for path in files_below("wit").iter().filter(|path| has_end(path, "wit")) {
        findings.extend(undocumented(path, &fs::read_to_string(root().join(path)).unwrap()));
    }
    assert_none("declarations of the contract without a doc", &findings);
}

/// What has no place in a line of any file.
fn line_fault(line: &str) -> Option<&'static str> {
    let homes = ["home", "root", "Users", "work", "mnt"];
    let leads_home = |home: &&str| {
        let inside = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric());
        line.split(&format!("/{home}/")).skip(1).any(inside)
    };
    if homes.iter().any(leads_home) {
        return Some("a path of one machine");
    }
    if line.contains(&["shared", "/"].concat()) {
        return Some("a folder that is not in the repository");
    }
    let marks = [["TO", "DO"], ["FIX", "ME"]].map(|mark| mark.concat());
    let unnumbered = |mark: &String| {
        line.split(mark.as_str()).skip(1).any(|rest| {
            let number = rest.trim_start().strip_prefix('#').unwrap_or_default();
            !number.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    if marks.iter().any(unnumbered) {
        return Some("work to do without a number");
    }
    let foreign =
        line.contains("registry+") && !line.contains("github.com/rust-lang/crates.io-index");
    foreign.then_some("a registry that not everybody has")
}

#[test]
fn the_repository_speaks_of_itself_alone() {
    for bad in ["cd /root/x", "see ../shared/x", "// TODO: later", "registry+https://a.example"] {
        let mark = bad.replace("TODO", &["TO", "DO"].concat());
        assert!(line_fault(&mark).is_some(), "{bad}");
    }
    assert!(line_fault(&["// FIX", "ME #12: wrong"].concat()).is_none());
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "the repository is not one");
    let mut findings = Vec::new();
    for path in String::from_utf8(listed.stdout).unwrap().lines() {
        // Files that are not text, and files that are about to be gone.
        let Ok(text) = fs::read_to_string(root().join(path)) else { continue };
        if path == file!() {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            findings.extend(line_fault(line).map(|fault| format!("{path}:{}: {fault}", index + 1)));
        }
    }
    assert_none("what has no place in the repository", &findings);
}
