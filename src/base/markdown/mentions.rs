//! The names that a text mentions with an `@`.

use unicode_script::{Script, UnicodeScript};

/// Lengths that a username has.
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=30;

/// Scripts that are written without spaces between words, and Hangul, whose particles
/// follow a name without one.
const UNSPACED: [Script; 11] = [
    Script::Bopomofo,
    Script::Han,
    Script::Hangul,
    Script::Hiragana,
    Script::Katakana,
    Script::Khmer,
    Script::Lao,
    Script::Myanmar,
    Script::Thai,
    Script::Tibetan,
    Script::Yi,
];

/// Reports whether a character is of a script in which a name may stand beside a word
/// without a space.
pub(super) fn is_unspaced(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let scripts = c.script_extension();
    !scripts.is_common()
        && !scripts.is_inherited()
        && UNSPACED.iter().any(|script| scripts.contains_script(*script))
}

/// Names after an `@` that begins a word, from a byte of the text on. The `@` of a mail
/// address does not, nor does one within the path of an address, nor one of the bytes
/// `literal` (ascending), which an author escaped.
pub(super) fn names<'a>(
    text: &'a str,
    from: usize,
    literal: &'a [usize],
) -> impl Iterator<Item = &'a str> {
    text.get(from..).unwrap_or_default().match_indices(['@', '＠']).filter_map(move |(at, sign)| {
        let at = from + at;
        if literal.binary_search(&at).is_ok() || !begins_word(text.get(..at)?) {
            return None;
        }
        name_at(text.get(at + sign.len()..)?).filter(|name| NAME_LENGTHS.contains(&name.len()))
    })
}

/// Reports whether a name may begin after a text.
fn begins_word(before: &str) -> bool {
    let is_of_word = |c: char| c == '_' || c.is_alphanumeric() && !is_unspaced(c);
    let mut backwards = before.chars().rev();
    match backwards.next() {
        Some('@' | '＠') => false,
        // `/@ada` and `@ada/@bob` mention; `example.org/@ada` is a path.
        Some('/') => {
            let word = backwards.take(PATH_MAX).take_while(|c| !c.is_whitespace() && *c != '/');
            let word: Vec<char> = word.collect();
            word.last() == Some(&'@')
                || !word.first().is_some_and(|last| is_of_word(*last) || *last == '.')
        }
        Some(last) => !is_of_word(last),
        None => true,
    }
}

/// Most characters before a `/` that are looked at: the longest name and its `@`.
const PATH_MAX: usize = 31;

/// The name that a text begins with, without the point at the end of a sentence.
fn name_at(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    // A letter that no name has continues the word.
    let next = text.get(end..)?.chars().next();
    if next.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c)) {
        return None;
    }
    let name = text.get(..end)?.trim_end_matches(['_', '-', '.']);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}
