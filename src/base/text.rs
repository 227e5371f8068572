//! What text may contain. Everything that people write passes through here
//! before it is stored.

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// Characters that draw nothing, turn the direction of what follows, or control
/// a terminal: they can only mislead in a forum's text.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of text: deceptive characters gone, NFC, runs of white space made
/// one space, ends trimmed.
pub fn clean_line(text: &str) -> String {
    cleaned(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text of several lines: deceptive characters gone, NFC, lines ended by `\n`,
/// white space at the ends trimmed.
pub fn clean_lines(text: &str) -> String {
    cleaned(text).replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// The text without deceptive characters, in NFC. What stood on both sides of one
/// may compose: NFC comes last, so that cleaning twice is cleaning once.
fn cleaned(text: &str) -> String {
    text.chars().filter(|c| !is_deceptive(*c)).nfc().collect()
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
    // Lower case may undo the composition.
    let lower: String = name.nfkc().flat_map(char::to_lowercase).collect();
    lower.nfkc().collect()
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
        if is_deceptive(character) || matches!(character, '\t' | '\n' | '\r' | '\u{61c}') {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Number of characters as people count them, near enough: Unicode scalar values.
pub fn length(text: &str) -> usize {
    text.chars().count()
}
