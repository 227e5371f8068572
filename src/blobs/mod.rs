//! Where files are kept that are too large for the database: a folder, or a
//! bucket of S3. A file is there whole or not at all, and never changes; its
//! name begins with the id of the row that it belongs to. Knows no feature.

mod local;
mod s3;

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    base::{self, clock::Timestamp, ids},
    config,
};
use local::Local;
use s3::S3;

/// When a client may try again after the store did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a store did not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("the store of files is not available")]
pub struct Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Unavailable {
    fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl From<Unavailable> for base::Error {
    fn from(Unavailable(source): Unavailable) -> Self {
        tracing::warn!(error = %source, "the store of files is not available");
        Self::Unavailable { what: "store of files", retry_after: RETRY_AFTER }
    }
}

/// The name of a file: what it belongs to, and which of its files it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    id: Uuid,
    text: String,
}

impl Key {
    /// The file `name`, of letters only, of something.
    pub fn new(id: Uuid, name: &str) -> Self {
        Self { id, text: format!("{id}.{name}") }
    }

    /// Reads a name that a store tells; `None` for a file that is not ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, _) = text.split_once('.')?;
        let (id, text) = (id.parse().ok()?, text.to_owned());
        Some(Self { id, text })
    }

    /// What it belongs to.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which of its files it is.
    pub fn name(&self) -> &str {
        self.text.split_once('.').map_or("", |(_, name)| name)
    }

    /// When what it belongs to was made.
    pub fn made_at(&self) -> Timestamp {
        ids::time_of(self.id)
    }

    /// Whether it was being written when it was looked at, or that broke off.
    pub fn is_draft(&self) -> bool {
        self.text.ends_with(local::DRAFT)
    }
}

/// A part of the list of all files.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// In no particular order.
    pub keys: Vec<Key>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<String>,
}

/// A store of files; cheap to clone. What a bucket's client keeps while it waits is
/// large, and stands on the heap.
#[derive(Clone, Debug)]
pub enum Blobs {
    /// A folder of this machine.
    Local(Local),
    /// A bucket.
    S3(S3),
}

impl Blobs {
    /// The store that the settings name.
    pub async fn open(config: &config::Config) -> Self {
        match config.media.store {
            config::MediaStore::Local => Self::Local(Local::new(config.data_dir.join("media"))),
            config::MediaStore::S3 => Self::S3(Box::pin(S3::open(&config.media.s3)).await),
        }
    }

    /// Keeps a file. When this returns, it is there for good.
    pub async fn put(&self, key: &Key, bytes: Bytes, media_type: &str) -> Result<(), Unavailable> {
        match self {
            Self::Local(local) => local.put(key, &bytes).await.map_err(Unavailable::new),
            Self::S3(bucket) => Box::pin(bucket.put(key, bytes, media_type)).await,
        }
    }

    /// A file, if it is there.
    pub async fn get(&self, key: &Key) -> Result<Option<Bytes>, Unavailable> {
        match self {
            Self::Local(local) => local.get(key).await.map_err(Unavailable::new),
            Self::S3(bucket) => Box::pin(bucket.get(key)).await,
        }
    }

    /// Whether a file is there.
    pub async fn has(&self, key: &Key) -> Result<bool, Unavailable> {
        match self {
            Self::Local(local) => local.has(key).await.map_err(Unavailable::new),
            Self::S3(bucket) => Box::pin(bucket.has(key)).await,
        }
    }

    /// Deletes a file; it may not be there.
    pub async fn delete(&self, key: &Key) -> Result<(), Unavailable> {
        match self {
            Self::Local(local) => local.delete(key).await.map_err(Unavailable::new),
            Self::S3(bucket) => Box::pin(bucket.delete(key)).await,
        }
    }

    /// All files, a part at a time; from the beginning without `after`.
    pub async fn list(&self, after: Option<String>) -> Result<Listed, Unavailable> {
        match self {
            Self::Local(local) => local.list(after).await.map_err(Unavailable::new),
            Self::S3(bucket) => Box::pin(bucket.list(after)).await,
        }
    }

    /// An address at which anybody can read a file for a while, under this type
    /// and name; `None` where files have no addresses.
    pub async fn signed(
        &self,
        key: &Key,
        (media_type, disposition): (&str, &str),
    ) -> Result<Option<String>, Unavailable> {
        match self {
            Self::Local(_) => Ok(None),
            Self::S3(bucket) => {
                Box::pin(bucket.signed(key, (media_type, disposition))).await.map(Some)
            }
        }
    }
}
