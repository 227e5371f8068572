//! The people whom a text notifies, and the values that are kept.

use uuid::Uuid;

use super::{
    model::{Kind, Preferences, stored_offset},
    rules::{cause_of_notice, correction, kept, looked_up, not_notified, value},
};

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

#[test]
fn an_author_is_told_once_of_the_same_people_of_a_text() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let cause = cause_of_notice(one, &names(&["ada", "bob"]));
    assert_eq!(cause, cause_of_notice(one, &names(&["bob", "ada"])));
    assert_ne!(cause, cause_of_notice(one, &names(&["ada"])));
    assert_ne!(cause, cause_of_notice(other, &names(&["ada", "bob"])));
    let values = not_notified(&names(&["ada", "bob"]));
    assert_eq!(values[1], value("not_notified", "ada, bob"));
}

#[test]
fn at_most_forty_names_of_a_text_are_looked_up() {
    let names: Vec<String> = (0..50).map(|n| format!("name{n}")).collect();
    assert_eq!(looked_up(&names), &names[..40]);
    assert_eq!(looked_up(&names[..3]), &names[..3]);
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
