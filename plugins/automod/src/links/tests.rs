use gatherly_plugin::{Link as Target, LinkKind};

use super::{find_links, rendered_links};
use crate::condition::Links;

fn hosts(text: &str) -> Vec<String> {
    let links = find_links(text).filter(|link| !link.is_guess);
    links.map(|link| link.host.into_owned()).collect()
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
        ("https:evil.test or http:/evil.test", vec!["evil.test", "evil.test"]),
        ("https:///evil.test/x and https:\\\\evil.test", vec!["evil.test", "evil.test"]),
        ("https://user:secret@evil.test:8080\\x", vec!["evil.test"]),
        ("https://%73pam.example/ https://spam%2Eexample", vec!["spam.example", "spam.example"]),
        ("https://spam。example https://100%.example", vec!["spam.example", "100%.example"]),
        ("at https: it begins, a:b.c, in http: no.", vec![]),
        ("main.rs, end.Then, 1.5, a//b, // note, e.g. this", vec![]),
        ("[here](/posts/1) [there](#top)", vec![]),
    ] {
        assert_eq!(hosts(text), expected, "{text}");
    }
}

#[test]
fn spans_hold_the_link_and_no_more() {
    let text = "Ü (see https://example.com/a), or example.com!";
    let links: Vec<&str> = find_links(text).map(|link| link.url).collect();
    assert_eq!(links, ["https://example.com/a", "example.com"]);
    for link in find_links(text) {
        assert_eq!(text.get(link.span.unwrap()).unwrap(), link.url);
    }
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

#[test]
fn a_listed_domain_is_found_bare_whatever_its_ending() {
    let counted = |settings: &str, text: &str| {
        let links: Links = serde_norway::from_str(settings).unwrap();
        find_links(text).filter(|link| links.counts(link)).count()
    };
    for text in ["join discord.gg/abc", "sub.DISCORD.gg.", "看discord。gg", "discord．gg/x"] {
        assert_eq!(counted("to: [discord.gg]", text), 1, "{text}");
        assert_eq!(counted("{}", text), 0, "{text}");
    }
    assert_eq!(counted("to: [discord.gg]", "discord.ggg main.rs e.g. this"), 0);
}

#[test]
fn the_links_of_a_rendered_text_are_its_targets_and_what_else_reads_like_one() {
    let target = |url: &str| Target { kind: LinkKind::Link, url: url.to_owned() };
    let targets = [
        target("https://evil.test/x"),
        target("https://a.example:8080/"),
        target("mailto:ada@example.org?subject=a@b"),
    ];
    let text = "x https://a.example:8080 and b.com";
    let links = rendered_links(text, &targets);
    let hosts: Vec<&str> = links.iter().map(|link| &*link.host).collect();
    assert_eq!(hosts, ["evil.test", "a.example", "example.org", "b.com"]);
}

#[test]
fn hosts_are_compared_by_the_letters_that_people_read() {
    for (host, expected) in [
        ("https://xn--bcher-kva.example/", "bücher.example"),
        ("https://XN--BCHER-KVA.example/", "BüCHER.example"),
        ("https://www.xn--r8jz45g.xn--zckzah/", "www.例え.テスト"),
        ("https://xn--e1afmkfd.xn--p1ai/", "пример.рф"),
        ("https://xn--.example/", ".example"),
        ("https://xn--99999999.example/", "xn--99999999.example"),
        ("https://xn--a_b.example/", "xn--a_b.example"),
    ] {
        assert_eq!(hosts(host), [expected], "{host}");
    }
    let links: Links = serde_norway::from_str("except: [bücher.example]").unwrap();
    let target =
        [Target { kind: LinkKind::Link, url: "https://xn--bcher-kva.example/".to_owned() }];
    let counted = rendered_links("https://bücher.example/", &target);
    assert_eq!(counted.iter().filter(|link| links.counts(link)).count(), 0);
}
