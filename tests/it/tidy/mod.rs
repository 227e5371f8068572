//! How the house is kept: sizes, directions of imports, words that belong in one
//! place, names, docs, repetitions. Each finding names a file and a line.

mod imports;
mod layers;
mod names;
mod repeats;
pub mod source;
mod words;

use source::{Source, rust_files};

/// Most lines of a file.
const FILE_LINES: usize = 600;
/// Most lines of a function.
const FUNCTION_LINES: usize = 80;

/// All the Rust that is written here.
fn everything() -> Vec<Source> {
    ["src", "tests", "benches", "plugins"].into_iter().flat_map(rust_files).collect()
}

/// The test that found something says what.
#[track_caller]
fn assert_none(what: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{what}:\n  {}", findings.join("\n  "));
}

#[test]
fn files_are_short() {
    let files = everything();
    let findings: Vec<String> = files
        .iter()
        .filter(|file| file.lines().len() > FILE_LINES)
        .map(|file| format!("{}: {} lines", file.path, file.lines().len()))
        .collect();
    assert_none("files with more lines than a reader keeps in mind", &findings);
    let mut lengths: Vec<usize> = files
        .iter()
        .filter(|file| file.path.starts_with("src/"))
        .map(|file| file.lines().len())
        .collect();
    lengths.sort_unstable();
    println!("src/: {} files, {} lines in the median", lengths.len(), lengths[lengths.len() / 2]);
}

#[test]
fn functions_are_short() {
    let long = |source: &Source| -> Vec<String> {
        source
            .functions()
            .into_iter()
            .filter(|function| function.lines > FUNCTION_LINES)
            .map(|found| {
                format!("{}:{}: {}: {} lines", source.path, found.line, found.name, found.lines)
            })
            .collect()
    };
    let planted = format!("fn a() {{}}\nfn b() {{\n{}}}\n", "let a = \"}\"; // }\n".repeat(80));
    assert_eq!(long(&Source::new("planted.rs", planted)), ["planted.rs:2: b: 82 lines"]);
    let findings: Vec<String> = everything().iter().flat_map(long).collect();
    assert_none("functions with more lines than fit on a screen or two", &findings);
}

#[test]
fn every_file_says_what_it_promises() {
    let findings: Vec<String> = everything()
        .iter()
        // What `tests.rs` promises is the file beside it.
        .filter(|file| !file.path.ends_with("/tests.rs") && !file.text.starts_with("//! "))
        .map(|file| format!("{}:1: begins without a `//!` line", file.path))
        .collect();
    assert_none("files without a doc", &findings);
}
