//! The host's text functions in native tests. Folding knows no look-alikes
//! here, and words are runs of letters and digits: enough to test a rule, not
//! to test the functions.

use regex::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

use crate::Span;
use crate::text::Match;

/// Places that are told, and words, and patterns that are taken: the contract's.
const PLACES: usize = 100;
const MANY: usize = 10_000;

pub(crate) fn normalise(text: &str) -> String {
    let composed: String = text.nfkc().collect::<String>().to_lowercase();
    let mut words = composed.split(char::is_whitespace).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + " " + word)
}

pub(crate) fn fold(text: &str) -> String {
    normalise(text)
}

pub(crate) fn words(text: &str) -> Vec<Span> {
    places(&Regex::new(r"[\p{Alphabetic}\p{N}_]+"), text, MANY).unwrap_or_default()
}

pub(crate) fn find(pattern: &str, text: &str) -> Result<Vec<Span>, String> {
    places(&Regex::new(pattern), text, PLACES)
}

pub(crate) fn find_any(patterns: &[String], text: &str) -> Result<Vec<Match>, String> {
    if patterns.len() > MANY || patterns.iter().any(String::is_empty) {
        return Err("1 to 10,000 patterns, none of them empty".to_owned());
    }
    let mut found = Vec::new();
    for (pattern, number) in patterns.iter().zip(0..) {
        let regex = RegexBuilder::new(&regex::escape(pattern)).case_insensitive(true).build();
        let spans = places(&regex, text, PLACES)?;
        found.extend(spans.into_iter().map(|span| Match { pattern: number, span }));
    }
    // Leftmost, longest: what overlaps an earlier one is left out.
    found.sort_by_key(|it| (it.span.start, std::cmp::Reverse(it.span.end)));
    let mut end = 0;
    found.retain(|it| {
        let free = it.span.start >= end;
        end = if free { it.span.end } else { end };
        free
    });
    found.truncate(PLACES);
    Ok(found)
}

fn places(
    regex: &Result<Regex, regex::Error>,
    text: &str,
    most: usize,
) -> Result<Vec<Span>, String> {
    let regex = regex.as_ref().map_err(ToString::to_string)?;
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let found = regex.find_iter(text).take(most);
    Ok(found.map(|it| Span { start: offset(it.start()), end: offset(it.end()) }).collect())
}
