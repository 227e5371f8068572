use super::{Finding, Level, clocks};
use crate::base::clock::Timestamp;

#[test]
fn clocks_are_compared_at_the_middle_of_the_question() {
    let at = |theirs: i64, asked, answered| {
        clocks("clock", Timestamp(theirs), (Timestamp(asked), Timestamp(answered))).level
    };
    assert_eq!(at(10_000, 9_900, 10_100), Level::Ok);
    assert_eq!(at(10_900, 9_900, 10_100), Level::Ok);
    assert_eq!(at(11_500, 10_000, 10_010), Level::Warning);
    assert_eq!(at(8_500, 10_000, 10_010), Level::Warning);
}

#[test]
fn a_finding_is_one_line() {
    let finding = Finding::failed("redis", "no\r\nanswer", "start\nit");
    assert_eq!(finding.to_string(), "failed   redis: no answer; start it");
    assert_eq!(Finding::ok("mail", "works").to_string(), "ok       mail: works");
}
