//! How answers are compared.

use super::{
    model::{Answer, Change},
    rules::compare,
};

fn answer(verdict: &str, message: Option<&str>) -> Answer {
    Answer {
        verdict: Some(verdict.to_owned()),
        message: message.map(str::to_owned),
        patch: None,
        evidence: Vec::new(),
        effects: Vec::new(),
        fault: None,
    }
}

#[test]
fn a_candidate_is_compared_with_what_was() {
    let failed = Answer { verdict: None, fault: Some("trap".to_owned()), ..answer("allow", None) };
    for (was, words, would, change) in [
        ("allow", None, answer("allow", None), Change::Same),
        ("allow", None, answer("annotate", None), Change::Differs),
        ("allow", None, answer("hold", Some("no")), Change::WouldHold),
        ("allow", None, answer("reject", Some("no")), Change::WouldReject),
        ("hold", None, answer("reject", Some("no")), Change::WouldReject),
        ("reject", None, answer("hold", Some("no")), Change::WouldHold),
        ("unavailable", None, answer("allow", None), Change::WouldAllow),
        ("hold", Some(answer("hold", Some("a"))), answer("hold", Some("a")), Change::Same),
        ("hold", Some(answer("hold", Some("a"))), answer("hold", Some("b")), Change::Differs),
        // A failure mode's words are nobody's.
        ("hold", Some(failed.clone()), answer("hold", Some("b")), Change::Same),
        ("hold", None, failed, Change::Fault),
    ] {
        assert_eq!(compare(was, words.as_ref(), &would), change, "{was} {words:?} {would:?}");
    }
}
