//! Text as a reader sees it: one plain form for all the ways to write the same
//! word, so that `ВАD`, `b@d`, `ｂａｄ` and `b\u{200b}ad` are all `bad`.
//!
//! Folding is one pass and remembers where everything came from: a range of
//! the folded text leads back to a range of the original one, on character
//! boundaries. Word lists are folded the same way, so a word always matches
//! itself, whatever its script.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

mod look_alikes;

use look_alikes::{enclosed_letter, is_ignored, look_alike};

/// A folded text and the way back.
#[derive(Debug)]
pub(crate) struct Folded<'s> {
    source: &'s str,
    text: String,
    /// For each byte of `text` the byte of `source` where its character
    /// starts; empty until `mapped`.
    origins: Vec<u32>,
    /// Plain ASCII keeps its positions and needs no map.
    mapped: bool,
    /// Whether digits of the current word may stand for letters: `h3llo`, but
    /// not `455`.
    word_has_letters: bool,
}

impl<'s> Folded<'s> {
    /// Folds a text.
    pub(crate) fn new(source: &'s str) -> Self {
        let mut folded = Self {
            source,
            text: String::with_capacity(source.len()),
            origins: Vec::new(),
            mapped: false,
            word_has_letters: false,
        };
        let mut rest = source;
        while let Some(character) = rest.chars().next() {
            let (at, plain) = (source.len() - rest.len(), folded.plain(rest));
            let taken = if let Some(plain) = rest.get(..plain).filter(|plain| !plain.is_empty()) {
                folded.push_plain(at, plain);
                plain.len()
            } else if character.is_ascii() {
                folded.push_ascii(at, character);
                1
            } else {
                folded.push_unicode(at, character);
                character.len_utf8()
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        folded
    }

    /// The folded text: lower case, one space between words.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The folded text alone.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// What a non-empty range of the folded text was in the original one.
    pub(crate) fn source_range(&self, range: Range<usize>) -> Range<usize> {
        if !self.mapped {
            return range;
        }
        let origin = |at: usize| self.origins.get(at).map(|origin| *origin as usize);
        let start = origin(range.start).unwrap_or(self.source.len());
        let last = origin(range.end.saturating_sub(1)).unwrap_or(start);
        // A character may have become several, and marks on it none.
        let end = (range.end..self.text.len())
            .filter_map(origin)
            .find(|origin| *origin > last)
            .unwrap_or(self.source.len());
        start..end
    }

    /// How many bytes at the beginning stand for themselves, but for their case: most
    /// of most texts, so they are taken at once.
    fn plain(&self, rest: &str) -> usize {
        let mut after_space = self.text.ends_with(' ');
        let mut is_plain = |byte: u8| {
            let is_space = byte == b' ';
            let is_second = std::mem::replace(&mut after_space, is_space) && is_space;
            let may_stand_for_another =
                byte.is_ascii_digit() || matches!(byte, b'$' | b'@' | b'!' | b'|' | b'-');
            !is_second && (is_space || byte.is_ascii_graphic() && !may_stand_for_another)
        };
        rest.bytes().take_while(|byte| is_plain(*byte)).count()
    }

    fn push_plain(&mut self, at: usize, plain: &str) {
        let from = self.text.len();
        if from != at {
            self.begin_map();
        }
        if self.mapped {
            self.origins.extend((at..at + plain.len()).map(offset));
        }
        self.text.push_str(plain);
        if let Some(pushed) = self.text.get_mut(from..) {
            pushed.make_ascii_lowercase();
        }
    }

    fn push_ascii(&mut self, at: usize, character: char) {
        let folded = match character {
            'A'..='Z' => character.to_ascii_lowercase(),
            '0'..='9' => self.digit(at, character),
            '$' if self.next(at).is_some_and(|next| next.is_ascii_alphabetic()) => 's',
            '@' if self.is_inside_word(at) => 'a',
            '!' if self.is_inside_word(at) => 'i',
            '|' if self.is_inside_word(at) => 'l',
            // `free-money` reads like `free money`.
            '-' if self.is_inside_word(at) => ' ',
            _ if character.is_ascii_whitespace() => return self.push_space(at),
            _ => character,
        };
        self.push(at, folded);
    }

    fn push_unicode(&mut self, at: usize, character: char) {
        if is_ignored(character) {
            return;
        }
        if let Some(letter) = enclosed_letter(character) {
            return self.push(at, letter);
        }
        decompose_compatible(character, |part| {
            if is_dash(part) && self.joins(at + character.len_utf8()) {
                self.push_space(at);
            } else if let Some(letters) = look_alike(part) {
                letters.chars().for_each(|letter| self.push(at, letter));
            } else if part.is_whitespace() {
                self.push_space(at);
            } else {
                self.push_lower_case(at, part);
            }
        });
    }

    fn push_lower_case(&mut self, at: usize, character: char) {
        for lower in character.to_lowercase().filter(|lower| !is_ignored(*lower)) {
            match look_alike(lower) {
                Some(letters) => letters.chars().for_each(|letter| self.push(at, letter)),
                None => self.push(at, lower),
            }
        }
    }

    /// Any space is one space.
    fn push_space(&mut self, at: usize) {
        if !self.text.ends_with(' ') {
            self.push(at, ' ');
        }
    }

    fn push(&mut self, at: usize, character: char) {
        let moves = self.text.len() != at || !character.is_ascii() || !self.is_ascii_at(at);
        if moves {
            self.begin_map();
        }
        if self.mapped {
            self.origins.extend(std::iter::repeat_n(offset(at), character.len_utf8()));
        }
        self.text.push(character);
    }

    /// From here on positions differ.
    fn begin_map(&mut self) {
        if !self.mapped {
            self.mapped = true;
            self.origins.reserve(self.source.len());
            self.origins.extend((0..self.text.len()).map(offset));
        }
    }

    fn is_ascii_at(&self, at: usize) -> bool {
        self.source.as_bytes().get(at).is_some_and(u8::is_ascii)
    }

    fn next(&self, at: usize) -> Option<char> {
        self.source.get(at + 1..)?.chars().next()
    }

    fn is_inside_word(&self, at: usize) -> bool {
        self.joins(at + 1)
    }

    /// Whether what stands between the folded text and this byte is inside a word.
    fn joins(&self, after: usize) -> bool {
        self.text.ends_with(char::is_alphanumeric)
            && self.source.get(after..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
    }

    fn digit(&mut self, at: usize, digit: char) -> char {
        if !self.text.ends_with(char::is_alphanumeric) {
            let rest = self.source.get(at..).unwrap_or_default();
            self.word_has_letters = rest
                .chars()
                .filter(|character| !is_ignored(*character))
                .take_while(|character| character.is_alphanumeric())
                .any(char::is_alphabetic);
        } else if self.text.ends_with(char::is_alphabetic) {
            self.word_has_letters = true;
        }
        match digit {
            _ if !self.word_has_letters => digit,
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '4' => 'a',
            '5' => 's',
            '7' => 't',
            _ => digit,
        }
    }
}

/// The hyphens and dashes of Unicode, and the sign of minus.
fn is_dash(character: char) -> bool {
    matches!(character, '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}')
}

/// A text of 4 GiB does not fit into a component.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
