//! All word lists of all rules as one automaton: a text is read once, however
//! long the lists are.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

use crate::fold::Folded;

/// Hits of one list that are kept for one text: what a decision can carry.
const HITS_PER_LIST: u8 = 32;

/// The automaton over all lists.
#[derive(Debug)]
pub(crate) struct Words {
    automaton: Option<AhoCorasick>,
    /// By number of the pattern.
    entries: Vec<Entry>,
    count: usize,
}

/// How a listed word must stand in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Extent {
    /// As a whole word.
    #[default]
    Word,
    /// Inside other words too.
    #[serde(alias = "includes")]
    Substring,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// As the whole text.
    FullExact,
}

impl Extent {
    /// Whether a range of a text stands as it must.
    fn holds(self, text: &str, range: Range<usize>) -> bool {
        let is_first = text.get(..range.start).is_some_and(|before| before.trim().is_empty());
        let is_last = text.get(range.end..).is_some_and(|after| after.trim().is_empty());
        match self {
            Self::Word => is_whole(text, range),
            Self::Substring => true,
            Self::StartsWith => is_first,
            Self::EndsWith => is_last,
            Self::FullExact => is_first && is_last,
        }
    }
}

/// One word of one list.
#[derive(Debug, Clone, Copy)]
struct Entry {
    list: usize,
    extent: Extent,
}

/// A listed word in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Number of the list, in the order in which they were added.
    pub(crate) list: usize,
    /// Where it stands in the original text.
    pub(crate) span: Range<usize>,
}

/// Collects the lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    patterns: Vec<String>,
    entries: Vec<Entry>,
    count: usize,
}

impl Lists {
    /// Adds a list and tells its number.
    pub(crate) fn add(&mut self, words: Vec<String>, extent: Extent) -> usize {
        let list = self.count;
        self.count += 1;
        for word in words {
            self.patterns.push(Folded::new(word.trim()).into_text());
            self.entries.push(Entry { list, extent });
        }
        list
    }

    /// Builds the automaton.
    ///
    /// # Errors
    /// When the lists are larger than any automaton can be.
    pub(crate) fn build(self) -> Result<Words, String> {
        let automaton = (!self.patterns.is_empty())
            // Much smaller than a DFA, and as fast: a snapshot of this memory
            // is what each call starts from.
            .then(|| {
                AhoCorasick::builder()
                    .kind(Some(AhoCorasickKind::ContiguousNFA))
                    .build(&self.patterns)
            })
            .transpose()
            .map_err(|error| format!("the word lists are too large: {error}"))?;
        Ok(Words { automaton, entries: self.entries, count: self.count })
    }
}

impl Words {
    /// The listed words in a text, in order.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        let Some(automaton) = &self.automaton else {
            return hits;
        };
        let folded = Folded::new(text);
        let mut counts = vec![0_u8; self.count];
        for found in automaton.find_overlapping_iter(folded.text()) {
            let Some(entry) = self.entries.get(found.pattern().as_usize()) else {
                continue;
            };
            let Some(count) = counts.get_mut(entry.list) else {
                continue;
            };
            if *count < HITS_PER_LIST && entry.extent.holds(folded.text(), found.range()) {
                *count += 1;
                hits.push(Hit { list: entry.list, span: folded.source_range(found.range()) });
            }
        }
        hits
    }
}

/// Whether a range of a text is not part of a longer word.
fn is_whole(text: &str, range: Range<usize>) -> bool {
    let (before, rest) = text.split_at_checked(range.start).unwrap_or((text, ""));
    let (found, after) = rest.split_at_checked(range.len()).unwrap_or((rest, ""));
    let joins = |left: Option<char>, right: Option<char>| match (left, right) {
        (Some(left), Some(right)) => joins_words(left) && joins_words(right),
        _ => false,
    };
    !joins(before.chars().next_back(), found.chars().next())
        && !joins(found.chars().next_back(), after.chars().next())
}

/// Whether a character makes one word with its neighbours: letters and digits,
/// but not those of the scripts that are written without spaces.
fn joins_words(character: char) -> bool {
    let unspaced = matches!(
        character,
        '\u{E00}'..='\u{EFF}'
            | '\u{1000}'..='\u{109F}'
            | '\u{1780}'..='\u{17FF}'
            | '\u{3040}'..='\u{30FF}'
            | '\u{3400}'..='\u{9FFF}'
            | '\u{20000}'..='\u{3FFFF}'
    );
    character == '_' || (character.is_alphanumeric() && !unspaced)
}

#[cfg(test)]
mod tests;
