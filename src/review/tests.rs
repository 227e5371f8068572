//! What may be settled.

use super::{
    model::{ItemKind, ItemState, Resolution, parse_note},
    rules::may_resolve,
};
use crate::base::Error;

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
