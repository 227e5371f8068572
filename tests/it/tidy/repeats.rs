//! No passage is written twice.

use std::collections::HashMap;

use super::{
    assert_none,
    source::{Source, rust_files},
};

/// From this many lines on, a repetition is a missing function.
const REPEATED_LINES: usize = 12;

/// The lines that say something: number and text.
fn telling(source: &Source) -> Vec<(usize, &str)> {
    source
        .lines()
        .into_iter()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| {
            line.chars().any(char::is_alphanumeric)
                && !line.starts_with("//")
                && !line.starts_with("use ")
        })
        .collect()
}

/// Passages that stand in two places, each told once by its first lines.
fn repeated(files: &[Source]) -> Vec<String> {
    let mut seen: HashMap<Vec<&str>, (&str, usize)> = HashMap::new();
    let mut found = Vec::new();
    for file in files {
        // Lines after the start of a repetition repeat as well.
        let mut skip_to = 0;
        for window in telling(file).windows(REPEATED_LINES) {
            let (first, last) = (window[0].0, window[REPEATED_LINES - 1].0);
            let text: Vec<&str> = window.iter().map(|(_, line)| *line).collect();
            match seen.get(&text) {
                Some((path, line)) if first >= skip_to => {
                    found.push(format!("{}:{first} repeats {path}:{line}", file.path));
                    skip_to = last;
                }
                Some(_) => {}
                None => {
                    seen.insert(text, (&file.path, first));
                }
            }
        }
    }
    found
}

#[test]
fn nothing_is_written_twice() {
    let lines: String =
        (0..REPEATED_LINES).map(|n| format!("    call({n});\n\n")).collect::<Vec<_>>().concat();
    let planted = [
        Source::new("a.rs", format!("fn a() {{\n{lines}}}\n")),
        Source::new("b.rs", format!("fn b() {{\n// so\n{lines}    b();\n}}\n")),
        Source::new("c.rs", format!("fn c() {{\n{}}}\n", lines.replace("call(5)", "call(x)"))),
    ];
    assert_eq!(repeated(&planted), ["b.rs:3 repeats a.rs:2"]);
    assert_none("passages that are written twice", &repeated(&rust_files("src")));
}
