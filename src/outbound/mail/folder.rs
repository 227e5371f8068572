//! Each mail is a file: for who tries a forum out, and for other programs to send.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{MailerError, Undelivered};

/// Where the files are.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A folder that only its owner looks into: mails let people in.
    pub(super) fn new(path: PathBuf) -> Result<Self, MailerError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map(|()| Self(path.clone())).map_err(|error| MailerError::Folder(path, error))
    }

    /// Writes a mail whole or not at all. The same mail is the same file.
    pub(super) async fn write(&self, id: Uuid, bytes: Vec<u8>) -> Result<(), Undelivered> {
        let folder = self.0.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, id, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Undelivered::Unreachable(error.to_string())),
            Err(_) => Err(Undelivered::Unreachable("the write broke off".to_owned())),
        }
    }
}

fn write(folder: &Path, id: Uuid, bytes: &[u8]) -> io::Result<()> {
    let (unfinished, file) = (folder.join(format!(".{id}.part")), folder.join(format!("{id}.eml")));
    let options = File::options().write(true).create(true).truncate(true).mode(0o600).clone();
    let mut part = options.open(&unfinished)?;
    part.write_all(bytes)?;
    part.sync_all()?;
    std::fs::rename(unfinished, file)?;
    // The name lasts once the folder is on the disk.
    File::open(folder)?.sync_all()
}
