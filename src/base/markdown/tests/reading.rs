//! The text, the targets and the mentions of a source, and links that nobody marked up.

use super::*;

fn text(source: &str) -> String {
    read(source).expect("small").text
}

fn targets(source: &str) -> Vec<String> {
    read(source).expect("small").targets.into_iter().map(|target| target.url).collect()
}

#[test]
fn the_text_is_what_readers_see() {
    for (source, seen) in [
        ("fr&#101;e money", "free money"),
        ("free&#32;money", "free money"),
        ("free&nbsp;money", "free\u{a0}money"),
        ("fr&ZeroWidthSpace;ee money", "free money"),
        ("**free** money", "free money"),
        ("fr**e**e money", "free money"),
        ("free\\\nmoney", "free\nmoney"),
        ("free\\-money", "free-money"),
        ("fr[](https://example.org)ee money", "free money"),
        ("[free](https://a.example) [money](/b)", "free money"),
        ("free\nmoney", "free money"),
        ("> free\n> money", "free money"),
        ("> free\n\n- money\n- *more*", "free\nmoney\nmore"),
        ("fr<!-- -->ee", "fr<!-- -->ee"),
        ("| a | b |\n|---|---|\n| c | d |", "a\tb\nc\td"),
        ("`a*b*`\n\n```rust\nx\n\ny\n```\nz", "a*b*\nx\n\ny\nz"),
        ("![a *cat*](https://a.example/c.png) b", "a cat b"),
        ("[a](https://a.example \"t\") b", "a b\nt"),
        ("# a\nb", "a\nb"),
        ("", ""),
    ] {
        assert_eq!(text(source), seen, "{source:?}");
    }
}

#[test]
fn a_text_is_read_alike_with_and_without_its_html() {
    let source = "**a** [b](https://a.example) @ada ![c](https://a.example/c.png)";
    let with = read(source).expect("small");
    let without = read_text(source).expect("small");
    assert!(!with.html.is_empty() && with.targets.len() == 2);
    assert_eq!(without, Reading { html: String::new(), ..with });
}

#[test]
fn characters_that_are_removed_from_a_source_do_not_come_back_as_entities() {
    for entity in [
        "&#x202E;",
        "&#8203;",
        "&#xFEFF;",
        "&#x9b;",
        "&#27;",
        "&rlm;",
        "&lrm;",
        "&#x2066;",
        "&#xE0067;",
    ] {
        for form in [
            "aENTITYb",
            "`aENTITYb` aENTITYb",
            "**aENTITY**b",
            "![aENTITYb](c)",
            "[aENTITYb](https://e.example \"aENTITYb\")",
            "| aENTITYb |\n|-|",
        ] {
            let reading = read(&form.replace("ENTITY", entity)).expect("small");
            let is_clean = |text: &str| crate::base::text::clean_lines(text) == text.trim();
            // Code shows an entity as it was written.
            assert!(
                is_clean(&reading.html) && is_clean(&reading.text),
                "{form} {entity}: {reading:?}"
            );
        }
    }
}

#[test]
fn marks_and_isolates_are_judged_over_the_line_that_readers_see() {
    for kept in ["שלום **C**\u{200f}", "שלום \u{2066}**C**\u{2069}!", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
    {
        let reading = read(kept).expect("small");
        assert_eq!(reading.text, kept.replace("**", ""));
        assert!(reading.html.contains(&kept.replacen("**", "<strong>", 1).replacen(
            "**",
            "</strong>",
            1
        )));
    }
    // The end of the isolate is in the address.
    let torn = read("א \u{2067}[a](https://a.example/\u{2069}) b").expect("small");
    assert_eq!(torn.text, "א a b");
    assert!(!torn.html.contains('\u{2067}'));
    let entity = read("שלום C++&rlm;").expect("small");
    assert_eq!(entity.text, "שלום C++\u{200f}");
}

#[test]
fn targets_are_as_browsers_resolve_them() {
    for (source, target) in [
        ("[x](https&colon;//evil.test/x)", "https://evil.test/x"),
        ("[x](https&#58;//evil.test/x)", "https://evil.test/x"),
        ("[x](https:\\/\\/evil.test/x)", "https://evil.test/x"),
        ("[x][1]\n\n[1]: https&#58;//evil.test/x", "https://evil.test/x"),
        ("![x](https&#58;//evil.test/x.png)", "https://evil.test/x.png"),
        ("[x](https:///evil.test/x)", "https://evil.test/x"),
        ("[x](https:/evil.test)", "https://evil.test/"),
        ("[x](https:evil.test)", "https://evil.test/"),
        ("[x](https://example.org\\@evil.test/)", "https://evil.test/"),
        ("[x](HTTPS://EVIL.test)", "https://evil.test/"),
        ("[x](https://%65vil.test)", "https://evil.test/"),
        ("[x](https://evil。test)", "https://evil.test/"),
        ("[x](https://bücher.example/ü?a=b&c)", "https://xn--bcher-kva.example/%C3%BC?a=b&c"),
        ("<ada@example.org>", "mailto:ada@example.org"),
        ("https&#58;//evil.test/x", "https://evil.test/x"),
    ] {
        let found = targets(source);
        let expected = if source == "https&#58;//evil.test/x" { vec![] } else { vec![target] };
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn a_link_that_leads_nowhere_is_text() {
    for source in ["[a](/c/general)", "[a](#x)", "[a](tel:1)", "[a](magnet:?x)", "[a](//b.example)"]
    {
        assert_eq!(to_html(source), "<p>a</p>\n", "{source}");
    }
}

#[test]
fn addresses_in_prose_become_links() {
    for (source, address) in [
        ("see https://example.org/a.", "https://example.org/a"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://example.org/a_(b)!", "https://example.org/a_(b)"),
        ("*https://example.org*", "https://example.org"),
        ("HTTP://example.org?a=b&c=d;", "HTTP://example.org?a=b&c=d"),
        ("https://example.org/?a&amp;b", "https://example.org/?a&b"),
        ("看https://example.org/中文，好", "https://example.org/中文"),
        ("看https://example.org看", "https://example.org"),
        ("https://例え.テスト/", "https://例え.テスト/"),
        ("\"https://example.org/\"", "https://example.org/"),
        ("https://127.0.0.1:8080/a", "https://127.0.0.1:8080/a"),
        ("https://example.org/@ada", "https://example.org/@ada"),
        ("> - a https://example.org/a\n", "https://example.org/a"),
    ] {
        let reading = read(source).expect("small");
        let url = url::Url::parse(address).expect("an address");
        let link = format!("href=\"{}\" rel=\"{REL}\">", url.as_str().replace('&', "&amp;"));
        assert!(reading.html.contains(&link), "{source}: {}", reading.html);
        assert!(
            reading.html.contains(&format!(">{}</a>", address.replace('&', "&amp;"))),
            "{source}: {}",
            reading.html
        );
        assert_eq!(reading.targets.len(), 1, "{source}");
        assert!(reading.mentions.is_empty(), "{source}");
    }
}

#[test]
fn other_prose_becomes_no_link() {
    for source in [
        "`https://example.org`",
        "    https://example.org",
        "http://localhost",
        "https://",
        "https://.",
        "xhttps://example.org",
        "ftp://example.org",
        "javascript://example.org/%0aalert(1)",
        "https\\://example.org",
        "https:\\//example.org",
        "www.example.org",
        "https://[::1]/",
    ] {
        assert!(targets(source).is_empty(), "{source}");
    }
    assert_eq!(targets("[https://a.example](https://b.example)"), ["https://b.example/"]);
    let long = format!("https://a.example/{} b", "https://a.example/".repeat(200));
    assert!(targets(&long).is_empty());
}

#[test]
fn an_address_cannot_leave_its_attribute() {
    for source in [
        "https://example.org/\"onmouseover=alert(1)",
        "https://example.org/'onmouseover='alert(1)",
        "https://example.org/&quot;onmouseover=alert(1)//",
        "https://example.org/?<script>alert(1)</script>",
        "https://example.org/&lt;script&gt;",
        "https://example.org/\u{a0}onclick=x",
        "https://exa\"mple.org/",
        "<https://example.org/\"onclick=\"x>",
        "```a\"onclick=\"x\ny\n```",
        "```rust\"><script>\ny\n```",
        "| a |\n|:\"onclick=x:|\n| b |",
    ] {
        assert_harmless(&to_html(source), source);
    }
}

#[test]
fn the_language_of_code_is_kept() {
    for (info, class) in [
        ("rust", " class=\"language-rust\""),
        ("c++", " class=\"language-c++\""),
        ("rust,ignore", " class=\"language-rust\""),
        ("python title=\"a.py\"", " class=\"language-python\""),
        ("", ""),
        ("\"onclick=x", ""),
        ("日本語", ""),
        (&"a".repeat(33), ""),
    ] {
        let html = to_html(&format!("```{info}\nx\n```"));
        assert_eq!(html, format!("<pre><code{class}>x\n</code></pre>\n"), "{info}");
    }
}

#[test]
fn the_alignment_of_columns_is_kept() {
    let html = to_html("| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |");
    for (tag, at) in [("th", ["a", "b", "c", "d"]), ("td", ["1", "2", "3", "4"])] {
        let sides = [" align=\"left\"", " align=\"center\"", " align=\"right\"", ""];
        for (side, cell) in sides.iter().zip(at) {
            assert!(html.contains(&format!("<{tag}{side}>{cell}</{tag}>")), "{html}");
        }
    }
}

#[test]
fn names_are_mentioned_by_an_at_that_begins_a_word_of_prose() {
    for (source, names) in [
        ("@ada", &["ada"][..]),
        ("Hello @ada, @bob: and (@eve)!", &["ada", "bob", "eve"]),
        ("As @ada.", &["ada"]),
        ("@ada.lovelace-", &["ada.lovelace"]),
        ("@Ada @ADA @ada", &["Ada"]),
        ("*@ada* and **@bob**", &["ada", "bob"]),
        ("- @bob", &["bob"]),
        ("你好@ada你好", &["ada"]),
        ("東京で@adaさんと、@bobさん", &["ada", "bob"]),
        ("ー@adaー", &["ada"]),
        ("สวัสดี@adaครับ", &["ada"]),
        ("안녕@ada님", &["ada"]),
        ("＠ada", &["ada"]),
        ("/@ada", &["ada"]),
        ("@ada/@bob", &["ada", "bob"]),
        ("\\\\@ada", &["ada"]),
        ("ada@example.org", &[]),
        ("https://example.org/@ada", &[]),
        ("example.org/@ada", &[]),
        ("@@ada", &[]),
        ("@ad", &[]),
        ("@adaé", &[]),
        ("é@ada", &[]),
        ("`@ada`", &[]),
        ("```\n@ada\n```", &[]),
        ("    @ada", &[]),
        ("<!-- @ada -->", &[]),
        ("> @ada said", &[]),
        ("> - a\n>   > @ada\n\nb", &[]),
        ("\\@ada", &[]),
        ("&#64;ada", &[]),
        ("![@ada](https://a.example/b.png)", &[]),
        ("[@ada](https://a.example)", &[]),
        ("[@ada](/a)", &[]),
        ("<https://a.example/@ada>", &[]),
        ("@", &[]),
        ("", &[]),
    ] {
        assert_eq!(mentions(source), names, "{source}");
    }
}
