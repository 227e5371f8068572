//! `openapi/errors.md`: every code and every rule of a field that the server can
//! answer with, read from the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use crate::tidy::source::{Source, is_word, root, rust_files};

const COMMITTED: &str = "openapi/errors.md";
const REGENERATE: &str = "UPDATE=1 cargo test --test it error_codes";

/// What makes an error that has one status: the call, and the status.
const CALLS: &[(&str, u16)] =
    &[("Error::forbidden(", 403), ("Error::conflict(", 409), ("Error::Unauthenticated(", 401)];
/// Titles of problems whose call has no words of its own.
const UNAUTHENTICATED: &str = "You are not signed in.";
/// The one problem that is built before it is told what it is.
const INVALID: (&str, u16) = ("invalid_fields", 422);

/// Codes, each with its statuses and what it says.
type Codes = BTreeMap<String, (BTreeSet<u16>, BTreeSet<String>)>;
/// Fields and rules, with what is said of them.
type Rules = BTreeMap<(String, String), BTreeSet<String>>;

/// The arguments of every call that is written like this, with the place.
fn calls<'a>(source: &'a Source, call: &str) -> Vec<(usize, Vec<&'a str>)> {
    source
        .code
        .match_indices(call)
        .filter(|(at, _)| !source.code[..*at].ends_with(is_word) && !defines(source, *at))
        .map(|(at, _)| (at, arguments(source, at + call.len())))
        .collect()
}

fn defines(source: &Source, at: usize) -> bool {
    source.code[..at].trim_end().ends_with("fn")
}

/// Divides what follows an opening parenthesis at its commas.
fn arguments(source: &Source, from: usize) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), from, 0);
    for (offset, byte) in source.code[from..].bytes().enumerate() {
        let at = from + offset;
        let closes = matches!(byte, b')' | b']' | b'}');
        if depth == 0 && (byte == b',' || closes) {
            parts.push(source.text[begin..at].trim());
            begin = at + 1;
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            _ if closes && depth == 0 => break,
            _ if closes => depth -= 1,
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The text of the first literal in an expression, as it is when it runs.
fn literal(expression: &str) -> Option<String> {
    let inside = expression.split_once('"')?.1;
    let (mut text, mut chars) = (String::new(), inside.chars());
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                '\n' => chars = chars.as_str().trim_start().chars(),
                c => text.push(c),
            },
            c => text.push(c),
        }
    }
}

/// What an expression says: a literal, or the variable or constant that holds one.
fn words(sources: &[Source], source: &Source, at: usize, expression: &str) -> Option<String> {
    let text = literal(expression).or_else(|| {
        let name = expression.trim_end_matches(".into()");
        let before = source.text[..at].rfind(&format!("let {name} = "));
        let place = before.or_else(|| source.text.find(&format!("const {name}: &str = ")))?;
        literal(&source.text[place..])
    })?;
    Some(filled(sources, &text))
}

/// A message with the figures of constants where it names them, and dots where
/// something else will stand.
fn filled(sources: &[Source], text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let Some((name, after)) = rest.split_once('}') else { return text.to_owned() };
    let declaration = format!("const {name}: ");
    let value = sources.iter().find_map(|source| {
        let (_, declared) = source.text.split_once(&declaration)?;
        declared.split_once("= ")?.1.split(';').next()
    });
    format!("{before}{}{}", value.unwrap_or("…"), filled(sources, after))
}

fn is_literal(expression: &str) -> bool {
    expression.starts_with('"')
}

fn add(codes: &mut Codes, code: String, status: u16, meaning: Option<String>) {
    let (statuses, meanings) = codes.entry(code).or_default();
    statuses.insert(status);
    meanings.extend(meaning);
}

/// The codes that features refuse with.
fn refusals(sources: &[Source], codes: &mut Codes) {
    for source in sources {
        for (call, status) in CALLS {
            for (at, arguments) in calls(source, call) {
                if source.path == "src/http/problem.rs" {
                    continue; // takes errors apart
                }
                let place = format!("{}:{}", source.path, source.line_at(at));
                assert!(
                    is_literal(arguments[0]),
                    "{place}: a code must be written where it is used"
                );
                let meaning = match arguments.get(1) {
                    Some(message) => words(sources, source, at, message),
                    None => Some(UNAUTHENTICATED.to_owned()),
                };
                add(codes, literal(arguments[0]).unwrap(), *status, meaning);
            }
        }
    }
}

/// The codes that the way of a request makes.
fn problems(sources: &[Source], codes: &mut Codes) {
    let source = file(sources, "src/http/problem.rs");
    for (at, arguments) in calls(source, "body(") {
        if !arguments.first().is_some_and(|code| is_literal(code)) {
            continue;
        }
        let code = literal(arguments[0]).unwrap();
        let before = source.code[..at].trim_end().strip_suffix('(').unwrap_or_default();
        let variant = before.rsplit("::").next().unwrap();
        let status = if code == INVALID.0 { Some(INVALID.1) } else { status(source, variant) };
        // What is built first and told later has the status of the others of its code.
        if let Some(status) = status {
            add(codes, code, status, words(sources, source, at, arguments[1]));
        } else {
            assert!(codes.contains_key(&code), "{}:{}: {code}", source.path, source.line_at(at));
        }
    }
}

/// The status of a kind of problem.
fn status(source: &Source, variant: &str) -> Option<u16> {
    let declared = source.text.find(&format!("    {variant}("))?;
    let attribute = source.text[..declared].rsplit("status = ").next()?;
    attribute.split(')').next()?.parse().ok()
}

/// The rules that fields can break.
fn rules(sources: &[Source]) -> Rules {
    let mut rules = Rules::new();
    for source in sources {
        // A closure `fail(rule, message)` stands for the field that it is made for.
        let mut field_of_fail = None;
        let mut found: Vec<(usize, Vec<&str>)> = ["FieldError::new(", "Error::invalid(", "fail("]
            .into_iter()
            .flat_map(|call| calls(source, call))
            .collect();
        found.sort_by_key(|(at, _)| *at);
        for (at, arguments) in found {
            let (field, rule, message) = match arguments[..] {
                [field, "rule", "message"] => {
                    field_of_fail = literal(field);
                    continue;
                }
                [field, rule, message] => (literal(field), rule, message),
                [rule, message] => (field_of_fail.clone(), rule, message),
                _ => continue,
            };
            let field = field.unwrap_or_else(|| "…".to_owned());
            let rule = if is_literal(rule) { literal(rule).unwrap() } else { format!("`{rule}`") };
            let meaning = words(sources, source, at, message);
            rules.entry((field, rule)).or_default().extend(meaning);
        }
    }
    // Told of the loader's codes in their own table; the constructor itself.
    rules.retain(|(_, rule), _| !rule.starts_with('`'));
    rules
}

/// What stands between a component and its activation: code and words.
fn loader(source: &Source) -> Vec<(String, String)> {
    let names = source.text.split("fn as_str").nth(1).unwrap();
    names
        .lines()
        .take_while(|line| *line != "    }")
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => "))
        .map(|(variant, name)| {
            let declared = source.text.find(&format!("\n    {variant},")).unwrap();
            let doc = source.text[..declared].rsplit("/// ").next().unwrap();
            (literal(name).unwrap(), doc.to_owned())
        })
        .collect()
}

fn file<'a>(sources: &'a [Source], path: &str) -> &'a Source {
    sources.iter().find(|source| source.path == path).unwrap()
}

fn table(sources: &[Source]) -> String {
    let mut codes = Codes::new();
    refusals(sources, &mut codes);
    problems(sources, &mut codes);
    let joined = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(" / ");
    let mut text = format!(
        "# Errors\n\nEvery error is `application/problem+json`. Its `code` is one of these and \
         never changes its\nmeaning; `detail` is for people. Generated from the source by\n\
         `{REGENERATE}`.\n\n| Code | Status | Says |\n|---|---|---|\n"
    );
    for (code, (statuses, meanings)) in &codes {
        assert_eq!(statuses.len(), 1, "{code} has {statuses:?}");
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
        let status = statuses.first().unwrap();
        writeln!(text, "| `{code}` | {status} | {} |", joined(meanings)).unwrap();
    }
    text += "\n## Rules of fields\n\nWith `invalid_fields`, `errors` names each field and the rule \
             that it broke. `…` stands for the\nfield that was sent. With `bad_request`, the rule \
             is `type`, `required`,\n`unknown` or `repeated`: the field or parameter does not have the form that the \
             operation takes.\n\n| Field | Rule | Says |\n|---|---|---|\n";
    for ((field, rule), meanings) in rules(sources) {
        writeln!(text, "| `{field}` | `{rule}` | {} |", joined(&meanings)).unwrap();
    }
    text += "\n## Rules of components\n\nWhat stands between a component and its activation, as \
             the rule of the field that brought it,\nor as a binding's error.\n\n| Rule | Says |\n\
             |---|---|\n";
    for (code, meaning) in loader(file(sources, "src/hooks/load_error.rs")) {
        writeln!(text, "| `{code}` | {meaning} |").unwrap();
    }
    text
}

#[test]
fn the_committed_table_is_the_sources() {
    let mut sources = rust_files("src");
    sources.retain(|source| !source.path.ends_with("/tests.rs"));
    let table = table(&sources);
    let path = root().join(COMMITTED);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    for (old, new) in committed.lines().zip(table.lines()) {
        assert_eq!(old, new, "{COMMITTED} is not up to date: {REGENERATE}");
    }
    assert_eq!(committed.lines().count(), table.lines().count(), "{COMMITTED}: {REGENERATE}");
}
