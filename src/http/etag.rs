//! Entity tags (RFC 9110, 8.8.3) and `If-None-Match` (13.1.2).

use std::sync::Arc;

use crate::base::secret::sha256_of;

/// Bytes of a hash in a tag: 128 bits tell any two bodies apart.
const TAG_BYTES: usize = 16;

/// The weak tag of a body; cheap to clone. The tag is weak because the compressed body has
/// the same.
#[derive(Clone, Debug)]
pub struct Tag(Arc<str>);

impl Tag {
    /// Makes the tag: a hash of the body.
    pub fn of(body: &[u8]) -> Self {
        let hash = sha256_of(&[body]);
        let opaque = hex::encode(hash.get(..TAG_BYTES).unwrap_or_default());
        Self(format!("W/\"{opaque}\"").into())
    }

    /// The tag as it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the header names this entity tag: `*`, or one of a list. The comparison is
/// weak: a tag with `W/`, as a proxy that compresses writes it, is the same tag.
pub fn names(header: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.trim() == "*" || header.split(',').any(|listed| opaque(listed) == opaque(tag))
}
