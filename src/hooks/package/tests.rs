//! Making components and stamps without a compiler for WebAssembly; the
//! commands are tried in the integration tests.

use wit_component::StringEncoding;
use wit_parser::Resolve;

use super::rust::componentize;
use super::stamp::dependencies;
use super::*;
use crate::hooks::Verdict;
use serde_json::json;
use wasmparser::Parser;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest() -> Manifest {
    Manifest {
        name: "quiet".to_owned(),
        version: "1.2.3".to_owned(),
        description: Some("Nothing is said — nothing".to_owned()),
        license: None,
        grants: crate::hooks::Grants { modify: true, ..crate::hooks::Grants::default() },
    }
}

/// A core module that exports `lifecycle`, as a compiler would make it.
fn module() -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_path(root().join("wit")).expect("the contract is good");
    let package = resolve
        .push_str("quiet.wit", "package a:b; world w { export gatherly:plugin/lifecycle@0.3.0; }")
        .expect("the world is good");
    let world = resolve.select_world(&[package], None).expect("it is the only one");
    let mut module = wat::parse_str(
        r#"(module
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "gatherly:plugin/lifecycle@0.3.0#configure")
                (param i32 i32) (result i32) i32.const 0))"#,
    )
    .expect("it parses");
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("it fits");
    module
}

fn fixture(name: &str) -> Fixture {
    serde_json::from_value(json!({
        "name": name, "hook": "vote.before-cast", "event": {}, "expect": { "verdict": "allow" },
    }))
    .expect("it is one")
}

#[test]
fn a_component_tells_about_itself() {
    let plain = componentize(&module()).expect("it fits the contract");
    assert_eq!(read_manifest(&plain), None);
    assert_eq!(read_fixtures(&plain).expect("none"), []);
    let schema = json!({ "type": "object" });
    let extras = Extras { settings_schema: Some(schema.clone()), fixtures: vec![fixture("one")] };
    let component = pack(&plain, Some(&manifest()), &extras).expect("it can be packed");
    assert!(Parser::is_component(&component));
    wasmparser::validate(&component).expect("the sections do not break it");
    assert_eq!(read_manifest(&component), Some(manifest()));
    assert_eq!(read_settings_schema(&component).expect("it is JSON"), Some(schema));
    assert_eq!(read_fixtures(&component).expect("they are some"), [fixture("one")]);

    let again = Extras { settings_schema: None, fixtures: vec![fixture("two")] };
    let again = pack(&component, None, &again).expect("it can be packed");
    assert_eq!(read_fixtures(&again).expect("they are some"), [fixture("two")], "the last count");
    assert_eq!(read_manifest(&again), Some(manifest()));
    let flood = Extras { settings_schema: None, fixtures: vec![fixture("many"); 101] };
    let refused = pack(&component, None, &flood);
    assert!(matches!(refused, Err(PackageError::TooManyFixtures { .. })), "{refused:?}");
}

#[test]
fn expectations_tell_what_they_saw() {
    let expect: Expectation = serde_json::from_value(json!({
        "verdict": "hold", "message": "wait", "rule": "links", "effects": ["label"],
    }))
    .expect("it is one");
    let good = Seen {
        verdict: Some(Verdict::Hold),
        message: Some("wait"),
        rules: vec!["words", "links"],
        effects: vec!["label"],
    };
    assert_eq!(expect.check(&good), Ok(()));
    for bad in [
        Seen::default(),
        Seen { verdict: Some(Verdict::Allow), ..good.clone() },
        Seen { message: None, ..good.clone() },
        Seen { rules: vec!["words"], ..good.clone() },
        Seen { effects: vec!["label", "lock"], ..good.clone() },
    ] {
        assert!(expect.check(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn what_is_no_module_is_refused() {
    let refused = componentize(b"text");
    assert!(matches!(refused, Err(PackageError::Componentize(_))), "{refused:?}");
}

#[test]
fn only_the_component_itself_speaks() {
    let claim = r#"(@custom "gatherly:manifest" "{\"name\":\"a\",\"version\":\"1\"}")"#;
    let own = wat::parse_str(format!("(component (core module) {claim})")).expect("it parses");
    assert_eq!(read_manifest(&own).map(|it| it.name).as_deref(), Some("a"));
    for silent in [
        format!("(component (core module {claim}))"),
        format!("(component (component {claim}))"),
        r#"(component (@custom "gatherly:manifest" "no JSON"))"#.to_owned(),
        "(component)".to_owned(),
    ] {
        assert_eq!(read_manifest(&wat::parse_str(&silent).expect("it parses")), None, "{silent}");
    }
    assert_eq!(read_manifest(b"no component"), None);
}

#[test]
fn a_folder_without_a_plugin_is_refused() {
    let refused = build_plugin(&root().join("wit")).map(|_| ());
    assert!(matches!(refused, Err(PackageError::NoLanguage { .. })), "{refused:?}");
    let refused = build_plugin(&root().join("nowhere")).map(|_| ());
    assert!(matches!(refused, Err(PackageError::Io { .. })), "{refused:?}");
}

#[test]
fn dependencies_are_followed_by_name_and_version() {
    let lock = r#"
        [[package]]
        name = "plugin"
        version = "0.1.0"
        dependencies = ["one", "two 2.0.0"]
        [[package]]
        name = "one"
        version = "1.0.0"
        dependencies = ["plugin"]
        [[package]]
        name = "two"
        version = "1.0.0"
        [[package]]
        name = "two"
        version = "2.0.0"
        [[package]]
        name = "other"
        version = "3.0.0"
        "#;
    let found = dependencies(lock, "plugin").expect("it is a lock file");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["one 1.0.0", "plugin 0.1.0", "two 2.0.0"]);
    assert!(dependencies("no lock file", "plugin").is_err());
}

#[test]
fn a_stamp_tells_every_change_of_the_sources() {
    let folder = std::env::temp_dir().join(format!("gatherly-stamp-{}", uuid::Uuid::now_v7()));
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    };
    for path in [
        "plugins/p/src/lib.rs",
        "plugins/sdk/src/lib.rs",
        "wit/a.wit",
        "plugins/p/Cargo.toml",
        "plugins/sdk/Cargo.toml",
    ] {
        write(path, "text");
    }
    write("Cargo.lock", "[[package]]\nname = \"p\"\nversion = \"1.0.0\"");
    let stamp = || source_stamp(&folder, "p").expect("all is there");
    let mut stamps = vec![stamp()];
    assert_eq!(stamp(), stamps[0]);
    for (path, text) in [
        ("plugins/p/src/lib.rs", "changed"),
        ("plugins/p/src/deep/more.rs", "new"),
        ("plugins/sdk/Cargo.toml", "changed"),
        ("wit/a.wit", "changed"),
        ("Cargo.lock", "[[package]]\nname = \"p\"\nversion = \"1.0.1\""),
    ] {
        write(path, text);
        assert!(!stamps.contains(&stamp()), "{path}");
        stamps.push(stamp());
    }
    for path in ["plugins/p/src/tests.rs", "plugins/p/notes.md", "wit/README.md"] {
        write(path, "no part of the component");
        assert_eq!(stamps.last(), Some(&stamp()), "{path}");
    }
    fs::remove_dir_all(&folder).expect("it is ours");
}
