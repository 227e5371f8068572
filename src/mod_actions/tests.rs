//! Reasons of actions, their names, and what policies ask for before them.

use proptest::prelude::*;

use uuid::Uuid;

use super::{
    model::{ActionKind, Matter, Tie, parse_reason},
    rules::{Wanted, may_decide, settle, tie, yields},
};
use crate::{
    base::{Error, ids::AccountId},
    hooks::Merged,
};

fn held() -> Merged {
    Merged::Hold { reason: "because".to_owned() }
}

fn any_wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![Just(Wanted::Reason), "[a-z]{1,5}".prop_map(Wanted::Second)]
}

#[test]
fn plugins_yield_to_people() {
    assert!(yields(false).is_ok());
    assert!(matches!(yields(true), Err(Error::Conflict { code: "decided_by_people", .. })));
}

#[test]
fn a_person_is_tied_to_their_own_matters_only() {
    let [me, other] = [1, 2].map(|id| AccountId(Uuid::from_u128(id)));
    let none = Matter::default();
    for (matter, expected) in [
        (none, None),
        (
            Matter { about: Some(other), reported_by: Some(other), done_by: Some(other), ..none },
            None,
        ),
        (Matter { about: Some(me), reported_by: Some(other), ..none }, Some(Tie::Subject)),
        (Matter { about: Some(other), reported_by: Some(me), ..none }, Some(Tie::Report)),
        (Matter { about: Some(other), done_by: Some(me), ..none }, Some(Tie::Act)),
        (Matter { about: Some(me), done_by: Some(me), ..none }, Some(Tie::Subject)),
    ] {
        assert_eq!(tie(me, &matter), expected, "{matter:?}");
    }
}

#[test]
fn an_own_matter_is_decided_only_when_nobody_else_can() {
    for others_can in [true, false] {
        assert!(matches!(may_decide(None, others_can), Ok(false)));
    }
    for tie in [Tie::Subject, Tie::Report, Tie::Act] {
        let refused = may_decide(Some(tie), true);
        assert!(matches!(refused, Err(Error::Forbidden { code: "own_matter", .. })), "{tie:?}");
        assert!(matches!(may_decide(Some(tie), false), Ok(true)), "{tie:?}");
    }
}

#[test]
fn kinds_survive_storage() {
    for &kind in ActionKind::ALL {
        assert_eq!(ActionKind::parse(kind.as_str()).map_err(|error| error.rule), Ok(kind));
    }
    assert!(ActionKind::parse("forgive").is_err());
}

#[test]
fn a_reason_may_be_left_out_but_not_go_on_for_ever() {
    for none in [None, Some(""), Some(" \n ")] {
        assert_eq!(parse_reason(none).unwrap(), None);
    }
    assert_eq!(parse_reason(Some(" Spam. ")).unwrap().as_deref(), Some("Spam."));
    assert!(parse_reason(Some(&"é".repeat(1_000))).is_ok());
    assert_eq!(parse_reason(Some(&"é".repeat(1_001))).unwrap_err().rule, "length");
}

#[test]
fn without_a_hold_nothing_is_waited_for() {
    for verdict in [Merged::Allow, Merged::Annotate] {
        assert_eq!(settle(&verdict, &[], (false, 0)).unwrap(), None);
    }
    assert!(matches!(
        settle(&Merged::Reject { reason: "because".to_owned() }, &[], (true, 1)),
        Err(Error::RejectedByPolicy { message, .. }) if message == "because"
    ));
    assert!(matches!(
        settle(&Merged::Unavailable, &[], (true, 1)),
        Err(Error::Forbidden { code: "policy_unavailable", .. })
    ));
}

proptest! {
    /// A reason is asked for first, then a second, whose wait has the words of the
    /// policy that wants one; with both there nothing is left to ask.
    #[test]
    fn a_hold_asks_for_a_reason_and_then_for_a_second(
        wanted in proptest::collection::vec(any_wanted(), 0..4),
        has_reason: bool,
        seconded in 0_u32..3,
    ) {
        let asks_reason = wanted.contains(&Wanted::Reason);
        let first = wanted.iter().find_map(|wanted| match wanted {
            Wanted::Second(why) => Some(why.clone()),
            Wanted::Reason => None,
        });
        match settle(&held(), &wanted, (has_reason, seconded)) {
            Err(Error::Invalid(errors)) => {
                prop_assert!(asks_reason && !has_reason);
                prop_assert_eq!(errors[0].rule, "reason_required");
            }
            Err(error) => prop_assert!(false, "{error}"),
            Ok(waits) => {
                prop_assert!(has_reason || !asks_reason);
                prop_assert_eq!(waits, first.filter(|_| seconded == 0));
            }
        }
    }
}
