//! What mails say.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use super::{
    model::{Kind, Queued},
    rules::{Site, quoted, words},
};
use crate::base::clock::Timestamp;

const TOKEN: &str = "abc-DEF_123";

fn site() -> Site {
    Site { url: "https://forum.example".to_owned(), host: "forum.example".to_owned() }
}

fn mail(kind: Kind, values: &[(&str, &str)]) -> Queued {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Queued {
        id: Uuid::nil(),
        kind,
        account: None,
        address: "ada@example.org".to_owned(),
        address_key: "ada@example.org".to_owned(),
        values: values.iter().map(owned).collect::<BTreeMap<_, _>>(),
        created_at: Timestamp(1_767_225_600_000),
    }
}

#[test]
fn a_link_is_ours_and_hides_what_it_proves() {
    for (kind, page) in
        [(Kind::VerifyAddress, "verify-address"), (Kind::ResetPassword, "reset-password")]
    {
        let token = Some((TOKEN, Duration::from_mins(10)));
        let words = words(&mail(kind, &[]), "ada", token, &site());
        let link = format!("https://forum.example/{page}#{TOKEN}");
        assert!(words.text.contains(&format!("\n{link}\n")), "{}", words.text);
        assert!(words.html.contains(&format!("<a href=\"{link}\">{link}</a>")), "{}", words.html);
        assert!(words.text.contains("10 minutes") && !words.subject.contains(TOKEN), "{words:?}");
    }
}

#[test]
fn what_people_write_becomes_no_link() {
    for hostile in [
        "evil.example",
        "https://evil.example/x",
        "www.evil.example",
        "eve@evil.example",
        "mailto:eve",
        "tel:+123",
        "a.b.c.d",
        "\\\\evil\\share",
        "javascript:alert(1)",
        "“evil.example” \"x\"",
    ] {
        let shown = quoted(hostile);
        assert!(!shown.contains(['.', '/', '\\', '@', ':', '"']), "{shown}");
        assert!(shown.starts_with('“') && shown.ends_with('”'), "{shown}");
        assert_eq!(shown.matches('”').count(), 1, "{shown}");
        let words =
            words(&mail(Kind::SignedIn, &[("user_agent", hostile)]), "e.vil", None, &site());
        assert!(!words.text.replace("forum.example", "").contains("evil.e"), "{}", words.text);
        assert!(words.text.contains("“e·vil”") && !words.subject.contains("vil"), "{words:?}");
    }
    let long = quoted(&"x".repeat(500));
    assert!(long.chars().count() < 130 && long.ends_with("…”"), "{long}");
}

#[test]
fn what_people_write_becomes_no_markup_and_turns_nothing_around() {
    let hostile = "<b>\u{202e}x</b>\r\nBcc: <eve>\u{0}\u{2028}y&'";
    let words = words(&mail(Kind::SignedIn, &[("user_agent", hostile)]), "ada", None, &site());
    assert!(
        words.html.contains("“&lt;b&gt;x&lt;∕b&gt; Bcc∶ &lt;eve&gt; y&amp;&#39;”"),
        "{words:?}"
    );
    for text in [&words.text, &words.html] {
        assert!(!text.contains(['\u{202e}', '\u{0}', '\u{2028}', '\r']), "{text:?}");
    }
}

#[test]
fn a_notice_says_when_and_whose() {
    let words = words(&mail(Kind::PasswordChanged, &[]), "ada", None, &site());
    assert_eq!(words.subject, "Your password was changed at forum.example");
    let said = "On 2026-01-01 at 00:00 UTC, the password of “ada” at forum.example was changed.";
    assert!(words.text.starts_with(said), "{}", words.text);
}
