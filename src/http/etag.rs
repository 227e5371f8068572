//! `If-None-Match` (RFC 9110, 13.1.2).

/// Whether the header names this entity tag: `*`, or one of a list. The comparison is
/// weak: a tag with `W/`, as a proxy that compresses writes it, is the same tag.
pub fn names(header: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.trim() == "*" || header.split(',').any(|listed| opaque(listed) == opaque(tag))
}
