//! Rendered texts are harmless; the other tests are in the modules.

use proptest::prelude::*;

use super::{
    sanitizer::{REL, SCHEMES, TAGS},
    *,
};

mod budget;
mod reading;

/// HTML that has been used to run scripts in pages, one a line.
const HTML: &str = include_str!("xss.txt");

/// Addresses that must not become links.
const ADDRESSES: [&str; 24] = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript&colon;alert(1)",
    "java&Tab;script:alert(1)",
    "java&NewLine;script:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript:alert(1)",
    "&#0000106avascript:alert(1)",
    "%6Aavascript:alert(1)",
    "\u{1}javascript:alert(1)",
    "javascript\\:alert(1)",
    "javascript:%0Aalert(1)",
    "javascript://example.org/%0Aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg/onload=alert(1)>",
    "DATA:text/html,x",
    "vbscript:msgbox(1)",
    "VBScript:msgbox(1)",
    "livescript:alert(1)",
    "file:///etc/passwd",
    "blob:https://example.org/1",
    "view-source:https://example.org",
    "//example.org/x.js",
];

/// Ways in which Markdown makes an address a link or a picture.
const FORMS: [&str; 6] = [
    "[a](ADDRESS)",
    "[a](<ADDRESS>)",
    "![a](ADDRESS)",
    "![a](<ADDRESS> \"t\")",
    "<ADDRESS>",
    "[a][b]\n\n[b]: ADDRESS",
];

/// The HTML of a text, as [`html`] gives it.
fn to_html(source: &str) -> String {
    read(source).map_or_else(|TooLarge| markup::plain(source), |reading| reading.html)
}

fn mentions(source: &str) -> Vec<String> {
    read(source).map(|reading| reading.mentions).unwrap_or_default()
}

fn corpus() -> Vec<String> {
    let html = HTML.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    let links = FORMS
        .iter()
        .flat_map(|form| ADDRESSES.iter().map(|address| form.replace("ADDRESS", address)));
    html.chain(links).collect()
}

/// Every tag of `html` must be one that is meant to be there.
fn assert_harmless(html: &str, source: &str) {
    for tag in html.split('<').skip(1) {
        let tag = tag.split_once('>').map_or(tag, |(inside, _)| inside);
        let (name, mut attributes) = tag
            .trim_start_matches('/')
            .split_once(' ')
            .unwrap_or((tag.trim_start_matches('/'), ""));
        assert!(TAGS.contains(&name), "<{name}> from {source:?} in {html}");
        while let Some((attribute, rest)) = attributes.trim_start().split_once("=\"") {
            let (value, rest) = rest.split_once('"').expect("a quoted value");
            let allowed = match attribute {
                "href" => SCHEMES.iter().any(|scheme| value.starts_with(&format!("{scheme}:"))),
                "src" => value.starts_with("https://"),
                "rel" => value == REL,
                "class" => name == "code" && value.starts_with("language-"),
                "align" => ["left", "center", "right"].contains(&value),
                "title" | "alt" | "start" => true,
                _ => false,
            };
            assert!(allowed, "{attribute}={value:?} from {source:?} in {html}");
            attributes = rest;
        }
        assert!(attributes.trim().is_empty(), "{attributes:?} from {source:?} in {html}");
    }
}

#[test]
fn nothing_of_the_corpus_runs() {
    let corpus = corpus();
    assert!(corpus.len() >= 150, "{} vectors", corpus.len());
    for source in &corpus {
        assert_harmless(&to_html(source), source);
        let nested = format!("> - {source}\n\n| a |\n|---|\n| {source} |");
        assert_harmless(&to_html(&nested), &nested);
    }
}

#[test]
fn what_people_write_is_rendered() {
    let html = to_html("# Hello\n\n*you* ~~and~~ **me**, see [this](https://example.org \"t\").");
    assert_eq!(
        html.trim(),
        "<h1>Hello</h1>\n<p><em>you</em> <del>and</del> <strong>me</strong>, see \
         <a href=\"https://example.org/\" title=\"t\" rel=\"nofollow ugc noopener\">this</a>.</p>"
    );
    assert_eq!(to_html("a <b>bold</b> word").trim(), "<p>a &lt;b&gt;bold&lt;/b&gt; word</p>");
    assert_eq!(to_html("![cat](http://example.org/c.png)").trim(), "<p><img alt=\"cat\"></p>");
    assert!(
        to_html("![cat](https://example.org/c.png)").contains("src=\"https://example.org/c.png\"")
    );
    assert!(to_html("3. three").contains("<ol start=\"3\">"));
}

/// Sources dense in markup.
const SOURCE: &str = "(http://a\\.b|https:|\\]\\(|@abc|&#x202e;|&amp;|&#8203;|\n\\|-\\|:-:\\|\n|[-<>!\\[\\]()*_`~#|:/\"'=&@\\\\ a-c\n]){0,120}";

fn unescaped(html: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&amp;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The values of `href` and `src` in HTML.
fn targets_of(html: &str) -> Vec<String> {
    let of_tag = |tag: &str| {
        let (inside, _) = tag.split_once('>')?;
        let value =
            inside.strip_prefix("a href=\"").or_else(|| inside.strip_prefix("img src=\""))?;
        Some(unescaped(value.split_once('"')?.0))
    };
    html.split('<').filter_map(of_tag).collect()
}

proptest! {
    #[test]
    fn any_text_is_harmless(source in SOURCE) {
        assert_harmless(&to_html(&source), &source);
    }

    #[test]
    fn the_allow_list_changes_nothing_of_what_is_written(source in SOURCE) {
        let written = Writer::write(&source, usize::MAX).expect("no budget");
        prop_assert_eq!(sanitizer::clean(&written.html), written.html);
    }

    #[test]
    fn the_targets_are_those_of_the_html(source in SOURCE) {
        let reading = read(&source).expect("small");
        let targets: Vec<String> = reading.targets.into_iter().map(|target| target.url).collect();
        prop_assert_eq!(targets_of(&reading.html), targets);
    }

    #[test]
    fn the_text_is_that_of_the_html(source in SOURCE) {
        let reading = read(&source).expect("small");
        let alternatives = reading.html.contains("<img") || reading.html.contains("title=");
        if !alternatives {
            let mut shown = String::new();
            for piece in reading.html.split('<') {
                shown.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
            }
            prop_assert_eq!(letters(&unescaped(&shown)), letters(&reading.text));
        }
    }
}
