//! What may be settled.

use super::{
    model::{Change, ItemKind, ItemState, Present, Resolution, Ruling, Text, parse_note},
    rules::{changes, may_resolve},
};
use crate::{
    base::{Error, clock::Timestamp},
    frozen_copies::FrozenCopy,
};

#[test]
fn an_item_is_settled_once() {
    assert!(may_resolve(ItemState::Open).is_ok());
    for (state, expected) in [
        (ItemState::Approved, "already_resolved"),
        (ItemState::Removed, "already_resolved"),
        (ItemState::Superseded, "superseded"),
    ] {
        let Err(Error::Conflict { code, .. }) = may_resolve(state) else { panic!("{state:?}") };
        assert_eq!(code, expected);
    }
}

#[test]
fn words_are_stored_and_read_back() {
    for kind in [ItemKind::Post, ItemKind::Comment, ItemKind::Edit, ItemKind::Account] {
        assert_eq!(ItemKind::from_stored(kind.as_str()), Some(kind));
    }
    for state in [ItemState::Open, ItemState::Approved, ItemState::Removed, ItemState::Superseded] {
        assert_eq!(ItemState::from_stored(state.as_str()), Some(state));
    }
    assert_eq!(ItemKind::from_stored("vote"), None);
    assert_eq!(Resolution::Approve.state(), ItemState::Approved);
    assert_eq!(Resolution::Remove.state(), ItemState::Removed);
}

#[test]
fn notes() {
    assert_eq!(parse_note("  \n "), Ok(None));
    assert_eq!(parse_note(" fine "), Ok(Some("fine".to_owned())));
    assert!(parse_note(&"x".repeat(1_000)).is_ok());
    assert!(parse_note(&"x".repeat(1_001)).is_err());
}

#[test]
fn a_ruling_names_each_text_that_is_too_long() {
    let long = "x".repeat(1_001);
    let Err(Error::Invalid(errors)) = Ruling::parse(Resolution::Remove, Some(&long), Some(&long))
    else {
        panic!("both are too long");
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field.clone()).collect();
    assert_eq!(fields, ["reason", "note"]);
    let ruling = Ruling::parse(Resolution::Remove, Some(" Spam. "), None);
    assert_eq!(ruling.map(|ruling| ruling.reason).ok().flatten().as_deref(), Some("Spam."));
}

#[test]
fn a_subject_is_compared_with_its_copy() {
    let text = |body: &str| Some(Text { title: None, body: body.to_owned() });
    let copy = FrozenCopy {
        author: "ada".to_owned(),
        revision: Some(1),
        title: None,
        body: Some("Words.".to_owned()),
        bio: None,
        media: Vec::new(),
        frozen_at: Timestamp(10),
    };
    let same = Present {
        author: Some("ada".to_owned()),
        is_closed: false,
        is_deleted: false,
        text: text("Words."),
        profile: None,
        edited_at: Some(Timestamp(10)),
    };
    assert_eq!(changes(&copy, &same), []);
    let cases = [
        (Present { text: text("Other."), ..same.clone() }, Change::Edited),
        (Present { edited_at: Some(Timestamp(11)), ..same.clone() }, Change::Edited),
        (Present { author: Some("eve".to_owned()), ..same.clone() }, Change::Renamed),
        (Present { text: None, is_deleted: true, ..same.clone() }, Change::DeletedByAuthor),
        (
            Present { author: Some("[closed]".to_owned()), is_closed: true, ..same },
            Change::AccountClosed,
        ),
    ];
    for (present, expected) in cases {
        assert_eq!(changes(&copy, &present), [expected], "{present:?}");
    }
}
