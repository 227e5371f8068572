//! Which step an error belongs to, and what a probe comes to.

use super::{
    model::{Probe, Step},
    rules::{compare, step},
};
use crate::{
    hooks::{LoadCode, LoadError, Verdict},
    plugin_versions::refused,
};

#[test]
fn an_error_belongs_to_a_step() {
    for (code, expected) in [
        (LoadCode::NotGranted, Step::Inspected),
        (LoadCode::CompileTime, Step::Compiled),
        (LoadCode::ConfigureRefused, Step::Configured),
    ] {
        assert_eq!(step(code), expected);
    }
}

#[test]
fn a_probe_counts_who_is_stricter() {
    let mut probe = Probe::default();
    for (then, now) in [
        (Verdict::Allow, Verdict::Annotate),
        (Verdict::Allow, Verdict::Hold),
        (Verdict::Hold, Verdict::Reject),
        (Verdict::Reject, Verdict::Modify),
    ] {
        compare(&mut probe, then, now);
    }
    assert_eq!(probe, Probe { events: 4, same: 1, stricter: 2, milder: 1 });
}

#[test]
fn a_refusal_is_shown_as_a_sentence() {
    let error = LoadError {
        code: LoadCode::CompileCpu,
        message: "compiling the component takes more than 7 s of processor time".to_owned(),
        expected: None,
        found: None,
    };
    let shown = refused("digest", &error).to_string();
    assert_eq!(shown, "digest: compiling the component takes more than 7 s of processor time");
}
