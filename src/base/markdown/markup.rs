//! Pieces of HTML.

/// Longest name of a language: the longest of those that highlighters know have about 20.
const LANGUAGE_MAX: usize = 32;

/// Reports whether a text names the language of a block of code.
pub(super) fn is_language(text: &str) -> bool {
    let is_of_name =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '.' | '_' | '-');
    (1..=LANGUAGE_MAX).contains(&text.len()) && text.chars().all(is_of_name)
}

/// A text as it was written, as HTML without markup.
pub(super) fn plain(source: &str) -> String {
    let mut html = String::with_capacity(source.len() + 16);
    html.push_str("<p>");
    for (n, line) in source.lines().enumerate() {
        if n > 0 {
            html.push_str("<br>\n");
        }
        escape(&mut html, line);
    }
    html.push_str("</p>\n");
    html
}

/// Writes a text as the value of an attribute, or between elements.
pub(super) fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// The tags of a heading of a level.
pub(super) fn heading(level: usize) -> (&'static str, &'static str) {
    match level {
        1 => ("<h1>", "</h1>\n"),
        2 => ("<h2>", "</h2>\n"),
        3 => ("<h3>", "</h3>\n"),
        4 => ("<h4>", "</h4>\n"),
        5 => ("<h5>", "</h5>\n"),
        _ => ("<h6>", "</h6>\n"),
    }
}
