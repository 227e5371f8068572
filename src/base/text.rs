//! What text may contain. Everything that people write passes through here
//! before it is stored.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// Reports whether a character can only mislead in a forum's text: it draws nothing,
/// overrides the direction of the text after it, or controls a terminal.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}')
}

/// Reports whether a character draws nothing, and has a use only beside others: a
/// direction mark, an isolate, or a tag of an emoji. [`out_of_place`] judges it.
pub fn is_contextual(c: char) -> bool {
    is_direction_mark(c) || matches!(c, '\u{2066}'..='\u{2069}' | '\u{e0001}'..='\u{e007f}')
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Reports whether a letter is written from right to left: the blocks of the bidirectional
/// classes R and AL.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The flags that Unicode recommends as sequences of tags (RGI): England, Scotland and
/// Wales. Other sequences are drawn as a black flag and can hide words.
const TAG_FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';
/// Deepest nesting of isolates that is kept: a quotation within a quotation, with room.
const ISOLATES_MAX: usize = 8;

/// Byte offsets, ascending, of the contextual characters of a text that have no use where
/// they stand. Marks and isolates have one in a line with right-to-left letters, isolates
/// only in pairs within the line; tags have one in the flags of [`TAG_FLAGS`].
pub fn out_of_place(text: &str) -> Vec<usize> {
    let mut offsets = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if line.contains(is_contextual) {
            judge_line(line, start, &mut offsets);
        }
        start += line.len();
    }
    offsets
}

fn judge_line(line: &str, start: usize, offsets: &mut Vec<usize>) {
    let is_mixed = line.contains(is_right_to_left);
    let first = offsets.len();
    let (mut open, mut flag_ends) = (Vec::new(), 0);
    for (at, c) in line.char_indices() {
        match c {
            BLACK_FLAG => flag_ends = at + tag_flag_length(line.get(at..).unwrap_or_default()),
            '\u{e0001}'..=CANCEL_TAG if at >= flag_ends => offsets.push(start + at),
            '\u{2066}'..='\u{2068}' if is_mixed && open.len() < ISOLATES_MAX => {
                open.push(start + at);
            }
            '\u{2069}' if is_mixed && open.pop().is_some() => {}
            '\u{2066}'..='\u{2069}' => offsets.push(start + at),
            c if is_direction_mark(c) && !is_mixed => offsets.push(start + at),
            _ => {}
        }
    }
    offsets.append(&mut open);
    if let Some(of_line) = offsets.get_mut(first..) {
        of_line.sort_unstable();
    }
}

/// Length in bytes of the flag of [`TAG_FLAGS`] that a text begins with; 0 without one.
fn tag_flag_length(text: &str) -> usize {
    let tags = text.chars().skip(1).take_while(|c| ('\u{e0001}'..CANCEL_TAG).contains(c));
    let letters: String = tags.filter_map(|tag| char::from_u32(u32::from(tag) & 0x7f)).collect();
    // Each tag has four bytes, as the black flag has.
    let length = 4 * (letters.len() + 2);
    let is_flag = TAG_FLAGS.contains(&letters.as_str())
        && text.get(..length).is_some_and(|flag| flag.ends_with(CANCEL_TAG));
    if is_flag { length } else { 0 }
}

/// One line of text: deceptive characters removed, NFC, runs of white space made
/// one space, ends trimmed.
pub fn clean_line(text: &str) -> String {
    // A line break becomes a space: marks and isolates are judged over the whole line.
    single_spaced(&cleaned(&single_spaced(text)))
}

/// Text of several lines: deceptive characters removed, NFC, lines ended by `\n`,
/// white space at the ends trimmed.
pub fn clean_lines(text: &str) -> String {
    cleaned(text).replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// The text without deceptive characters, in NFC. The characters on both sides of a removed
/// one may compose: NFC comes last, so that cleaning twice is cleaning once.
fn cleaned(text: &str) -> String {
    let visible = without_deceptive(text);
    let removed = out_of_place(&visible);
    if removed.is_empty() {
        return visible.nfc().collect();
    }
    without(&visible, &removed).nfc().collect()
}

/// The text without the characters that mislead wherever they stand.
pub fn without_deceptive(text: &str) -> Cow<'_, str> {
    if text.contains(is_deceptive) {
        Cow::Owned(text.chars().filter(|c| !is_deceptive(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text without the characters at some byte offsets, which ascend.
pub fn without(text: &str, offsets: &[usize]) -> String {
    let mut offsets = offsets.iter().peekable();
    text.char_indices()
        .filter(|(at, _)| offsets.next_if_eq(&at).is_none())
        .map(|(_, character)| character)
        .collect()
}

/// Compatibility composition (NFKC), lower case, runs of white space made one
/// space, ends trimmed: what two ways to write the same have in common.
pub fn normalised(text: &str) -> String {
    single_spaced(&composed_lower(text).collect::<String>())
}

/// The characters of a text in compatibility composition (NFKC) and lower case.
pub fn composed_lower(text: &str) -> impl Iterator<Item = char> {
    // Lower case may undo the composition.
    text.nfkc().flat_map(char::to_lowercase).nfkc()
}

/// The text with runs of white space made one space, and its ends trimmed.
pub fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Accounts are found by this key of a name: NFKC, without regard to case. The column
/// `accounts.name_key` has the same of stored names, which are ASCII.
pub fn name_key(name: &str) -> String {
    composed_lower(name).collect()
}

/// What two names that look alike have in common (UTS 39 skeleton), without
/// regard to case. The key joins names that people tell apart, as `corner` and `comer`:
/// nothing is found by it.
pub fn look_alike_key(name: &str) -> String {
    skeleton_of_folded(&case_folded(name).collect::<String>()).collect()
}

/// The characters of a name without regard to case. Upper-case I looks like l
/// while lower-case i does not: case is folded before the skeleton and after it.
pub fn case_folded(name: &str) -> impl Iterator<Item = char> {
    name.nfkc().flat_map(char::to_lowercase)
}

/// The skeleton of a name that [`case_folded`] gave.
pub fn skeleton_of_folded(folded: &str) -> impl Iterator<Item = char> {
    skeleton(folded).flat_map(char::to_lowercase)
}

/// The text on one line: line breaks, other control characters and those that turn
/// the direction of what follows are written as escapes, as in `\n` or `\u{202e}`.
/// Every text from outside that goes into a line of a log, or into a field that is
/// one line, passes through here.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_deceptive(character)
            || is_contextual(character)
            || matches!(character, '\t' | '\n' | '\r')
        {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Whether a text can be a URL as it stands. A parser of URLs takes white space and
/// control characters away, and turns `\\` into `/`: people would read another URL than
/// programs.
pub fn is_url_as_it_stands(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
        && one_line(text) == text
}

/// Number of characters as people count them, near enough: Unicode scalar values.
pub fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
