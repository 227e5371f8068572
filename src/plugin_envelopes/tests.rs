//! What fits into an envelope.

use super::{
    model::{Envelope, PRIORITY_LIMIT, Wish},
    rules::{check, clamped, outside},
};
use crate::{
    base::Error,
    hooks::{EffectKind, FailureMode, Grants, Mode},
};

fn envelope() -> Envelope {
    Envelope {
        plugins: Some(["automod".to_owned()].into()),
        grants: Grants {
            modify: true,
            http: vec!["a.example".into()],
            effects: [EffectKind::Label].into(),
            ..Grants::default()
        },
        priority_min: -10,
        priority_max: 10,
        max_bindings: 2,
        modes: vec![Mode::Shadow, Mode::Enforce],
        failure_modes: vec![FailureMode::Hold],
    }
}

fn wish(grants: &Grants) -> Wish<'_> {
    Wish {
        plugin: "automod",
        grants,
        priority: 10,
        mode: Mode::Enforce,
        failure_mode: FailureMode::Hold,
    }
}

#[test]
fn each_field_is_held_against_the_envelope() {
    let (most, none) = (envelope().grants, Grants::default());
    assert_eq!(outside(&envelope(), &wish(&most)), None);
    assert_eq!(outside(&envelope(), &Wish { mode: Mode::Off, ..wish(&none) }), None);
    for (beyond, field) in [
        (Wish { plugin: "other", ..wish(&none) }, "plugin"),
        (Wish { priority: 11, ..wish(&none) }, "priority"),
        (Wish { failure_mode: FailureMode::Open, ..wish(&none) }, "failure_mode"),
    ] {
        assert_eq!(outside(&envelope(), &beyond), Some(field));
    }
    let shadow = Envelope { modes: vec![Mode::Shadow], ..envelope() };
    assert_eq!(outside(&shadow, &wish(&none)), Some("mode"));
    let hosts = vec!["b.example".to_owned()];
    for (grants, field) in [
        (Grants { state: true, ..Grants::default() }, "grants.state"),
        (Grants { text: true, ..Grants::default() }, "grants.text"),
        (Grants { forum: true, ..Grants::default() }, "grants.forum"),
        (Grants { http: hosts, ..Grants::default() }, "grants.http"),
        (Grants { http_in_decisions: true, ..Grants::default() }, "grants.http_in_decisions"),
        (Grants { effects: [EffectKind::Ban].into(), ..Grants::default() }, "grants.effects"),
    ] {
        assert_eq!(outside(&envelope(), &wish(&grants)), Some(field));
    }
    assert_eq!(outside(&Envelope::default(), &wish(&none)), Some("mode"), "nothing is allowed");
}

#[test]
fn grants_are_cut_to_the_envelope() {
    let wanted = Grants {
        state: true,
        modify: true,
        http: vec!["a.example".into(), "b.example".into()],
        effects: [EffectKind::Label, EffectKind::Ban].into(),
        ..Grants::default()
    };
    assert_eq!(clamped(&wanted, &envelope()), envelope().grants);
    assert_eq!(clamped(&Grants::default(), &envelope()), Grants::default());
    assert_eq!(clamped(&wanted, &Envelope::default()), Grants::default());
}

#[test]
fn an_envelope_makes_sense() {
    assert!(check(&envelope()).is_ok() && check(&Envelope::default()).is_ok());
    for (wrong, field) in [
        (Envelope { plugins: Some(["No".to_owned()].into()), ..envelope() }, "plugins"),
        (Envelope { priority_min: 11, ..envelope() }, "priority"),
        (Envelope { priority_max: PRIORITY_LIMIT + 1, ..envelope() }, "priority"),
        (Envelope { max_bindings: 101, ..envelope() }, "max_bindings"),
    ] {
        let Err(Error::Invalid(errors)) = check(&wrong) else { panic!("{field}") };
        assert_eq!(errors[0].field, field);
    }
}
