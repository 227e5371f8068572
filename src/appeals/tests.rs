//! What may be appealed, and what is answered when it cannot be granted.

use proptest::prelude::*;

use super::{
    model::{Against, AppealState, Strike},
    rules::*,
};
use crate::base::{Error, FieldError, clock::Timestamp, ids::AccountId};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn code(error: &Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } | Error::Forbidden { code, .. } => code,
        Error::NotFound => "not_found",
        _ => "?",
    }
}

fn strike(account: AccountId, is_appealable: bool, stands: bool) -> Strike {
    Strike { account, community: None, is_appealable, done_by: None, stands, content: None }
}

#[test]
fn kinds_and_states_survive_storage() {
    for against in Against::ALL {
        assert_eq!(Against::from_stored(against.as_str()), Some(against));
    }
    for state in [AppealState::Open, AppealState::Granted, AppealState::Denied] {
        assert_eq!(AppealState::from_stored(state.as_str()), Some(state));
        assert_eq!(may_decide(state).is_ok(), state == AppealState::Open);
    }
    assert_eq!((Against::from_stored("?"), AppealState::from_stored("?")), (None, None));
}

/// What is somebody else's is not there, whatever else is to be said of it.
#[test]
fn only_who_was_struck_is_told_why_not() {
    let (me, other) = (AccountId::new(NOW), AccountId::new(NOW));
    for (strike, open, expected) in [
        (None, 0, "not_found"),
        (Some(strike(other, true, true)), 0, "not_found"),
        (Some(strike(other, false, false)), 99, "not_found"),
        (Some(strike(me, false, true)), 0, "not_appealable"),
        (Some(strike(me, true, false)), 0, "not_in_force"),
        (Some(strike(me, true, true)), 10, "too_many_appeals"),
    ] {
        let refused = may_appeal(me, strike, open).unwrap_err();
        assert_eq!(code(&refused), expected);
    }
    assert!(may_appeal(me, Some(strike(me, true, true)), 9).is_ok());
}

/// Whatever its author would be told, whoever decides is told of a state.
#[test]
fn what_cannot_be_published_is_a_conflict() {
    let invalid = Error::Invalid(vec![FieldError::new("parent_id", "unknown", "is gone")]);
    for (error, expected) in [
        (Error::NotFound, "gone"),
        (Error::forbidden("banned", "You are banned."), "author_forbidden"),
        (invalid, "not_publishable"),
        (Error::Invalid(Vec::new()), "not_publishable"),
        (Error::conflict("locked", "The post is locked."), "locked"),
        (not_kept(), "text_not_kept"),
    ] {
        let told = not_publishable(error);
        assert!(matches!(told, Error::Conflict { .. }));
        assert_eq!(code(&told), expected);
    }
    assert!(matches!(not_publishable(Error::internal("broken")), Error::Internal(_)));
}

proptest! {
    #[test]
    fn a_text_has_something_in_it_and_fits_a_page(text in "\\PC{0,40}", times in 0_usize..200) {
        let text = text.repeat(times);
        match parse_text(&text) {
            Ok(kept) => {
                prop_assert!((1..=4_000).contains(&kept.chars().count()));
                prop_assert_eq!(kept.trim(), kept.as_str());
                // What was accepted once stays as it is.
                prop_assert_eq!(parse_text(&kept).unwrap(), kept);
            }
            Err(broken) => prop_assert_eq!((&*broken.field, broken.rule), ("text", "length")),
        }
    }

    #[test]
    fn a_note_may_be_missing_but_not_long(note in "[a-z \\n]{0,30}", times in 0_usize..60) {
        let note = note.repeat(times);
        match parse_note(&note) {
            Ok(None) => prop_assert!(note.trim().is_empty()),
            Ok(Some(kept)) => {
                prop_assert!((1..=1_000).contains(&kept.chars().count()));
                prop_assert!(!note.trim().is_empty());
            }
            Err(broken) => {
                prop_assert_eq!((&*broken.field, broken.rule), ("note", "length"));
                prop_assert!(note.trim().chars().count() > 1_000);
            }
        }
    }

    /// Of anybody's appeals, those that go on are against what is theirs, stands
    /// and can be appealed, and few wait.
    #[test]
    fn nothing_else_goes_on(is_mine: bool, is_appealable: bool, stands: bool, open in 0_i64..20) {
        let me = AccountId::new(NOW);
        let whose = if is_mine { me } else { AccountId::new(NOW) };
        let answer = may_appeal(me, Some(strike(whose, is_appealable, stands)), open);
        prop_assert_eq!(answer.is_ok(), is_mine && is_appealable && stands && open < 10);
    }
}
