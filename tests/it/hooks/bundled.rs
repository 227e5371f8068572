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

#[test]
fn automod_takes_its_example() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/automod/example.yaml");
    let taken = plugin(&["check", &AUTOMOD, "--settings", example]);
    assert_eq!(text(&taken), "ok: settings are taken once, kept in a snapshot\n");
}

#[test]
fn automod_tells_nothing_of_the_machine_that_built_it() {
    let component = committed();
    for folder in ["/.cargo/", "/.cache/", "/home/", "/root/"] {
        let found = component.windows(folder.len()).any(|bytes| bytes == folder.as_bytes());
        assert!(!found, "{folder} is in plugins/automod/automod.wasm");
    }
}
