//! `[database]` and `[cache]`: where things are kept, and what of them in memory.

use std::path::PathBuf;

use serde::Deserialize;

use super::Broken;
use crate::base::secret::Secret;

/// Where the forum is stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH`, or empty for the file in the data folder; or
    /// `mysql://USER:PASSWORD@HOST/NAME`, which is secret.
    pub url: Secret<String>,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Connections to the file that read at once.
    pub readers: u32,
    /// Connections to a server that read at once.
    pub connections: u32,
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
    /// Where the server is, if it is one.
    pub fn mysql_url(&self) -> Option<&Secret<String>> {
        let url = self.url.expose();
        let is_mysql = url.starts_with("mysql://") || url.starts_with("mariadb://");
        is_mysql.then_some(&self.url)
    }

    /// The file that was named, if one was.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let path = self.url.expose().strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        let is_file = self.file().is_some_and(|file| !file.as_os_str().is_empty());
        if !self.url.expose().is_empty() && !is_file && self.mysql_url().is_none() {
            let message =
                "must be \"\", like sqlite:data/gatherly.db or like mysql://user@host/name";
            return Err(("database.url", message.into()));
        }
        if !(1..=1_000).contains(&self.connections) {
            return Err(("database.connections", "must be from 1 to 1000".into()));
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
