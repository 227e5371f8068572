//! The terms by which texts are found: what is indexed of a text, and what is looked for
//! of a typed word. Both databases index the same terms, written in ASCII, so that their
//! own rules for words (lengths, stop words, collations, scripts) play no part.
//!
//! - Case, accents, `ß`/`ss`, `ё`/`е` and forms of compatibility are folded.
//! - An apostrophe within a word is left out: `don’t`, `don't` and `dont` are one term.
//!   The letters after it are a term as well: `eau` finds `l’eau`.
//! - Scripts without spaces between words (Chinese, Japanese, Korean, Thai, Lao, Khmer,
//!   Burmese) are indexed as pairs of characters; two or more characters are looked for
//!   as consecutive pairs, one as itself.
//! - `C++`, `C#`, `F#` and `.NET` are terms of their own: `c` finds none of them.
//! - An emoji is a term.

use std::{collections::BTreeSet, fmt::Write};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Version of these rules. Texts that were indexed by another are indexed again
/// (`Search::index_stale`); a change of the rules raises it.
pub const VERSION: i64 = 1;
/// Longest term of letters and digits of ASCII that is indexed as it stands. `InnoDB`
/// indexes no word of more than 84 characters.
const PLAIN_MAX: usize = 40;
/// Longest other term, in bytes, that is indexed as it stands: two hexadecimal digits each.
const BYTES_MAX: usize = 32;

/// The terms of a text as they are stored, with a space between two.
pub fn of_text(text: &str) -> String {
    let mut extra = BTreeSet::new();
    let mut terms = String::with_capacity(text.len() + text.len() / 2);
    for term in pieces(text, &mut extra) {
        encode(&term, &mut terms);
    }
    // At the end, where they come between no two terms of the text.
    for term in &extra {
        encode(term, &mut terms);
    }
    terms
}

/// The consecutive terms that stand for a typed word; none for a word of signs only.
pub fn of_word(word: &str) -> Vec<String> {
    let mut terms = String::new();
    for term in pieces(word, &mut BTreeSet::new()) {
        encode(&term, &mut terms);
    }
    terms.split_whitespace().map(str::to_owned).collect()
}

/// The place of a typed word in a text, in characters; the beginning where its terms are
/// not consecutive there.
pub fn place_of(word: &str, text: &[char]) -> usize {
    let word: Vec<char> = word.chars().flat_map(folded).filter(|c| !is_apostrophe(*c)).collect();
    let stands_at = |at: &usize| {
        let rest = text.get(*at..).unwrap_or_default().iter().copied();
        let mut rest = rest.flat_map(folded).filter(|c| !is_apostrophe(*c));
        word.iter().all(|wanted| rest.next() == Some(*wanted))
    };
    (0..text.len()).find(stands_at).unwrap_or_default()
}

/// Writes a term and a space. Each form ends with letters of its own, so that two terms
/// never have one form, and that none is short, or a stop word of the database.
fn encode(term: &str, terms: &mut String) {
    let is_plain = term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    // Writing into a string cannot fail.
    if is_plain && term.len() <= PLAIN_MAX {
        let _ = write!(terms, "{term}zz ");
    } else if term.len() <= BYTES_MAX {
        let _ = write!(terms, "{}yy ", hex::encode(term));
    } else {
        let _ = write!(terms, "{:016x}xx ", fnv(term));
    }
}

/// FNV-1a of 64 bits. Two long terms with one hash would be found by each other; nothing
/// else hangs on it.
fn fnv(term: &str) -> u64 {
    term.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The terms of a text in their order, and those beside the order.
fn pieces(text: &str, extra: &mut BTreeSet<String>) -> Vec<String> {
    let text = fold(text);
    let mut terms = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at).copied() {
        let rest = text.get(at..).unwrap_or_default();
        let run = if is_unspaced(c) {
            let length = rest.iter().take_while(|c| is_unspaced(**c)).count();
            add_pairs(rest.get(..length).unwrap_or_default(), &mut terms, extra);
            length
        } else if is_word(c) {
            add_word(rest, &mut terms, extra)
        } else if c == '.' && starts_name(at, &text) {
            let name = 1 + rest.iter().skip(1).take_while(|c| is_spaced_word(**c)).count();
            let term: String = rest.iter().take(name).collect();
            extra.insert(term.trim_start_matches('.').to_owned());
            terms.push(term);
            name
        } else {
            if is_emoji(c) {
                terms.push(c.to_string());
            }
            1
        };
        at += run;
    }
    terms
}

/// Whether the dot begins a name such as `.net`: nothing of a word stands before it.
fn starts_name(dot: usize, text: &[char]) -> bool {
    let before = dot.checked_sub(1).and_then(|before| text.get(before));
    let after = text.get(dot + 1);
    before.is_none_or(|c| !is_word(*c) && *c != '.')
        && after.is_some_and(|c| c.is_alphabetic() && !is_unspaced(*c))
}

/// Adds the word at the beginning, and returns how many characters it takes.
fn add_word(text: &[char], terms: &mut Vec<String>, extra: &mut BTreeSet<String>) -> usize {
    let (mut word, mut part, mut at) = (String::new(), String::new(), 0);
    while let Some(c) = text.get(at).copied() {
        let goes_on = text.get(at + 1).is_some_and(|next| is_spaced_word(*next));
        if is_spaced_word(c) {
            word.push(c);
            part.push(c);
        } else if is_apostrophe(c) && goes_on {
            part.clear();
        } else {
            break;
        }
        at += 1;
    }
    if part.len() < word.len() && part.chars().count() > 1 {
        extra.insert(part);
    }
    let rest = text.get(at..).unwrap_or_default();
    let is_latin = word.chars().all(|c| c.is_ascii_alphanumeric());
    let sign = match rest {
        ['+', '+', ..] => "++",
        ['#', next, ..] if is_word(*next) => "",
        ['#', ..] => "#",
        _ => "",
    };
    if is_latin && !sign.is_empty() {
        word.push_str(sign);
        at += sign.len();
    }
    terms.push(word);
    at
}

/// Adds the pairs of a run of characters, and each of its characters beside the order. A
/// character that stands alone is a term in the order.
fn add_pairs(run: &[char], terms: &mut Vec<String>, extra: &mut BTreeSet<String>) {
    if let [alone] = run {
        terms.push(alone.to_string());
        return;
    }
    terms.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
    extra.extend(run.iter().map(char::to_string));
}

/// A text with all that is folded, and without the backslashes of Markdown.
fn fold(text: &str) -> Vec<char> {
    let mut folded_text = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation) {
            continue;
        }
        folded_text.push(c);
    }
    // Marks are parted from their letters, and those that stay put back.
    folded_text.into_iter().flat_map(folded).nfc().collect()
}

/// A character without case, accent and form of compatibility; nothing for an accent that
/// stands alone.
fn folded(c: char) -> impl Iterator<Item = char> {
    // Most texts are ASCII for the most part.
    let ascii = c.is_ascii().then(|| c.to_ascii_lowercase());
    // The short i of Cyrillic is a letter, not an accented one.
    let is_letter = matches!(c, 'й' | 'Й' | 'ў' | 'Ў');
    let parts: Vec<char> = match ascii {
        Some(_) => Vec::new(),
        None => c.to_lowercase().nfkd().flat_map(char::to_lowercase).collect(),
    };
    let kept = parts.into_iter().filter(move |c| is_letter || !is_accent(*c));
    ascii.into_iter().chain(kept.flat_map(spelt))
}

/// A letter as it is spelt without it.
fn spelt(c: char) -> impl Iterator<Item = char> {
    let spelt: &[char] = match c {
        'ß' => &['s', 's'],
        'æ' => &['a', 'e'],
        'œ' => &['o', 'e'],
        'ø' => &['o'],
        'đ' => &['d'],
        'ł' => &['l'],
        'ı' => &['i'],
        'ς' => &['σ'],
        _ => &[],
    };
    spelt.iter().copied().chain(Some(c).filter(|_| spelt.is_empty()))
}

/// Marks of Latin, Greek, Cyrillic, Hebrew and Arabic that are often left out, and what
/// draws nothing.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}'
        | '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}' | '\u{ad}' | '\u{200c}' | '\u{200d}'
        | '\u{fe0e}' | '\u{fe0f}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{60}' | '\u{b4}' | '\u{ff07}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character is part of a word of a script with spaces.
fn is_spaced_word(c: char) -> bool {
    is_word(c) && !is_unspaced(c)
}

/// Whether a character is of a script that is written without spaces between words, or
/// whose words carry endings (Korean).
fn is_unspaced(c: char) -> bool {
    let is_of_script = matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}' | '\u{3007}' | '\u{3041}'..='\u{312f}' | '\u{3131}'..='\u{318e}'
        | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{aa60}'..='\u{aa7f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}');
    // Georgian stands between Burmese and the letters of Hangul.
    is_of_script && !matches!(c, '\u{10a0}'..='\u{10ff}') && is_word(c)
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1f3fa}'
        | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests;
