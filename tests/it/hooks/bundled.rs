//! The component that is committed with the server is the one that its sources
//! make. Bytes differ between machines, so a stamp over the sources is compared.

use std::{fs, path::Path};

use gatherly::hooks::package::{read_manifest, source_stamp};

use super::commands::{AUTOMOD, plugin, text};

/// What the server carries, whatever the other tests run on.
fn committed() -> Vec<u8> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/automod/automod.wasm");
    fs::read(file).expect("it is there")
}

#[test]
fn automod_is_made_of_its_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stamp = source_stamp(root, "automod").expect("the sources are there");
    let noted = fs::read_to_string(root.join("plugins/automod/automod.stamp"));
    assert_eq!(
        noted.expect("there is a stamp").trim(),
        stamp,
        "plugins/automod/automod.wasm is not made of the sources beside it. Run\n\
         plugins/toolchain.sh && cargo run -- plugin build plugins/automod && \
         echo {stamp} > plugins/automod/automod.stamp"
    );
    let manifest = read_manifest(&committed()).expect("it has one");
    assert_eq!(
        (manifest.name.as_str(), manifest.license.as_deref()),
        ("automod", Some("Apache-2.0"))
    );
}

/// Rule files to start from.
const EXAMPLES: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/automod/example.yaml"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/automod/example-effects.yaml"),
];

#[test]
fn automod_takes_its_examples() {
    for example in EXAMPLES {
        let taken = plugin(&["check", &AUTOMOD, "--settings", example]);
        assert_eq!(text(&taken), "ok: settings are taken once, kept in a snapshot\n", "{example}");
    }
}

/// What automod says that there is, when it is asked for what there is not.
fn names(rule: &str) -> Vec<String> {
    let settings = std::env::temp_dir().join(format!("gatherly-rule-{}", uuid::Uuid::now_v7()));
    let rule = format!("rules: [{{id: x, action: annotate, {rule}}}]");
    fs::write(&settings, rule).expect("it can be written");
    let refused = plugin(&["check", &AUTOMOD, "--settings", &settings.to_string_lossy()]);
    fs::remove_file(&settings).expect("it was written");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned() + &text(&refused);
    let (_, list) = told.split_once("expected one of").unwrap_or_else(|| panic!("{told}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_examples_show_every_condition_and_every_effect() {
    let examples = EXAMPLES.map(|file| fs::read_to_string(file).expect("it is there")).concat();
    let words: Vec<&str> = examples.split([' ', '\n', '{', '-']).collect();
    let conditions = names("when: {nonsense: 1}");
    let effects = names("when: {reply: true}, effects: {nonsense: 1}");
    assert!(conditions.len() > 20 && effects.len() > 10, "{conditions:?} {effects:?}");
    for name in conditions.iter().chain(&effects) {
        assert!(words.contains(&format!("{name}:").as_str()), "no example has `{name}`");
    }
}

#[test]
fn automod_tells_nothing_of_the_machine_that_built_it() {
    let component = committed();
    for folder in ["/.cargo/", "/.cache/", "/home/", "/root/"] {
        let found = component.windows(folder.len()).any(|bytes| bytes == folder.as_bytes());
        assert!(!found, "{folder} is in plugins/automod/automod.wasm");
    }
}
