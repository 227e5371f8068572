use proptest::prelude::*;

use super::model::{CommunityEdit, NewCommunity};
use crate::base::Error;

fn broken(slug: &str, name: &str, description: &str) -> Vec<String> {
    match NewCommunity::parse(slug, name, description) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(errors)) => {
            errors.iter().map(|error| format!("{} {}", error.field, error.rule)).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_broken_field_is_told() {
    assert_eq!(broken("rust-lang", "Rust", ""), [""; 0]);
    assert_eq!(broken("abc", &"n".repeat(100), &"d".repeat(5_000)), [""; 0]);
    assert_eq!(
        broken("ab", " \u{202e} ", &"d".repeat(5_001)),
        ["slug length", "name length", "description length"]
    );
    assert_eq!(broken("Rust", "n", ""), ["slug characters"]);
    assert_eq!(broken("a_b", "n", ""), ["slug characters"]);
    assert_eq!(broken("-ab", "n", ""), ["slug edges"]);
    assert_eq!(broken(&"a".repeat(31), "n", ""), ["slug length"]);
}

#[test]
fn an_edit_changes_what_it_names() {
    let edit = CommunityEdit::parse(Some(" New  name "), None).unwrap();
    assert_eq!((edit.name.as_deref(), edit.description), (Some("New name"), None));
    assert!(CommunityEdit::parse(Some(""), None).is_err());
}

proptest! {
    #[test]
    fn a_slug_fits_into_an_address(slug in "\\PC{0,32}") {
        if NewCommunity::parse(&slug, "n", "").is_ok() {
            prop_assert!(slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        }
    }
}
