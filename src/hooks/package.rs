//! From a folder with an author's Rust to a component with a manifest.
//!
//! Knows cargo, the component encoder and the manifest section; never runs a
//! component and never touches the engine. `gatherly plugin build` is
//! [`build_plugin`]. The stamps of the components that are committed with the
//! server are made here too, so that the command that writes one and the test
//! that checks it agree.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use figment::providers::{Format, Toml};
use serde::{Deserialize, Serialize};
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload};

/// The custom section of a component that holds its [`Manifest`] as JSON.
pub const MANIFEST_SECTION: &str = "gatherly:manifest";

/// What plugins are compiled for: no operating system behind it, so that
/// nothing is imported that the author did not ask for.
const TARGET: &str = "wasm32-unknown-unknown";

/// The profile that plugins are compiled with. Given on the command line,
/// because an author's own workspace has none of that name.
const PROFILE: [&str; 6] = [
    "profile.plugin.inherits=\"release\"",
    "profile.plugin.panic=\"abort\"",
    "profile.plugin.opt-level=\"s\"",
    "profile.plugin.lto=true",
    "profile.plugin.codegen-units=1",
    // Not `true`: that may drop the section that describes the component.
    "profile.plugin.strip=\"debuginfo\"",
];

/// 128 KiB of stack. The pages between stack and data are touched by each
/// fresh instance: with rustc's 1 MiB a call took three times as long.
const STACK: &str = "-Clink-arg=-zstack-size=131072";

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

/// What a component says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin's name: that of its crate.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// One sentence for the people who choose plugins.
    pub description: Option<String>,
    /// SPDX expression.
    pub license: Option<String>,
}

/// Why no component could be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A program could not be started, or a file not read.
    #[error("{what}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder is not a crate that cargo understands.
    #[error("{} is not a Rust crate: {message}", dir.display())]
    NotACrate {
        /// The folder.
        dir: PathBuf,
        /// Cargo's words.
        message: String,
    },
    /// There is no compiler for WebAssembly.
    #[error(
        "this Rust toolchain cannot compile for {TARGET}: run `rustup target add {TARGET}`, \
         or, where that is not possible, plugins/toolchain.sh of the Gatherly sources"
    )]
    NoTarget,
    /// The plugin does not compile; cargo has said why.
    #[error("cargo could not build the plugin")]
    Build,
    /// The core module does not fit the contract.
    #[error("could not make a component of the compiled module")]
    Componentize(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PackageError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

/// Makes a component with a manifest of a core module that was compiled with
/// the guest crate.
pub fn componentize(core_wasm: &[u8], manifest: &Manifest) -> Result<Vec<u8>, PackageError> {
    let mut component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(core_wasm)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackageError::Componentize(error.into()))?;
    let json =
        serde_json::to_vec(manifest).map_err(|error| PackageError::Componentize(error.into()))?;
    CustomSection { name: MANIFEST_SECTION.into(), data: json.into() }
        .append_to_component(&mut component);
    Ok(component)
}

/// The manifest of a component; none if it has none that can be read.
pub fn read_manifest(component: &[u8]) -> Option<Manifest> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                return serde_json::from_slice(section.data()).ok();
            }
            _ => {}
        }
    }
    None
}

/// Compiles the crate in a folder and makes a component of it, as
/// `gatherly plugin build` does.
pub fn build_plugin(dir: &Path) -> Result<(Manifest, Vec<u8>), PackageError> {
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
    let component = componentize(&core, &package.manifest)?;
    Ok((package.manifest, component))
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
    #[serde(flatten)]
    manifest: Manifest,
    manifest_path: PathBuf,
    targets: Vec<MetadataTarget>,
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
    Ok(Package {
        manifest: package.manifest,
        sources,
        library: library.name,
        target_directory: metadata.target_directory,
    })
}

/// The state of everything that a bundled plugin is made of, as a hexadecimal
/// SHA-256: its sources and those of the guest crate without their tests, the
/// contract, the versions of all dependencies, and how it is compiled. The
/// components themselves cannot be compared, as the same sources give other
/// bytes on another machine.
pub fn source_stamp(root: &Path, plugin: &str) -> io::Result<String> {
    let mut files = BTreeSet::new();
    for crate_dir in [format!("plugins/{plugin}"), "plugins/sdk".to_owned()] {
        files.insert(format!("{crate_dir}/Cargo.toml").into());
        list_files(root, &Path::new(&crate_dir).join("src"), &mut files)?;
    }
    list_files(root, Path::new("wit"), &mut files)?;

    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for file in files {
        let bytes = fs::read(root.join(&file))?;
        digest.update(format!("{} {}\n", file.display(), bytes.len()).as_bytes());
        digest.update(&bytes);
    }
    for dependency in dependencies(&fs::read_to_string(root.join("Cargo.lock"))?, plugin)? {
        digest.update(format!("{dependency}\n").as_bytes());
    }
    digest.update(PROFILE.join(" ").as_bytes());
    digest.update(STACK.as_bytes());
    Ok(hex::encode(digest.finish()))
}

/// Adds the files under `dir`, named relative to `root`, but for tests and
/// what is not Rust or WIT.
fn list_files(root: &Path, dir: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(dir))? {
        let entry = entry?;
        let path = dir.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list_files(root, &path, files)?;
        } else if path.extension().is_some_and(|it| it == "rs" || it == "wit")
            && path.file_stem().is_none_or(|it| it != "tests")
        {
            files.insert(path);
        }
    }
    Ok(())
}

/// The parts of `Cargo.lock` that matter here.
#[derive(Deserialize)]
struct Lock {
    package: Vec<LockPackage>,
}

#[derive(Deserialize)]
struct LockPackage {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Names and versions of all that a package depends on, itself included.
fn dependencies(lock: &str, package: &str) -> io::Result<BTreeSet<String>> {
    let lock: Lock = Toml::from_str(lock).map_err(io::Error::other)?;
    let mut found = BTreeSet::new();
    let mut wanted = vec![package.to_owned()];
    while let Some(name) = wanted.pop() {
        // "name", or "name version" where there are several versions.
        let mut words = name.split(' ');
        let (name, version) = (words.next(), words.next());
        for package in &lock.package {
            if name == Some(&*package.name)
                && version.is_none_or(|version| version == package.version)
                && found.insert(format!("{} {}", package.name, package.version))
            {
                wanted.extend(package.dependencies.iter().cloned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
