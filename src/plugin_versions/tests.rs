//! Names of plugins, and what is said of those that cannot be used.

use super::{
    model::{About, PluginName},
    rules::refused,
};
use crate::{
    base::Error,
    hooks::{LoadCode, LoadError},
};

#[test]
fn names() {
    for good in ["ab", "automod", "a-1", &"x".repeat(64)] {
        assert_eq!(
            PluginName::parse("name", good).map(|name| name.as_str().to_owned()).as_deref(),
            Ok(good)
        );
    }
    for bad in ["", "a", "A-b", "a_b", "a b", "ä-b", "a/b", &"x".repeat(65)] {
        assert!(PluginName::parse("name", bad).is_err(), "{bad}");
    }
}

#[test]
fn a_refusal_says_what_was_expected_and_found() {
    let error = |code| LoadError {
        code,
        message: "the hook has another type".into(),
        expected: Some("func(a)".into()),
        found: Some("func(b)".into()),
    };
    let Error::Invalid(fields) = refused("component", &error(LoadCode::WrongType)) else {
        panic!("a client's mistake");
    };
    assert_eq!((&*fields[0].field, fields[0].rule), ("component", "wrong-type"));
    assert_eq!(fields[0].message, "the hook has another type; expected func(a); found func(b)");
    let Error::Invalid(fields) = refused("digest", &error(LoadCode::ConfigureRefused)) else {
        panic!("a client's mistake");
    };
    assert_eq!(fields[0].field, "settings");
    assert!(matches!(refused("digest", &error(LoadCode::Host)), Error::Unavailable { .. }));
    assert!(matches!(refused("digest", &error(LoadCode::Busy)), Error::Busy { .. }));
}

#[test]
fn a_manifest_is_cut_to_size() {
    let about = About::new(&"9".repeat(100), "one\n\u{202e}line", &"x".repeat(1_000));
    assert_eq!(about.version.len(), 64);
    assert_eq!(about.description, "one line");
    assert_eq!(about.license.len(), 512);
}
