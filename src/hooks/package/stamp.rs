//! The stamps of the components that are committed with the server, so that the
//! command that writes one and the test that checks it agree.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use serde::Deserialize;

use super::rust::{PROFILE, STACK};

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
pub(super) fn dependencies(lock: &str, package: &str) -> io::Result<BTreeSet<String>> {
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
