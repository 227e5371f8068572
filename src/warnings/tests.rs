//! Who may be warned by whom.

use proptest::prelude::*;
use uuid::Uuid;

use super::rules::may_warn;
use crate::base::{Error, ids::AccountId};

proptest! {
    /// Plugins and people alike warn anybody but moderators of the place; people
    /// do not warn themselves.
    #[test]
    fn moderators_and_oneself_are_not_warned(
        person in proptest::option::of(0_u128..3),
        account in 0_u128..3,
        moderates: bool,
    ) {
        let id = |n| AccountId(Uuid::from_u128(n));
        let answer = may_warn(person.map(id), id(account), moderates);
        match answer {
            Ok(()) => prop_assert!(person != Some(account) && !moderates),
            Err(Error::Conflict { code: "self_warning", .. }) => {
                prop_assert_eq!(person, Some(account));
            }
            Err(Error::Conflict { code: "moderates_there", .. }) => prop_assert!(moderates),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
