//! What can be counted in a text.

use std::ops::Range;

/// Capitals, and letters that could be capitals, in some texts.
pub(crate) fn capitals<'t>(texts: impl Iterator<Item = &'t str>) -> (usize, usize) {
    texts.flat_map(str::chars).fold((0, 0), |(upper, letters), character| {
        if character.is_uppercase() {
            (upper + 1, letters + 1)
        } else {
            (upper, letters + usize::from(character.is_lowercase()))
        }
    })
}

/// Where people are called by `@name`. An address is not a call.
pub(crate) fn mentions(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices('@').filter_map(move |(at, _)| {
        let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
        let length = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
        (length > 0 && !before.ends_with(is_name)).then_some(at..at + 1 + length)
    })
}

#[cfg(test)]
mod tests;
