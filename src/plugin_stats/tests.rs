//! Of which days figures are.

use super::rules::{USUAL_DAYS, parse_days, since};
use crate::base::{Error, clock::Timestamp};

#[test]
fn days_are_a_week_to_a_year() {
    assert_eq!(parse_days(None).unwrap(), USUAL_DAYS);
    for (days, is_good) in [(0, false), (1, true), (366, true), (367, false), (u32::MAX, false)] {
        match parse_days(Some(days)) {
            Ok(taken) => assert!(is_good && taken == days, "{days}"),
            Err(Error::Invalid(errors)) => assert!(!is_good && errors[0].rule == "range", "{days}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_day_has_its_milliseconds() {
    assert_eq!(since(Timestamp(86_400_000), 1), Timestamp(0));
    assert_eq!(since(Timestamp(i64::MIN), 366), Timestamp(i64::MIN));
}
