//! `[media]`: which pictures are taken, and where they are kept.

use serde::Deserialize;

use super::Broken;
use crate::{base::text::is_url_as_it_stands, pictures::Bounds};

/// A picture is held in memory while it is worked on.
const MIB_CEILING: u32 = 64;
/// JPEG can tell no more.
const SIDE_CEILING: u32 = 65_535;
/// Half a gigabyte of pixels for each that is decoded.
const MEGAPIXELS_CEILING: u32 = 128;
/// More than there are cores helps nobody.
const CONCURRENCY_CEILING: usize = 64;

/// Where pictures are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaStore {
    /// In the data folder.
    Local,
    /// In a bucket.
    S3,
}

/// When checksums are sent to a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksums {
    /// Always: what S3 itself takes.
    WhenSupported,
    /// Only where nothing goes without: for stores that do not know them.
    WhenRequired,
}

/// `[media.s3]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Name of the bucket.
    pub bucket: String,
    /// Region; empty is what the environment says.
    pub region: String,
    /// Address of a store that is not Amazon's, or empty.
    pub endpoint: String,
    /// Whether the bucket stands in the path rather than before the host.
    pub path_style: bool,
    /// What all keys begin with.
    pub prefix: String,
    /// When checksums are sent.
    pub checksums: Checksums,
    /// Whether readers are sent to the bucket.
    pub presigned: bool,
    /// Whether a function beside the bucket makes the smaller copies first.
    pub lambda: bool,
}

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// Largest file that is taken, in MiB.
    pub max_mib: u32,
    /// Most pixels of a side.
    pub max_side: u32,
    /// Most pixels altogether, in millions.
    pub max_megapixels: u32,
    /// Pictures decoded at once.
    pub decode_concurrency: usize,
    /// Where pictures are kept.
    pub store: MediaStore,
    /// The bucket, if they are kept in one.
    pub s3: S3,
}

impl Media {
    pub(super) fn validate(&self) -> Result<(), Broken> {
        for (key, value, most) in [
            ("media.max_mib", self.max_mib, MIB_CEILING),
            ("media.max_side", self.max_side, SIDE_CEILING),
            ("media.max_megapixels", self.max_megapixels, MEGAPIXELS_CEILING),
        ] {
            if !(1..=most).contains(&value) {
                return Err((key, format!("must be from 1 to {most}")));
            }
        }
        if !(1..=CONCURRENCY_CEILING).contains(&self.decode_concurrency) {
            let rule = format!("must be from 1 to {CONCURRENCY_CEILING}");
            return Err(("media.decode_concurrency", rule));
        }
        if self.store == MediaStore::S3 && self.s3.bucket.is_empty() {
            return Err(("media.s3.bucket", "must be the name of a bucket".to_owned()));
        }
        let is_address = |text: &str| {
            let is_http = ["https://", "http://"].iter().any(|start| text.starts_with(start));
            is_http && is_url_as_it_stands(text)
        };
        if !self.s3.endpoint.is_empty() && !is_address(&self.s3.endpoint) {
            return Err(("media.s3.endpoint", "must be like https://s3.example".to_owned()));
        }
        Ok(())
    }

    /// Largest file that is taken, in bytes.
    pub fn max_bytes(&self) -> u64 {
        u64::from(self.max_mib) << 20
    }

    /// How large a picture may be.
    pub fn bounds(&self) -> Bounds {
        Bounds { side: self.max_side, pixels: u64::from(self.max_megapixels) * 1_000_000 }
    }
}
