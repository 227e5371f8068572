//! Text, done by the host at native speed; needs the grant `text`.

use crate::Span;
#[cfg(target_arch = "wasm32")]
use crate::bindings::base::gatherly::plugin::text as host;
pub use crate::bindings::base::gatherly::plugin::text::Match;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::text as host;

/// Compatibility composition (NFKC), lower case, white space runs as one space.
pub fn normalise(text: &str) -> String {
    host::normalise(text)
}

/// Normalised, with letters that look alike made the same.
pub fn fold(text: &str) -> String {
    host::fold(text)
}

/// The words, by the rules of Unicode; at most 10,000.
pub fn words(text: &str) -> Vec<Span> {
    host::words(text)
}

/// Where a regular expression of linear time matches; at most 100 places.
///
/// # Errors
/// What is wrong with the expression.
pub fn find(pattern: &str, text: &str) -> Result<Vec<Span>, String> {
    host::find(pattern, text)
}

/// Where any of the patterns stands, upper and lower case alike; leftmost,
/// longest, at most 100 places.
///
/// # Errors
/// When there are more than 10,000 patterns or one is empty.
pub fn find_any(patterns: &[String], text: &str) -> Result<Vec<Match>, String> {
    host::find_any(patterns, text)
}
