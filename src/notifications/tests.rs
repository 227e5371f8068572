//! Who is called by name, and what is kept of values.

use proptest::prelude::*;

use super::{
    model::{Kind, Preferences, stored_offset},
    rules::{correction, kept, mentions, value},
};
use crate::base::{markdown, text::name_key};

fn called(text: &str) -> Vec<String> {
    mentions(&markdown::mentions(text))
}

#[test]
fn the_words_of_content_are_kept_only_when_they_were_changed() {
    let asked = [value("reason", "Why"), value("excerpt", "Words")];
    assert_eq!(kept(&asked, &asked), [value("reason", "Why")]);
    let changed = [value("reason", "Why"), value("excerpt", "Other words")];
    assert_eq!(kept(&asked, &changed), changed);
}

#[test]
fn a_correction_says_what_it_corrects() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        assert_eq!(correction(kind)[1].value, kind.as_str());
    }
}

proptest! {
    #[test]
    fn any_text_calls_at_most_ten_and_each_once(text in "(@?[a-z@/._` \\n-]{0,6}){0,60}") {
        let called = called(&text);
        prop_assert!(called.len() <= 10);
        for (n, name) in called.iter().enumerate() {
            prop_assert!(!called[..n].contains(name));
        }
    }

    #[test]
    fn whoever_is_named_is_called(names in prop::collection::vec("[a-z][a-z0-9]{2,20}", 1..10)) {
        let text = names.iter().map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ");
        let mut expected: Vec<String> = Vec::new();
        for name in &names {
            let key = name_key(name);
            if !expected.contains(&key) {
                expected.push(key);
            }
        }
        prop_assert_eq!(called(&text), expected);
    }

    #[test]
    fn anything_can_be_read(text in any::<String>()) {
        prop_assert!(called(&text).len() <= 10);
    }
}

#[test]
fn offsets_outside_the_range_are_refused_and_never_read_as_such() {
    for (minutes, is_accepted) in
        [(i64::MIN, false), (-841, false), (-840, true), (0, true), (840, true), (i64::MAX, false)]
    {
        assert_eq!(Preferences::parse(&[], minutes).is_ok(), is_accepted, "{minutes}");
    }
    assert_eq!([i64::MIN, -7, i64::MAX].map(stored_offset), [-840, -7, 840]);
    assert_eq!(Preferences::of("", i64::MIN).utc_offset, -840);
}
