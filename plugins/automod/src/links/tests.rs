use super::find_links;
use crate::condition::Links;

fn hosts(text: &str) -> Vec<&str> {
    find_links(text).map(|link| link.host).collect()
}

#[test]
fn links_are_found_however_they_are_written() {
    for (text, expected) in [
        ("see https://example.com/a?b#c, and more", vec!["example.com"]),
        ("[text](http://user@example.com:8080/x)", vec!["example.com"]),
        (
            "[text](//example.com/x) and [a]: <HTTPS://EXAMPLE.COM>",
            vec!["example.com", "EXAMPLE.COM"],
        ),
        (
            "www.anything.local and bare.com/page, mine.io.",
            vec!["www.anything.local", "bare.com", "mine.io"],
        ),
        ("看http://example.com/吧", vec!["example.com"]),
        ("http://localhost ftp://files.example", vec!["localhost", "files.example"]),
        ("mail bob@example.com or @example.com", vec![]),
        ("main.rs, end.Then, 1.5, a//b, // note, e.g. this", vec![]),
        ("[here](/posts/1) [there](#top)", vec![]),
    ] {
        assert_eq!(hosts(text), expected, "{text}");
    }
}

#[test]
fn spans_hold_the_link_and_no_more() {
    let text = "Ü (see https://example.com/a), or example.com!";
    let links: Vec<&str> = find_links(text).map(|link| text.get(link.span).unwrap()).collect();
    assert_eq!(links, ["https://example.com/a", "example.com"]);
}

#[test]
fn domains_include_what_is_below_them() {
    let counted = |settings: &str, text: &str| {
        let links: Links = serde_norway::from_str(settings).unwrap();
        find_links(text).filter(|link| links.counts(link)).count()
    };
    let to = "to: [example.com]";
    assert_eq!(counted(to, "http://example.com http://a.b.Example.com."), 2);
    assert_eq!(counted(to, "http://notexample.com http://example.com.evil.net"), 0);
    assert_eq!(counted(to, "http://ехаmple.com"), 1, "look-alikes of a listed domain");
    let except = "except: [example.com]";
    assert_eq!(counted(except, "http://example.com http://www.example.com"), 0);
    assert_eq!(
        counted(except, "http://ехаmple.com http://evil.net"),
        2,
        "look-alikes are not harmless"
    );
    assert_eq!(counted("{to: [com], except: [example.com]}", "a.com example.com b.net"), 1);
}
