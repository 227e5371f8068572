//! Names, addresses and passwords.

use super::model::{Email, Password, Username, parse_bio};
use crate::base::secret::Secret;

#[test]
fn usernames() {
    for good in ["ada", "Ada.Lovelace", "a_b-c", "x99", "abcdefghijklmnopqrstuvwxyz1234"] {
        assert!(Username::parse(good).is_ok(), "{good}");
    }
    let too_long = "a".repeat(31);
    for bad in ["", "ab", &too_long, "a b c", "ädá", "-ab", "ab.", "a/b", "a@b", "<b>x</b>"] {
        assert!(Username::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn names_that_look_alike_have_one_key() {
    let key = |name: &str| Username::parse(name).unwrap().key();
    assert_eq!(key("Paul"), key("paul"));
    assert_eq!(key("paul"), key("PAUL"));
    assert_eq!(key("modem"), key("rnodem"));
    assert_ne!(key("paul"), key("pauline"));
}

#[test]
fn reserved_names_and_their_look_alikes_are_refused() {
    for bad in ["admin", "Admin", "SYSTEM", "rnod", "rnoderator"] {
        assert!(Username::parse_unreserved(bad).is_err(), "{bad}");
    }
    assert!(Username::parse_unreserved("modest").is_ok());
}

#[test]
fn addresses() {
    for good in ["a@b.co", "first.last+tag@sub.example.org", "A@EXAMPLE.ORG"] {
        assert!(Email::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@",
        "a b@c.de",
        "a@b@c.de",
        "a@-b.co",
        "a@b..co",
        ".a@b.co",
        "a@b.co\r\nBcc: c@d.ef",
        "a\u{0}@b.co",
        "\"a\"@b.co",
        "a@[127.0.0.1]",
    ] {
        assert!(Email::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(Email::parse("A@Example.ORG").unwrap().domain(), "example.org");
}

#[test]
fn passwords() {
    let parse =
        |text: &str| Password::parse("password", Secret::new(text.to_owned()), "ada.lovelace");
    for good in ["correct horse", "пароль-для-меня", "        x"] {
        assert!(parse(good).is_ok(), "{good}");
    }
    let too_long = "ab".repeat(65);
    for bad in ["", "1234567", &too_long, "password", "PassWord1", "aaaaaaaaaaaa", "Ada.Lovelace"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_bio_has_a_bound() {
    assert!(parse_bio(&"é".repeat(2_000)).is_ok());
    assert!(parse_bio(&"é".repeat(2_001)).is_err());
    assert_eq!(parse_bio("  a\u{202e}b\r\nc  ").unwrap(), "ab\nc");
}
