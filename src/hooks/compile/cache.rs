//! What was compiled, kept in the data folder.
//!
//! An artefact is machine code: loading a false one is running a stranger's
//! program with the server's rights. So each has a seal beside it, made with a
//! key that only this server's folder holds, over the name, the report and the
//! code; what does not match its seal is compiled again. Files appear whole (by
//! rename) and never change.

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ring::hmac;
use serde::{Deserialize, Serialize};
use wasmtime::Engine;

use super::Report;
use crate::base::secret::{random_bytes, sha256, sha256_hex};

/// Folder of the artefacts and file of the key, in the data folder.
const FOLDER: &str = "plugin-cache";
const KEY_FILE: &str = "plugin-cache.key";
const KEY_BYTES: usize = 32;
/// What nobody loaded for a month is cheaper to compile again than to keep.
const KEEP: Duration = Duration::from_hours(30 * 24);

/// What was compiled.
pub(in crate::hooks) struct Cache {
    folder: PathBuf,
    key: hmac::Key,
    engine: String,
}

/// An artefact whose seal was good.
#[derive(Debug)]
pub(in crate::hooks) struct Artefact {
    pub(in crate::hooks) path: PathBuf,
    pub(in crate::hooks) report: Report,
}

/// A file on its way to its place; gone when it does not get there.
pub(in crate::hooks) struct Draft(pub(in crate::hooks) PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Not there any more is what it is there for.
        let _renamed_or_removed = fs::remove_file(&self.0);
    }
}

/// What stands beside an artefact.
#[derive(Serialize, Deserialize)]
struct Seal {
    report: Report,
    mac: String,
}

impl Cache {
    /// Opens the folder, making it and the key when they are not there, and
    /// removes what nobody used for long.
    pub(in crate::hooks) fn open(data_dir: &Path, engine: &Engine) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let key = read_or_make_key(&data_dir.join(KEY_FILE))?;
        let mut version = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut version);
        let cache = Self {
            folder,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            engine: format!("{:016x}", version.finish()),
        };
        cache.sweep();
        Ok(cache)
    }

    /// Name of the artefact of a component with its settings, for this engine.
    pub(in crate::hooks) fn name(&self, component: &[u8], settings: &str) -> String {
        let parts =
            [sha256(component), sha256(settings.as_bytes()), sha256(self.engine.as_bytes())];
        sha256_hex(parts.as_flattened())
    }

    /// A path for the compiler to write to, in the same folder so that it can
    /// be renamed.
    pub(in crate::hooks) fn draft(&self) -> io::Result<Draft> {
        let random: [u8; 8] = random_bytes().map_err(io::Error::other)?;
        Ok(Draft(self.folder.join(format!("{}.draft", hex::encode(random)))))
    }

    /// Seals a draft and puts it in its place.
    pub(in crate::hooks) fn keep(
        &self,
        name: &str,
        draft: &Draft,
        report: Report,
    ) -> io::Result<Artefact> {
        let code = fs::read(&draft.0)?;
        let mac = hex::encode(hmac::sign(&self.key, &sealed(name, &report, &code)?));
        let seal = serde_json::to_vec(&Seal { report: report.clone(), mac })?;
        let path = self.code_path(name);
        fs::rename(&draft.0, &path)?;
        // The seal last: an artefact without one does not count.
        let seal_draft = self.draft()?;
        fs::write(&seal_draft.0, seal)?;
        fs::rename(&seal_draft.0, self.seal_path(name))?;
        Ok(Artefact { path, report })
    }

    /// The artefact with this name, if it is there and as it was written.
    pub(in crate::hooks) fn find(&self, name: &str) -> Option<Artefact> {
        let path = self.code_path(name);
        let seal: Seal = serde_json::from_slice(&fs::read(self.seal_path(name)).ok()?).ok()?;
        let code = fs::read(&path).ok()?;
        let mac = hex::decode(&seal.mac).ok()?;
        if hmac::verify(&self.key, &sealed(name, &seal.report, &code).ok()?, &mac).is_err() {
            tracing::warn!(
                artefact = name,
                "a compiled plugin is not as it was written; it is compiled again"
            );
            return None;
        }
        self.touch(name);
        Some(Artefact { path, report: seal.report })
    }

    fn code_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.cwasm"))
    }

    fn seal_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    /// Remembers that the artefact is in use, for [`Cache::sweep`].
    fn touch(&self, name: &str) {
        for path in [self.code_path(name), self.seal_path(name)] {
            let touched = fs::File::open(path).and_then(|file| file.set_modified(now()));
            if let Err(error) = touched {
                tracing::debug!(%error, "an artefact could not be marked as used");
            }
        }
    }

    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map(|time| now().duration_since(time));
            if matches!(age, Ok(Ok(age)) if age > KEEP)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::debug!(%error, "an old artefact could not be removed");
            }
        }
    }
}

/// What the seal covers.
fn sealed(name: &str, report: &Report, code: &[u8]) -> io::Result<Vec<u8>> {
    let mut sealed = serde_json::to_vec(&(name, report))?;
    sealed.extend_from_slice(code);
    Ok(sealed)
}

fn read_or_make_key(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(key) if key.len() == KEY_BYTES => return Ok(key),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let key: [u8; KEY_BYTES] = random_bytes().map_err(io::Error::other)?;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&key)?;
    Ok(key.to_vec())
}

/// The time of files, which is the system's and no business of the forum's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the times of files, which the system sets"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
