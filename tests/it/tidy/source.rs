//! Source text as the checks read it: the lines as written, and the same lines
//! with comments and the insides of literals blanked out, so that a brace in a
//! string is no brace and a word in a comment no use of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file.
pub struct Source {
    /// From the repository's root, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// As written, but blanks for comments and literals.
    pub code: String,
}

/// A function and its length.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, sorted by path.
pub fn rust_files(folder: &str) -> Vec<Source> {
    let mut files: Vec<Source> = files_below(folder)
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|end| end == "rs"))
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            Source::new(&path, text)
        })
        .collect();
    assert!(!files.is_empty(), "{folder}/ has no Rust");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Paths of all files below a folder, but for what was built.
pub fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" {
                found.extend(files_below(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}

impl Source {
    pub fn new(path: &str, text: String) -> Self {
        let code = blank(&text);
        Self { path: path.to_owned(), text, code }
    }

    pub fn lines(&self) -> Vec<&str> {
        self.text.lines().collect()
    }

    /// Line of a position in the code.
    pub fn line_at(&self, position: usize) -> usize {
        self.code[..position].matches('\n').count() + 1
    }

    /// Positions of a word that stands alone.
    pub fn positions(&self, word: &str) -> Vec<usize> {
        self.code
            .match_indices(word)
            .filter(|(at, _)| {
                let before = self.code[..*at].chars().next_back();
                let after = self.code[at + word.len()..].chars().next();
                !before.is_some_and(is_word) && !after.is_some_and(is_word)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Every function with a body.
    pub fn functions(&self) -> Vec<Function> {
        self.positions("fn")
            .into_iter()
            .filter_map(|at| {
                let rest = self.code[at + 2..].trim_start();
                let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
                if name.is_empty() {
                    return None; // a type, as in fn(u8)
                }
                let end = self.body_end(at)?;
                let line = self.line_at(at);
                Some(Function { name, line, lines: self.line_at(end) - line + 1 })
            })
            .collect()
    }

    /// Where the body of the item at a position ends; none if it has no body.
    fn body_end(&self, from: usize) -> Option<usize> {
        let (mut braces, mut others) = (0, 0);
        for (offset, byte) in self.code[from..].bytes().enumerate() {
            match byte {
                b'(' | b'[' => others += 1,
                b')' | b']' => others -= 1,
                b'{' => braces += 1,
                b'}' => {
                    braces -= 1;
                    if braces == 0 {
                        return Some(from + offset);
                    }
                }
                b';' if braces == 0 && others == 0 => return None,
                _ => {}
            }
        }
        None
    }
}

pub fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Blanks comments and literals; every byte keeps its place, every line its end.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).unwrap()
}

/// The end of the comment or literal that begins here; `at` if none does.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let find = |needle: &[u8], from: usize| {
        bytes[from..]
            .windows(needle.len())
            .position(|window| window == needle)
            .map_or(bytes.len(), |offset| from + offset)
    };
    let after_word = at > 0 && is_word(char::from(bytes[at - 1]));
    match &bytes[at..] {
        [b'/', b'/', ..] => find(b"\n", at),
        [b'/', b'*', ..] => (find(b"*/", at + 2) + 2).min(bytes.len()),
        [b'r', b'"' | b'#', ..] if !after_word || bytes[at - 1] == b'b' => {
            let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
            if bytes.get(at + 1 + hashes) != Some(&b'"') {
                return at; // r#type
            }
            let close = [&b"\""[..], &b"#".repeat(hashes)].concat();
            (find(&close, at + hashes + 2) + close.len()).min(bytes.len())
        }
        [b'"', ..] => quoted_end(bytes, at, b'"'),
        // A lifetime has no second quote after one character.
        [b'\'', b'\\', ..] | [b'\'', _, b'\'', ..] => quoted_end(bytes, at, b'\''),
        [b'\'', first, ..] if !first.is_ascii() => quoted_end(bytes, at, b'\''),
        _ => at,
    }
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

#[test]
fn literals_and_comments_are_no_code() {
    let text = r#"let a = "{ \" }"; // }
let b = r"{"; let c = '{'; let d = '\''; fn e<'a>(f: &'a str) { /* } */ }"#;
    let code = blank(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(code.matches('{').count(), 1);
    assert_eq!(code.matches('}').count(), 1);
    assert!(code.contains("fn e<'a>(f: &'a str) {"));
}
