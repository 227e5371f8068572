//! Files in a folder of this machine, in 256 folders by the last two digits of
//! their id, so that none has too many. A file is written beside its place, made
//! to last, and moved there.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tokio::{fs, io::AsyncWriteExt};

use super::{Key, Listed};
use crate::base::secret::random_bytes;

/// What names of files end with that are being written.
pub(super) const DRAFT: &str = ".draft";
/// Digits of the id that name a folder.
const FOLDER_DIGITS: usize = 2;

/// A folder of files.
#[derive(Clone, Debug)]
pub struct Local {
    root: PathBuf,
}

impl Local {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn folder(&self, key: &Key) -> PathBuf {
        let id = key.id().simple().to_string();
        let digits: String = id.chars().skip(id.len() - FOLDER_DIGITS).collect();
        self.root.join(digits)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder(key).join(key.as_str())
    }

    pub(super) async fn put(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder(key);
        make_folder(&folder).await?;
        let number = random_bytes::<8>().map_err(io::Error::other)?;
        let draft = folder.join(format!("{}.{}{DRAFT}", key.as_str(), hex::encode(number)));
        let written = write(&draft, bytes).await;
        let placed = match written {
            Ok(()) => fs::rename(&draft, folder.join(key.as_str())).await,
            Err(error) => Err(error),
        };
        if placed.is_err() {
            // What cannot be deleted either is collected later.
            let _ = fs::remove_file(&draft).await;
        }
        placed?;
        // The name lasts when the folder does.
        fs::File::open(&folder).await?.sync_all().await
    }

    pub(super) async fn get(&self, key: &Key) -> io::Result<Option<Bytes>> {
        match fs::read(self.path(key)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn has(&self, key: &Key) -> io::Result<bool> {
        fs::try_exists(self.path(key)).await
    }

    pub(super) async fn delete(&self, key: &Key) -> io::Result<()> {
        match fs::remove_file(self.path(key)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// The files of one folder; the next one goes by its number.
    pub(super) async fn list(&self, after: Option<String>) -> io::Result<Listed> {
        let number = match after {
            Some(after) => u8::from_str_radix(&after, 16).map_err(io::Error::other)?,
            None => 0,
        };
        let next = number.checked_add(1).map(|next| format!("{next:02x}"));
        let mut listed = Listed { keys: Vec::new(), next };
        let mut entries = match fs::read_dir(self.root.join(format!("{number:02x}"))).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listed),
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            listed.keys.extend(entry.file_name().to_str().and_then(Key::parse));
        }
        Ok(listed)
    }
}

async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).await?;
    file.write_all(bytes).await?;
    file.flush().await?;
    file.sync_all().await
}

/// A folder that only its owner can look into, and that lasts.
async fn make_folder(folder: &Path) -> io::Result<()> {
    if fs::try_exists(folder).await? {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
    match folder.parent() {
        Some(parent) => fs::File::open(parent).await?.sync_all().await,
        None => Ok(()),
    }
}
