//! Who may report what, why, and what a policy's word comes to.

use proptest::prelude::*;
use uuid::Uuid;

use super::rules::{may_report, parse_reason, settle};
use crate::{
    base::{Error, ids::AccountId},
    hooks::Merged,
};

#[test]
fn nobody_reports_themselves() {
    let [one, other] = [1, 2].map(|n| AccountId(Uuid::from_u128(n)));
    assert!(may_report(one, other).is_ok());
    assert!(matches!(may_report(one, one), Err(Error::Conflict { code: "self_report", .. })));
}

#[test]
fn there_is_nothing_to_hold() {
    let reason = || "because".to_owned();
    for verdict in [Merged::Allow, Merged::Annotate, Merged::Hold { reason: reason() }] {
        assert!(settle(&verdict).is_ok(), "{verdict:?}");
    }
    assert!(matches!(
        settle(&Merged::Reject { reason: reason() }),
        Err(Error::RejectedByPolicy { message, .. }) if message == "because"
    ));
    assert!(matches!(
        settle(&Merged::Unavailable),
        Err(Error::Forbidden { code: "policy_unavailable", .. })
    ));
}

#[test]
fn a_reason_has_words_and_an_end() {
    assert_eq!(parse_reason("  Spam.\u{202e}\0 ").unwrap(), "Spam.");
    for (text, is_good) in
        [("é".repeat(1_000), true), ("é".repeat(1_001), false), (String::new(), false)]
    {
        assert_eq!(parse_reason(&text).is_ok(), is_good, "{} bytes", text.len());
    }
    assert_eq!(parse_reason(" \n\t ").unwrap_err().rule, "length");
}

proptest! {
    /// What was taken is taken again as it is.
    #[test]
    fn a_reason_that_was_taken_stays(text in "\\PC{0,40}[\\r\\n\\t ]{0,3}\\PC{0,1000}") {
        if let Ok(reason) = parse_reason(&text) {
            let again = parse_reason(&reason).map_err(|error| error.rule);
            prop_assert_eq!(again, Ok(reason));
        }
    }
}
