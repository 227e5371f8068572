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
fn a_name_is_the_same_without_regard_to_case() {
    let key = |name: &str| Username::parse(name).unwrap().compared().key;
    assert_eq!(key("Paul"), key("PAUL"));
    for other in ["pau1", "PauI", "pauline", "rnike", "comer"] {
        assert_ne!(key(other), key("Paul"));
        assert_ne!(key(other), key("mike"));
        assert_ne!(key(other), key("corner"));
    }
}

#[test]
fn names_that_are_drawn_alike_have_one_look_alike_key() {
    let key = |name: &str| Username::parse(name).unwrap().look_alike_key();
    for alike in ["paul", "pau1", "PauI", "PAUl"] {
        assert_eq!(key(alike), key("Paul"), "{alike}");
    }
    assert_eq!(key("R00t"), key("root"));
    for (one, other) in [("rnike", "mike"), ("corner", "comer"), ("kim", "klm")] {
        assert_ne!(key(one), key(other));
    }
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
fn a_domain_in_other_letters_is_stored_as_dns_has_it() {
    for (typed, stored) in [
        ("info@B\u{fc}cher.example", "info@xn--bcher-kva.example"),
        ("info@bu\u{308}cher.example", "info@xn--bcher-kva.example"),
        ("info@XN--BCHER-KVA.example", "info@xn--bcher-kva.example"),
        ("a@\u{4f8b}\u{3048}\u{3002}\u{30c6}\u{30b9}\u{30c8}", "a@xn--r8jz45g.xn--zckzah"),
        ("Ada@Example.ORG", "Ada@example.org"),
    ] {
        assert_eq!(Email::parse(typed).unwrap().as_str(), stored, "{typed}");
    }
    for bad in ["a@\u{202e}b.example", "a@xn--\u{fc}.example", "a@b_c.example", "a@b.example."] {
        assert!(Email::parse(bad).is_err(), "{bad}");
    }
    let error = Email::parse("j\u{f6}rg@example.org").unwrap_err();
    assert_eq!(error.rule, "ascii");
}

#[test]
fn one_persons_address_has_one_key_however_it_is_spelled() {
    let key = |address: &str| Email::parse(address).unwrap().person_key();
    for same in ["ada@example.org", "Ada+spam@EXAMPLE.org", "ADA+@example.org"] {
        assert_eq!(key(same), "ada@example.org", "{same}");
    }
    assert_eq!(key("A.D.A@googlemail.com"), key("ada+x@gmail.com"));
    assert_ne!(key("a.da@example.org"), key("ada@example.org"));
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
