use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

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
                "rel" => value == "nofollow ugc noopener",
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
         <a href=\"https://example.org\" title=\"t\" rel=\"nofollow ugc noopener\">this</a>.</p>"
    );
    assert_eq!(to_html("a <b>bold</b> word").trim(), "<p>a &lt;b&gt;bold&lt;/b&gt; word</p>");
    assert_eq!(to_html("![cat](http://example.org/c.png)").trim(), "<p><img alt=\"cat\"></p>");
    assert!(
        to_html("![cat](https://example.org/c.png)").contains("src=\"https://example.org/c.png\"")
    );
    assert!(to_html("3. three").contains("<ol start=\"3\">"));
}

/// Longest body that the forum takes.
const LONGEST: usize = 40_000;
/// What an optimised build is given for the worst text, ten times over: builds
/// under test are not optimised, and machines are shared.
const WORST: Duration = Duration::from_millis(500);

/// Processor time of this thread, which other work on the machine does not
/// change; where the system does not tell it, time.
fn time_used() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = used.and_then(|used| used.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

#[test]
fn the_worst_texts_take_little_time() {
    let repeated = |pattern: &str| pattern.repeat(LONGEST / pattern.len());
    let quotes = format!("{}\n", ">".repeat(200));
    let items: Vec<String> = (0..280).map(|depth| format!("{}- a", " ".repeat(depth))).collect();
    let ticks: Vec<String> = (1..280).map(|n| "`".repeat(n)).collect();
    for (name, source) in [
        ("quotes in one line", repeated(">")),
        ("quotes in many lines", repeated(&quotes)),
        ("lists in lists", items.join("\n")),
        ("opening brackets", repeated("[")),
        ("links in links", repeated("[a](")),
        ("pictures in pictures", repeated("![")),
        ("stars", repeated("*a ")),
        ("stars and underscores", repeated("*a_ ")),
        ("strong in strong", repeated("**a ")),
        ("backticks", ticks.join(" ")),
        ("open tags", repeated("<a ")),
        ("tags", repeated("<b>")),
        ("comments", repeated("<!--")),
        ("declarations", repeated("<?")),
        ("entities", repeated("&amp;")),
        ("tables", format!("{}\n{}\n", "|a".repeat(200), "|-".repeat(200)) + &repeated("|\n")),
        ("references", repeated("[a]: b\n")),
        ("tildes", repeated("~~a ")),
        ("paragraphs", repeated("a\n\n")),
        ("items", repeated("- a\n")),
        ("short links", repeated("[a](b) ")),
    ] {
        let start = time_used();
        let html = to_html(&source);
        let used = time_used().saturating_sub(start);
        assert_harmless(&html, name);
        assert!(used < WORST, "{name} took {used:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_harmless(source in "[-<>!\\[\\]()*_`~#|:/\"'=& a-c\n]{0,200}") {
        assert_harmless(&to_html(&source), &source);
    }
}
