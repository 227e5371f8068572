//! The plugins of this repository: as `tests/run` has just built them, or else
//! as they are committed.

use std::path::{Path, PathBuf};

/// Where `tests/run` says that it has put what it built.
const BUILT: &str = "TEST_PLUGINS";

/// File of a plugin's component.
pub fn plugin_file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = format!("{name}.wasm");
    match std::env::var_os(BUILT) {
        Some(folder) => root.join(folder).join(file),
        None => root.join("plugins").join(name).join(file),
    }
}

/// A plugin's component.
pub fn plugin(name: &str) -> Vec<u8> {
    let file = plugin_file(name);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
