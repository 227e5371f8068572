//! `[database]` and `[cache]`: where things are kept, and what of them in memory.

use std::path::PathBuf;

use serde::Deserialize;

use super::Broken;

/// Where the forum is stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH`, or empty for the file in the data folder.
    pub url: String,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Connections that read at once.
    pub readers: u32,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// For the disk: survives a power cut.
    Full,
    /// For the system: survives a crash of the server.
    Normal,
}

impl Database {
    /// The file that was named, if one was.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let path = self.url.strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        if !self.url.is_empty() && self.file().is_none_or(|file| file.as_os_str().is_empty()) {
            return Err(("database.url", "must be \"\" or like sqlite:data/gatherly.db".into()));
        }
        if !(1..=64).contains(&self.readers) {
            return Err(("database.readers", "must be from 1 to 64".into()));
        }
        Ok(())
    }
}

/// Hot reads kept in memory.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Size in MiB; 0 keeps none.
    pub megabytes: u64,
}
