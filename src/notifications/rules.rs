//! Who is told what. Pure.

use super::model::Kind;
use crate::{base::text::look_alike_key, hooks::Feature};

/// Most people that one text can call: a handful of them, not a crowd.
const MENTIONS_MAX: usize = 10;
/// Lengths that a username has.
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=30;
/// Names of values that are looked up when they are shown.
const LOOKED_UP: [&str; 2] = ["title", "excerpt"];

/// Names that passages of prose call with an `@`, as keys of accounts, in the
/// order of their appearance.
pub(super) fn mentions(passages: &[String]) -> Vec<String> {
    let mut keys = Vec::new();
    for name in passages.iter().flat_map(|passage| names(passage)) {
        let key = look_alike_key(name);
        if !keys.contains(&key) {
            keys.push(key);
        }
        if keys.len() == MENTIONS_MAX {
            break;
        }
    }
    keys
}

/// Names after an `@` that begins a word: the one of a mail address does not,
/// nor does one in a web address.
fn names(passage: &str) -> impl Iterator<Item = &str> {
    passage.match_indices('@').filter_map(|(at, _)| {
        let (before, after) = passage.split_at_checked(at)?;
        let last = before.chars().next_back();
        if last.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '@')) {
            return None;
        }
        name_at(after.strip_prefix('@')?).filter(|name| NAME_LENGTHS.contains(&name.len()))
    })
}

/// The name that a text begins with; the point at the end of a sentence is not
/// of it.
fn name_at(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    // A letter that no name has goes on: this is a longer word.
    if text.get(end..)?.chars().next().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let name = text.get(..end)?.trim_end_matches(['_', '-', '.']);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}

/// What is stored of the values that plugins were shown and may have changed:
/// not the words of content, unless a plugin put others in their place.
pub(super) fn kept(asked: &[Feature], answered: &[Feature]) -> Vec<Feature> {
    answered
        .iter()
        .filter(|value| !LOOKED_UP.contains(&value.name.as_str()) || !asked.contains(value))
        .cloned()
        .collect()
}

/// The words for who has read what is not so.
pub(super) fn correction(kind: Kind) -> Vec<Feature> {
    let text = match kind {
        Kind::Removed => "Your text had been removed. That was undone.",
        Kind::Held => "Your text had been held back. That was undone.",
        Kind::Banned => "You had been banned. That was undone.",
        Kind::Warned => "You had been warned. That was undone.",
        Kind::Approved | Kind::Reply | Kind::Mention | Kind::Notice => {
            "Something that you were told was taken back."
        }
    };
    vec![value("text", text), value("corrects", kind.as_str())]
}

/// A named value.
pub(super) fn value(name: &str, value: impl Into<String>) -> Feature {
    Feature { name: name.to_owned(), value: value.into() }
}
