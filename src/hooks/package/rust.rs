//! From a crate to a component: cargo, and the component encoder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Manifest, PackageError, manifest::Own};

/// What plugins are compiled for: no operating system behind it, so that
/// nothing is imported that the author did not ask for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The profile that plugins are compiled with. Given on the command line,
/// because an author's own workspace has none of that name.
pub(super) const PROFILE: [&str; 6] = [
    "profile.plugin.inherits=\"release\"",
    "profile.plugin.panic=\"abort\"",
    "profile.plugin.opt-level=3",
    "profile.plugin.lto=true",
    "profile.plugin.codegen-units=1",
    // Not `true`: that may drop the section that describes the component.
    "profile.plugin.strip=\"debuginfo\"",
];

/// 128 KiB of stack. The pages between stack and data are touched by each
/// fresh instance: with rustc's 1 MiB a call took three times as long.
pub(super) const STACK: &str = "-Clink-arg=-zstack-size=131072";

/// Runs its arguments with a compiler that has the target: the active one, or
/// the one that `plugins/toolchain.sh` made.
const WITH_TARGET: &str = r#"
libdir=$("${RUSTC:-rustc}" --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)
if ! [ -d "$libdir" ]; then
    env="${XDG_CACHE_HOME:-$HOME/.cache}/gatherly/wasm-toolchain/env"
    [ -f "$env" ] || exit 66
    . "$env"
fi
exec "$@"
"#;

/// How [`WITH_TARGET`] says that there is no such compiler (`EX_NOINPUT`).
const NO_TARGET: i32 = 66;

/// Makes a component of a core module that was compiled with the guest crate.
pub(super) fn componentize(core_wasm: &[u8]) -> Result<Vec<u8>, PackageError> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(core_wasm)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackageError::Componentize(error.into()))
}

/// Compiles the crate in a folder and makes a component of it.
pub(super) fn build(dir: &Path) -> Result<(Manifest, Vec<u8>), PackageError> {
    let package = describe(dir)?;
    let target_dir = package.target_directory.join("guests");
    let status = Command::new("sh")
        .args(["-c", WITH_TARGET, "sh", "cargo", "rustc", "--lib"])
        .args(["--crate-type", "cdylib", "--profile", "plugin"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(PROFILE.iter().flat_map(|setting| ["--config", setting]))
        .args(["--config", &rustflags(&package.sources)])
        .args(["--", STACK])
        .current_dir(dir)
        .stdin(Stdio::null())
        .status()
        .map_err(PackageError::io("run cargo"))?;
    match status.code() {
        Some(0) => {}
        Some(NO_TARGET) => return Err(PackageError::NoTarget),
        _ => return Err(PackageError::Build),
    }
    let module = target_dir
        .join(TARGET)
        .join("plugin")
        .join(format!("{}.wasm", package.library.replace('-', "_")));
    let core = fs::read(&module).map_err(PackageError::io(format!("read {}", module.display())))?;
    Ok((package.manifest, componentize(&core)?))
}

/// Panic messages name source files: without the folders of this machine they
/// are the same everywhere, and say nothing about the author.
fn rustflags(sources: &BTreeSet<PathBuf>) -> String {
    let flags: Vec<String> = sources
        .iter()
        .map(|folder| format!("{:?}", format!("--remap-path-prefix={}=", folder.display())))
        .collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

/// What cargo says about the crate in a folder.
struct Package {
    manifest: Manifest,
    /// The folders in which the folders of the crate and of all that it
    /// depends on are.
    sources: BTreeSet<PathBuf>,
    library: String,
    target_directory: PathBuf,
}

/// The parts of `cargo metadata` that matter here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    /// `[package.metadata]`.
    metadata: Option<Tools>,
    manifest_path: PathBuf,
    targets: Vec<MetadataTarget>,
}

/// Where Cargo.toml keeps what other tools want to know.
#[derive(Deserialize)]
struct Tools {
    #[serde(default)]
    gatherly: Own,
}

#[derive(Deserialize)]
struct MetadataTarget {
    name: String,
    kind: Vec<String>,
}

/// Asks cargo about the crate in a folder.
fn describe(dir: &Path) -> Result<Package, PackageError> {
    let not_a_crate = |message: String| PackageError::NotACrate { dir: dir.to_owned(), message };
    let path = fs::canonicalize(dir)
        .map_err(PackageError::io(format!("find {}", dir.display())))?
        .join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(&path)
        .output()
        .map_err(PackageError::io("run cargo"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(not_a_crate(message.trim().to_owned()));
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| not_a_crate(error.to_string()))?;
    let sources = metadata.packages.iter().filter_map(|it| it.manifest_path.ancestors().nth(2));
    let sources = sources.map(Path::to_owned).collect();
    let package = metadata
        .packages
        .into_iter()
        .find(|package| package.manifest_path == path)
        .ok_or_else(|| not_a_crate("its Cargo.toml has no [package]".to_owned()))?;
    let library = package
        .targets
        .into_iter()
        .find(|target| target.kind.iter().any(|kind| kind.ends_with("lib")))
        .ok_or_else(|| not_a_crate("it has no library (src/lib.rs)".to_owned()))?;
    let own = package.metadata.map(|tools| tools.gatherly).unwrap_or_default();
    Ok(Package {
        manifest: Manifest {
            name: package.name,
            version: package.version,
            description: package.description,
            license: package.license,
            grants: own.grants,
        },
        sources,
        library: library.name,
        target_directory: metadata.target_directory,
    })
}
