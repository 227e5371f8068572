//! Watching the folder.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Mutex;

use super::model::{BindingFile, Report};
use crate::{
    base::{Error, actor::Actor, secret::sha256_hex},
    config::from_toml,
    plugin_admin::{ManagedBy, PluginAdmin},
    plugin_versions::{PluginVersions, require_admin},
};

/// Largest file that is read: the ceiling of components.
const FILE_MAX: u64 = 64 << 20;
/// Most files that are looked at: a folder with more is not one of plugins.
const FILES_MAX: usize = 1_000;

/// What the watch is made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    /// The folder; `None` is none.
    pub folder: Option<PathBuf>,
    pub versions: PluginVersions,
    pub plugins: PluginAdmin,
}

/// The watched folder; cheap to clone.
#[derive(Clone)]
pub struct PluginFiles {
    parts: Parts,
    seen: Arc<Mutex<Seen>>,
}

/// What is known of the folder.
#[derive(Default)]
struct Seen {
    files: BTreeMap<String, File>,
    reports: BTreeMap<String, Report>,
    /// Why the folder itself cannot be read.
    error: Option<String>,
}

/// A file as it was when it was looked at last.
#[derive(Clone, PartialEq, Eq)]
struct File {
    size: u64,
    modified: Option<u128>,
    hash: String,
    /// It was the same twice in a row: nobody is writing it.
    settled: bool,
}

impl PluginFiles {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts, seen: Arc::default() }
    }

    /// Looks at the folder, and does what its files say. What is wrong with it or
    /// with a file is kept for [`PluginFiles::report`].
    pub async fn poll(&self) -> Result<(), Error> {
        let Some(folder) = self.parts.folder.clone() else { return Ok(()) };
        let mut seen = self.seen.lock().await;
        let known = seen.files.clone();
        let looked = tokio::task::spawn_blocking(move || look(&folder, &known)).await;
        match looked.map_err(Error::internal)? {
            Ok(files) => (seen.files, seen.error) = (files, None),
            Err(error) => {
                // Nothing is unbound because a disk is away.
                seen.error = Some(format!("the folder cannot be read: {error}"));
                return Ok(());
            }
        }
        let names: Vec<String> =
            seen.files.keys().filter(|name| has_end(name, "toml")).cloned().collect();
        for name in &names {
            self.follow(&mut seen, name).await?;
        }
        seen.reports.retain(|name, _| names.contains(name));
        for (binding, managed) in self.parts.plugins.managed().await? {
            if !seen.files.contains_key(&managed.file) {
                tracing::info!(file = managed.file, "a binding file is gone");
                self.parts.plugins.unbind_file(binding).await?;
            }
        }
        Ok(())
    }

    /// For admins: the files that bind, with what is wrong; first the folder.
    pub(super) async fn report(
        &self,
        actor: &Actor,
    ) -> Result<(Option<String>, Vec<(String, Option<String>)>), Error> {
        require_admin(actor)?;
        let seen = self.seen.lock().await;
        let reports = seen.reports.iter();
        let files = reports.map(|(name, report)| (name.clone(), report.error.clone())).collect();
        Ok((seen.error.clone(), files))
    }

    /// Does what one binding file says, unless that has been done.
    async fn follow(&self, seen: &mut Seen, name: &str) -> Result<(), Error> {
        let Some(hash) = seen.files.get(name).filter(|it| it.settled).map(|it| it.hash.clone())
        else {
            return Ok(());
        };
        let wanted = match self.wanted(seen, name, &hash).await {
            Ok(Some(wanted)) => wanted,
            Ok(None) => return Ok(()),
            Err(error) => {
                note(seen, name, Report { hash, error: Some(error), again: false });
                return Ok(());
            }
        };
        let (file, hash) = wanted;
        if seen.reports.get(name).is_some_and(|last| last.hash == hash && !last.again) {
            return Ok(());
        }
        let done = self.bind(file, ManagedBy { file: name.to_owned(), hash: hash.clone() }).await;
        let again = matches!(done, Err(Error::Unavailable { .. } | Error::Busy { .. }));
        let error = done.err().map(|error| told(&error));
        note(seen, name, Report { hash, error, again });
        Ok(())
    }

    /// What a binding file says, and the hash of all that it says; `None` while
    /// a file that it names is being written.
    async fn wanted(
        &self,
        seen: &Seen,
        name: &str,
        hash: &str,
    ) -> Result<Option<(BindingFile, String)>, String> {
        let text = self.read(name, hash).await?;
        let text = String::from_utf8(text).map_err(|error| error.to_string())?;
        let file: BindingFile = from_toml(&text)?;
        let mut hashes = hash.to_owned();
        for part in file.parts() {
            let Some(found) = seen.files.get(part) else {
                return Err(format!("`{part}` is not in the folder"));
            };
            if !found.settled {
                return Ok(None);
            }
            hashes.push_str(&found.hash);
        }
        Ok(Some((file, sha256_hex(hashes.as_bytes()))))
    }

    async fn bind(&self, file: BindingFile, managed: ManagedBy) -> Result<(), Error> {
        let Parts { plugins, versions, .. } = &self.parts;
        if plugins.is_followed(&managed).await? {
            return Ok(());
        }
        let unreadable = |error: String| Error::invalid("file", "unreadable", error);
        let mut digest = None;
        if let Some(name) = &file.component {
            let component = self.settled(name).await.map_err(unreadable)?;
            let version = versions.keep(None, Some(file.plugin()), component.into()).await?;
            digest = Some(version.0.digest);
        }
        let mut settings = None;
        if let Some(name) = &file.settings_file {
            let bytes = self.settled(name).await.map_err(unreadable)?;
            let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
            settings = Some(text);
        }
        plugins.bind_file(file.into_binding(digest, settings), &managed).await
    }

    /// A file of the folder as it is; its name was found there.
    async fn settled(&self, name: &str) -> Result<Vec<u8>, String> {
        self.read(name, "").await
    }

    /// The bytes of a file; with a hash only if they are those.
    async fn read(&self, name: &str, hash: &str) -> Result<Vec<u8>, String> {
        let folder = self.parts.folder.clone().unwrap_or_default();
        let bytes = tokio::fs::read(folder.join(name)).await.map_err(|error| error.to_string())?;
        if !hash.is_empty() && sha256_hex(&bytes) != hash {
            return Err("it changed while it was read".to_owned());
        }
        Ok(bytes)
    }
}

/// Keeps a report, and tells of it once.
fn note(seen: &mut Seen, name: &str, report: Report) {
    if seen.reports.get(name) == Some(&report) {
        return;
    }
    if let Some(error) = &report.error {
        tracing::error!(file = name, error, "a binding file is not followed");
    } else {
        tracing::info!(file = name, "a binding file is followed");
    }
    seen.reports.insert(name.to_owned(), report);
}

/// The files of a folder, each compared with what was known of it.
fn look(folder: &Path, known: &BTreeMap<String, File>) -> io::Result<BTreeMap<String, File>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)?.take(FILES_MAX) {
        let entry = entry?;
        let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.path().metadata())
        else {
            continue;
        };
        if !metadata.is_file() || metadata.len() > FILE_MAX || name.starts_with('.') {
            continue;
        }
        let modified = metadata.modified().ok();
        let modified = modified
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .map(|time| time.as_nanos());
        let same = |it: &&File| it.size == metadata.len() && it.modified == modified;
        let before = known.get(&name).filter(same);
        let file = match before {
            Some(before) if before.settled => before.clone(),
            before => {
                let Ok(bytes) = fs::read(entry.path()) else { continue };
                let hash = sha256_hex(&bytes);
                let settled = before.is_some_and(|before| before.hash == hash);
                File { size: metadata.len(), modified, hash, settled }
            }
        };
        files.insert(name, file);
    }
    Ok(files)
}

fn has_end(name: &str, end: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == end)
}

/// An error in one line.
fn told(error: &Error) -> String {
    match error {
        Error::Invalid(fields) => fields
            .iter()
            .map(|field| format!("{} ({}): {}", field.field, field.rule, field.message))
            .collect::<Vec<_>>()
            .join("; "),
        Error::Conflict { message, .. } | Error::Forbidden { message, .. } => message.to_string(),
        error => error.to_string(),
    }
}
