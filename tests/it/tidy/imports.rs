//! Who imports whom: every path from the root of the crate, `use` trees taken
//! apart, `super` followed.

use super::source::{Source, is_word};

/// One path from the root of the crate, as in `crate::posts::Posts`.
#[derive(Debug, PartialEq)]
pub struct Import {
    pub line: usize,
    /// Without `crate`.
    pub path: Vec<String>,
}

/// Every path from the root of the crate in a file of `src/`.
pub fn imports(source: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    for word in ["crate", "super"] {
        for at in source.positions(word) {
            let Some(rest) = from_root(source, at, word) else { continue };
            let line = source.line_at(at);
            for path in expand(rest) {
                found.push(Import { line, path });
            }
        }
    }
    found
}

/// What follows the root of the crate, if that is where the path begins.
fn from_root<'a>(source: &'a Source, at: usize, word: &str) -> Option<&'a str> {
    let mut rest = source.code[at + word.len()..].strip_prefix("::")?;
    if word == "super" {
        if source.code[..at].ends_with("::") {
            return None; // counted from the first `super` on
        }
        let mut ups = 1;
        while let Some(further) = rest.strip_prefix("super::") {
            rest = further;
            ups += 1;
        }
        if ups < depth(&source.path) {
            return None; // stays within the top-level module
        }
    }
    Some(rest)
}

/// How many `super` lead from a file's module to the root of the crate.
fn depth(path: &str) -> usize {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    inside.trim_end_matches("/mod").split('/').count()
}

/// The paths that a `use` tree stands for.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim_start();
    if let Some(inside) = tree.strip_prefix('{') {
        return branches(inside).into_iter().flat_map(expand).collect();
    }
    let name: String = tree.chars().take_while(|c| is_word(*c)).collect();
    let Some(rest) = tree[name.len()..].strip_prefix("::") else { return vec![vec![name]] };
    expand(rest).into_iter().map(|path| [vec![name.clone()], path].concat()).collect()
}

/// The parts of a `{…}` that commas divide.
fn branches(inside: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 1);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            let part = inside[begin..at].trim();
            if !part.is_empty() {
                parts.push(part);
            }
            begin = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    parts
}

#[test]
fn trees_are_taken_apart() {
    let text = "use crate::{\n    base::{Error, ids::{A, B}},\n    db::Db,\n};\nuse super::x::Y;\n\
                fn f() { super::super::http::g(crate::posts::h()); }\n";
    let found = imports(&Source::new("src/votes/api.rs", text.to_owned()));
    let paths: Vec<(usize, String)> =
        found.iter().map(|import| (import.line, import.path.join("::"))).collect();
    let expected = [
        (1, "base::Error"),
        (1, "base::ids::A"),
        (1, "base::ids::B"),
        (1, "db::Db"),
        (6, "posts::h"),
        (6, "http::g"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
}
