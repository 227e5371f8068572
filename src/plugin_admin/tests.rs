//! What a binding may be.

use serde_json::json;

use super::{
    model::{Change, SETTINGS_MAX, Terms},
    rules::{changed, default_terms, is_troubled, loads_anew},
};
use crate::{
    base::Error,
    hooks::{FailureMode, Grants, HookPoint, Mode},
    plugin_envelopes::{Limits, PRIORITY_LIMIT},
};

const CONTENT: &[HookPoint] = &[HookPoint::ContentBeforePublish];
const VOTES: &[HookPoint] = &[HookPoint::VoteBeforeCast];
const BOTH: &[HookPoint] = &[HookPoint::ContentBeforePublish, HookPoint::VoteBeforeCast];

fn terms() -> Terms {
    default_terms("d".into(), CONTENT)
}

fn broken(result: Result<Terms, Error>) -> Vec<(String, &'static str)> {
    match result {
        Err(Error::Invalid(errors)) => {
            errors.into_iter().map(|error| (error.field.into_owned(), error.rule)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn defaults_are_harmless() {
    let terms = terms();
    assert_eq!((terms.mode, &*terms.settings), (Mode::Shadow, "{}"));
    assert_eq!((terms.grants, terms.limits), (Grants::default(), Limits::default()));
    assert_eq!(terms.failure_mode, FailureMode::Hold);
    assert_eq!(default_terms("d".into(), VOTES).failure_mode, FailureMode::Open);
}

#[test]
fn settings_are_text_or_json() {
    for (value, text) in [
        (json!({"a": [1]}), r#"{"a":[1]}"#),
        (json!([]), "[]"),
        (json!("rules: []"), "rules: []"),
        (json!(null), "{}"),
        (json!(7), "7"),
    ] {
        let change = Change { settings: Some(value), ..Change::default() };
        assert_eq!(&*changed(&terms(), change, CONTENT).unwrap().settings, text);
    }
}

#[test]
fn what_is_not_named_stays() {
    let modify = Grants { modify: true, ..Grants::default() };
    let old = Terms { mode: Mode::Enforce, priority: 3, grants: modify, ..terms() };
    assert_eq!(changed(&old, Change::default(), CONTENT).unwrap(), old);
    let change = Change { grants: Some(Grants::default()), ..Change::default() };
    assert_eq!(changed(&old, change, CONTENT).unwrap(), Terms { grants: Grants::default(), ..old });
}

#[test]
fn every_broken_rule_is_told() {
    let change = Change {
        settings: Some("x".repeat(SETTINGS_MAX + 1).into()),
        failure_mode: Some(FailureMode::Hold),
        priority: Some(PRIORITY_LIMIT + 1),
        ..Change::default()
    };
    let expected = [("settings", "length"), ("failure_mode", "hook"), ("priority", "range")];
    let found = broken(changed(&terms(), change, VOTES));
    assert_eq!(found, expected.map(|(field, rule)| (field.to_owned(), rule)));
}

#[test]
fn a_failure_mode_is_of_one_hook_at_least() {
    let hold = || Change { failure_mode: Some(FailureMode::Hold), ..Change::default() };
    assert!(changed(&terms(), hold(), BOTH).is_ok());
    assert_eq!(broken(changed(&terms(), hold(), VOTES)), [("failure_mode".to_owned(), "hook")]);
}

#[test]
fn what_asks_less_needs_no_new_start() {
    let old = Terms { mode: Mode::Shadow, ..terms() };
    let to = |mode| Change { mode: Some(mode), ..Change::default() };
    assert!(!loads_anew(&old, &to(Mode::Off)));
    assert!(!loads_anew(&old, &to(Mode::Shadow)));
    assert!(loads_anew(&old, &to(Mode::Enforce)));
    assert!(!loads_anew(&old, &Change { priority: Some(1), ..Change::default() }));
    assert!(loads_anew(&old, &Change { settings: Some(json!({})), ..Change::default() }));
    assert!(loads_anew(&old, &Change { digest: Some("e".into()), ..Change::default() }));
}

#[test]
fn a_change_is_trouble_when_more_than_a_fifth_of_some_calls_fail() {
    for (calls, faults, troubled) in [
        (0, 0, false),
        (4, 4, false),
        (5, 1, false),
        (5, 2, true),
        (100, 20, false),
        (100, 21, true),
    ] {
        assert_eq!(is_troubled(calls, faults), troubled, "{faults} of {calls}");
    }
}
