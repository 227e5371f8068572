//! Entity tags (RFC 9110, 8.8.3) and `If-None-Match` (13.1.2).

use crate::base::secret::sha256_of;

/// Bytes of a hash in a tag: 128 bits tell any two bodies apart.
const TAG_BYTES: usize = 16;

/// The weak tag of a body. The tag is weak because the compressed body has the same.
pub fn weak(body: &[u8]) -> String {
    let hash = sha256_of(&[body]);
    format!("W/\"{}\"", hex::encode(hash.get(..TAG_BYTES).unwrap_or_default()))
}

/// Whether the header names this entity tag: `*`, or one of a list. The comparison is
/// weak: a tag with `W/`, as a proxy that compresses writes it, is the same tag.
pub fn names(header: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.trim() == "*" || header.split(',').any(|listed| opaque(listed) == opaque(tag))
}
