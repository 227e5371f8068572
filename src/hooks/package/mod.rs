//! From a folder with an author's code to a component with a manifest.
//!
//! Knows the tools that make components of each language, and the sections of a
//! component in which it tells about itself; never runs a component and never
//! touches the engine. `gatherly plugin build` is [`build_plugin`].

mod fixture;
mod javascript;
mod manifest;
mod python;
mod rust;
mod stamp;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use fixture::{Expectation, Fixture, Seen};
pub use manifest::{
    Extras, FIXTURES_SECTION, MANIFEST_SECTION, Manifest, SCHEMA_SECTION, pack, read_fixtures,
    read_manifest, read_settings_schema,
};
pub use stamp::source_stamp;

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
    /// The folder has none of the files by which a language is recognised.
    #[error("{} is no plugin: there is no Cargo.toml, package.json or pyproject.toml", dir.display())]
    NoLanguage {
        /// The folder.
        dir: PathBuf,
    },
    /// A file of the folder does not say what it must.
    #[error("{}: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A program that makes components of the language is not installed.
    #[error("there is no {tool}: {remedy}")]
    NoTool {
        /// The program.
        tool: &'static str,
        /// How to get it.
        remedy: &'static str,
    },
    /// It has no place for what is to go in.
    #[error("this is no WebAssembly component")]
    NotAComponent,
    /// Each activation would wait for them.
    #[error("a component may bring at most {most} fixtures")]
    TooManyFixtures {
        /// What is accepted.
        most: usize,
    },
    /// That program failed; it has said why.
    #[error("{tool} could not build the plugin")]
    Tool {
        /// The program.
        tool: &'static str,
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
        "this Rust toolchain cannot compile for {target}: run `rustup target add {target}`, \
         or, where that is not possible, plugins/toolchain.sh of the Gatherly sources",
        target = rust::TARGET
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

/// Builds the plugin in a folder, as `gatherly plugin build` does, in the
/// language that it is written in. What stands beside the code goes in too: the
/// schema of the settings, and fixtures.
pub fn build_plugin(dir: &Path) -> Result<(Manifest, Vec<u8>), PackageError> {
    let dir =
        &fs::canonicalize(dir).map_err(PackageError::io(format!("find {}", dir.display())))?;
    let extras = Extras::read(dir)?;
    let (manifest, component) = if dir.join("Cargo.toml").is_file() {
        rust::build(dir)?
    } else if dir.join(javascript::FILE).is_file() {
        javascript::build(dir)?
    } else if dir.join(python::FILE).is_file() {
        python::build(dir)?
    } else {
        return Err(PackageError::NoLanguage { dir: dir.clone() });
    };
    let component = pack(&component, Some(&manifest), &extras)?;
    Ok((manifest, component))
}

/// Runs a language's own tool in a folder, and reads the component that it
/// wrote. `arguments` gets the file to write.
fn run_tool(
    tool: &'static str,
    program: &Path,
    dir: &Path,
    arguments: impl FnOnce(&Path) -> Vec<std::ffi::OsString>,
) -> Result<Vec<u8>, PackageError> {
    let output = std::env::temp_dir().join(format!("gatherly-{}.wasm", uuid::Uuid::now_v7()));
    let status = std::process::Command::new(program)
        .args(arguments(&output))
        .current_dir(dir)
        .stdin(std::process::Stdio::null())
        .status()
        .map_err(PackageError::io(format!("run {}", program.display())))?;
    if !status.success() {
        return Err(PackageError::Tool { tool });
    }
    let component =
        fs::read(&output).map_err(PackageError::io(format!("read {}", output.display())))?;
    let _gone = fs::remove_file(&output);
    Ok(component)
}

/// A program of this name: the folder's own, or one on the `PATH`.
fn find_tool(name: &str, own: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join(name));
    std::iter::once(own.join(name)).chain(folders).find(|program| program.is_file())
}
