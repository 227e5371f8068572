//! The size of rendered texts and the work for them are bounded for every input. Work is
//! counted in events of the parser and bytes of HTML; time depends on the machine.

use pulldown_cmark::{Options, Parser};

use super::*;

/// Longest body that the forum takes, in characters.
const LONGEST: usize = 40_000;
/// Events of the parser for each character, at most: a table may complete 2^18 cells (two
/// events each), and the walk ends once the HTML is too large.
const EVENTS_PER_CHARACTER: usize = 16;

fn repeated(pattern: &str) -> String {
    pattern.repeat(LONGEST / pattern.len())
}

/// The worst known texts of each construct.
fn worst() -> Vec<(&'static str, String)> {
    let quotes = format!("{}\n", ">".repeat(200));
    let items: Vec<String> = (0..280).map(|depth| format!("{}- a", " ".repeat(depth))).collect();
    let ticks: Vec<String> = (1..280).map(|n| "`".repeat(n)).collect();
    let table = |columns: usize, alignment: &str, row: &str| {
        let head = format!("{}\n{}\n", "|a".repeat(columns), alignment.repeat(columns));
        let rows = row.repeat((LONGEST - head.len()) / row.len());
        head + &rows
    };
    let definition = format!("[a]: https://a.example/{}\n\n", "b".repeat(2_000));
    vec![
        ("quotes in one line", repeated(">")),
        ("quotes in many lines", repeated(&quotes)),
        ("lists in lists", items.join("\n")),
        ("opening brackets", repeated("[")),
        ("links in links", repeated("[a](")),
        ("pictures in pictures", repeated("![")),
        ("stars", repeated("*a ")),
        ("stars and underscores", repeated("*a_ ")),
        ("strong in strong", repeated("**a ")),
        ("emphasis", repeated("*a*b")),
        ("nested emphasis", format!("{}a{}", "*".repeat(19_000), "*".repeat(19_000))),
        ("backticks", ticks.join(" ")),
        ("open tags", repeated("<a ")),
        ("tags", repeated("<b>")),
        ("comments", repeated("<!--")),
        ("declarations", repeated("<?")),
        ("ampersands", repeated("&")),
        ("entities", repeated("&amp;")),
        ("entities of two characters", repeated("&nGt;")),
        ("no-break spaces", repeated("\u{a0}")),
        ("tables of empty rows", table(200, "|-", "a\n")),
        ("tables of aligned empty rows", table(200, "|:-:", "a\n")),
        ("narrow tables", repeated("|a\n|-\n|\n\n")),
        ("definitions", repeated("[a]: b\n")),
        (
            "one definition, many references",
            definition.clone() + &"[a]".repeat((LONGEST - definition.len()) / 3),
        ),
        ("tildes", repeated("~~a ")),
        ("paragraphs", repeated("a\n\n")),
        ("items", repeated("- a\n")),
        ("empty items", repeated("-\n")),
        ("rules", repeated("---\n")),
        ("headings", repeated("#\n")),
        ("short links", repeated("[a](b) ")),
        ("short links that lead somewhere", repeated("<http:a>")),
        ("addresses", repeated("http://a.b ")),
        ("addresses without a space", repeated("http://a.b/")),
        ("schemes", repeated("http://")),
        ("brackets after an address", format!("http://a.b/{}", ")".repeat(2_000))),
        ("names", repeated("@abc ")),
        ("signs", repeated("@")),
        ("paths", repeated("/@")),
        ("escapes", repeated("\\@")),
        ("flags", "🏴".repeat(LONGEST)),
        ("isolates", format!("א{}", "&#x2066;".repeat(LONGEST / 8))),
        ("marks", format!("א{}", "\u{200f}".repeat(LONGEST - 1))),
    ]
}

#[test]
fn the_html_of_every_construct_keeps_to_its_budget() {
    for (name, source) in worst() {
        let reading = read(&source)
            .unwrap_or_else(|TooLarge| Reading { html: to_html(&source), ..Reading::default() });
        assert_harmless(&reading.html, name);
        // The allow-list writes a no-break space as an entity.
        let added = 4 * reading.html.matches("&nbsp;").count();
        let (html, text) = (reading.html.len() - added, reading.text.len());
        assert!(html <= html_max(&source), "{name}: {html} bytes of HTML");
        assert!(text <= 2 * source.len() + 16, "{name}: {text} bytes of text");
    }
}

#[test]
fn the_events_of_every_construct_are_bounded() {
    for (name, source) in worst() {
        let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
        let events = Parser::new_ext(&source, options).count();
        assert!(events <= EVENTS_PER_CHARACTER * LONGEST, "{name}: {events} events");
    }
}

#[test]
fn a_text_past_its_budget_is_refused_and_shown_as_it_was_written() {
    let table = format!("{}\n{}\n{}", "|a".repeat(200), "|:-:".repeat(200), "a\n".repeat(19_000));
    assert!(read(&table).is_err());
    let html = to_html(&table);
    assert!(html.starts_with("<p>|a|a"), "{html:.40}");
    assert!(mentions(&table).is_empty());
    assert_eq!(to_html(&format!("{table}<b>&\"")).matches("&lt;b&gt;&amp;&quot;").count(), 1);
}

#[test]
fn texts_that_people_write_keep_to_their_budget() {
    let links: String = "- [a](https://example.org/12345)\n".repeat(300);
    let table =
        "| a | b | c | d |\n|:-:|:-:|:-:|:-:|\n".to_owned() + &"| 1 | 2 | 3 | 4 |\n".repeat(500);
    for text in [links, table, "&".repeat(LONGEST), "𝔸".repeat(LONGEST), "漢字".repeat(LONGEST / 2)]
    {
        assert!(read(&text).is_ok(), "{}", &text.chars().take(40).collect::<String>());
    }
}

#[test]
fn deep_frames_are_left_out_and_their_text_is_kept() {
    let deep = format!("{} a", ">".repeat(100));
    let reading = read(&deep).expect("small");
    assert_eq!(reading.text, "a");
    assert!(reading.html.matches("<blockquote>").count() <= writer::MAX_DEPTH);
    let link = format!("{} [a](https://a.example) https://b.example", ">".repeat(100));
    assert!(read(&link).expect("small").targets.is_empty());
}
