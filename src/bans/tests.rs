use proptest::prelude::*;

use super::{
    model::{BanState, Deed, Deeds, NewBan, Scope, Wanted},
    rules,
};
use crate::base::{
    Error,
    clock::Timestamp,
    ids::{AccountId, CommunityId, PostId},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn post_scope() -> Scope {
    Scope::Post {
        id: PostId::new(NOW),
        community: CommunityId::new(NOW),
        author: AccountId::new(NOW),
    }
}

fn broken(deeds: &[&str], reason: &str, until: Option<&str>, scope: &Scope) -> Vec<String> {
    let deeds: Vec<String> = deeds.iter().map(|deed| (*deed).to_owned()).collect();
    let wanted = Wanted { username: "ada", deeds: &deeds, reason, until, remove_hours: None };
    match NewBan::parse(wanted, scope, NOW) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(errors)) => {
            errors.iter().map(|error| format!("{} {}", error.field, error.rule)).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_broken_field_is_told() {
    assert_eq!(broken(&["view", "post"], "", None, &Scope::Site), [""; 0]);
    assert_eq!(
        broken(&["vote", "vote"], "a", Some("2099-01-01T00:00:00Z"), &post_scope()),
        [""; 0]
    );
    assert_eq!(broken(&["post"], "", None, &post_scope()), ["deeds deed"]);
    let long = "a".repeat(1_001);
    assert_eq!(
        broken(&["fly"], &long, Some("soon"), &Scope::Site),
        ["reason length", "deeds deed", "until time"]
    );
    assert_eq!(
        broken(&[], "", Some("2001-01-01T00:00:00Z"), &Scope::Site),
        ["deeds required", "until future"]
    );
}

#[test]
fn a_ban_ends_at_its_time() {
    let later = Timestamp(NOW.0 + 1);
    assert_eq!(rules::state(None, None, NOW), BanState::Active);
    assert_eq!(rules::state(Some(later), None, NOW), BanState::Active);
    assert_eq!(rules::state(Some(NOW), None, NOW), BanState::Expired);
    assert_eq!(rules::state(Some(NOW), Some(NOW), NOW), BanState::Lifted);
}

#[test]
fn nobody_bans_themselves_or_who_moderates() {
    let (me, you) = (AccountId::new(NOW), AccountId::new(NOW));
    assert!(rules::may_set(Some(me), you, false).is_ok());
    assert!(rules::may_set(None, you, false).is_ok());
    assert!(rules::may_set(None, you, true).is_err());
    assert!(matches!(
        rules::may_set(Some(me), me, false),
        Err(Error::Conflict { code: "self_ban", .. })
    ));
    assert!(matches!(
        rules::may_set(Some(me), you, true),
        Err(Error::Conflict { code: "moderates_here", .. })
    ));
}

proptest! {
    #[test]
    fn deeds_survive_storage(bits in 1_i64..16) {
        let deeds = Deeds::from_stored(bits);
        prop_assert_eq!(deeds.bits(), bits);
        let sum: i64 = deeds.iter().map(Deed::bit).sum();
        prop_assert_eq!(sum, bits);
    }

    #[test]
    fn a_lifted_ban_is_never_in_force(until in proptest::option::of(any::<i64>()), now: i64, at: i64) {
        let state = rules::state(until.map(Timestamp), Some(Timestamp(at)), Timestamp(now));
        prop_assert_eq!(state, BanState::Lifted);
    }
}
