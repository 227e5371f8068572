//! What is looked for in texts: words, patterns and links. Each type reads
//! itself from the settings and refuses what makes no sense, with a remedy.

use std::{borrow::Cow, fmt};

use regex::{Match, Regex, RegexBuilder};
use regex_syntax::hir::literal::{Extractor, Literal};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::values::{NonEmpty, Place};
use crate::fold::Folded;
use crate::words::Extent;

/// Largest compiled regular expression: enough for any that a person writes,
/// and small beside the memory that a call may use.
const REGEX_BYTES: usize = 1 << 20;

/// Beginnings that are looked for before a search: each reads the text once.
const BEGINNINGS: usize = 8;

/// Words and phrases: `[one, another phrase]`, or with options.
#[derive(Debug)]
pub(crate) struct WordList {
    /// Empty once they are in the automaton.
    pub(crate) list: Vec<String>,
    /// Number of the list in the automaton.
    pub(crate) number: usize,
    /// How they must stand in the text.
    pub(crate) extent: Extent,
    pub(crate) place: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordListText {
    list: NonEmpty<Word>,
    #[serde(default, rename = "match")]
    extent: Extent,
    #[serde(default, rename = "in")]
    place: Place,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Word(String);

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        if Folded::new(word.trim()).text().is_empty() {
            return Err(format!("{word:?} has nothing that can be seen"));
        }
        Ok(Self(word))
    }
}

impl WordListText {
    fn into_list(self) -> WordList {
        WordList {
            list: self.list.0.into_iter().map(|word| word.0).collect(),
            number: 0,
            extent: self.extent,
            place: self.place,
        }
    }
}

impl<'de> Deserialize<'de> for WordList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = WordListText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of words, or a map with `list`, `match` and `in`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<WordListText, A::Error> {
                let list = NonEmpty::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(WordListText { list, extent: Extent::Word, place: Place::Both })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WordListText, A::Error> {
                WordListText::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Either).map(WordListText::into_list)
    }
}

/// A regular expression by itself.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PatternOnly {
    regex: Regex,
    /// What every match begins with, one or another; `None` when that can be anything.
    beginnings: Option<Vec<String>>,
}

impl TryFrom<String> for PatternOnly {
    type Error = String;

    fn try_from(pattern: String) -> Result<Self, String> {
        let regex = RegexBuilder::new(&pattern).size_limit(REGEX_BYTES).build();
        let regex = regex.map_err(|error| error.to_string())?;
        // Makes the search caches now, so that they are there in each call.
        regex.is_match("warm up");
        Ok(Self { beginnings: beginnings(&pattern), regex })
    }
}

impl PatternOnly {
    pub(crate) fn find_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Match<'t>> {
        self.may_match(text).then(|| self.regex.find_iter(text)).into_iter().flatten()
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.may_match(text) && self.regex.is_match(text)
    }

    pub(crate) fn replace_all<'t>(&self, text: &'t str, with: &str) -> Cow<'t, str> {
        if self.may_match(text) { self.regex.replace_all(text, with) } else { Cow::Borrowed(text) }
    }

    /// A search begins with clearing memory, as much as the text is long and the
    /// expression large; most texts have no place where it could match.
    fn may_match(&self, text: &str) -> bool {
        self.beginnings.as_ref().is_none_or(|all| all.iter().any(|one| text.contains(one)))
    }
}

fn beginnings(pattern: &str) -> Option<Vec<String>> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    let found = Extractor::new().limit_total(BEGINNINGS).extract(&parsed);
    let text = |literal: &Literal| String::from_utf8(literal.as_bytes().to_vec()).ok();
    let texts: Vec<String> = found.literals()?.iter().map(text).collect::<Option<_>>()?;
    texts.iter().all(|text| !text.is_empty()).then_some(texts)
}

/// A regular expression over the original text: `'b(oo)+k'`, or with options.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: PatternOnly,
    pub(crate) place: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternText {
    pattern: PatternOnly,
    #[serde(default, rename = "in")]
    place: Place,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = PatternText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a regular expression, or a map with `pattern` and `in`")
            }

            fn visit_str<E: de::Error>(self, pattern: &str) -> Result<PatternText, E> {
                let pattern = PatternOnly::try_from(pattern.to_owned()).map_err(E::custom)?;
                Ok(PatternText { pattern, place: Place::Both })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PatternText, A::Error> {
                PatternText::deserialize(MapAccessDeserializer::new(map))
            }
        }
        let text = deserializer.deserialize_any(Either)?;
        Ok(Self { regex: text.pattern, place: text.place })
    }
}

/// Links: how many, and where they lead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Links {
    /// Holds from this many links on.
    #[serde(default = "one")]
    pub(crate) min: usize,
    /// Only links to these domains and what is below them count.
    pub(crate) to: Option<Domains>,
    /// Links to these domains and what is below them do not count.
    pub(crate) except: Option<Domains>,
    #[serde(default, rename = "in")]
    pub(crate) place: Place,
}

/// Links to certain domains: `[bit.ly, t.co]`.
impl From<Domains> for Links {
    fn from(to: Domains) -> Self {
        Self { min: one(), to: Some(to), except: None, place: Place::Both }
    }
}

fn one() -> usize {
    1
}

/// Domain names, in order: a list may have thousands, and each link is looked up.
#[derive(Debug, Deserialize)]
#[serde(from = "NonEmpty<Domain>")]
pub(crate) struct Domains(Vec<String>);

impl From<NonEmpty<Domain>> for Domains {
    fn from(domains: NonEmpty<Domain>) -> Self {
        let mut names: Vec<String> = domains.0.into_iter().map(|domain| domain.0).collect();
        names.sort_unstable();
        Self(names)
    }
}

impl Domains {
    /// Whether a host in lower case is one of them or below one.
    pub(crate) fn include(&self, host: &str) -> bool {
        let mut name = Some(host);
        std::iter::from_fn(|| {
            let this = name?;
            name = this.split_once('.').map(|(_, above)| above);
            Some(this)
        })
        .any(|name| self.0.binary_search_by(|it| it.as_str().cmp(name)).is_ok())
    }
}

/// A domain name, in lower case.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Domain(String);

impl TryFrom<String> for Domain {
    type Error = String;

    fn try_from(domain: String) -> Result<Self, String> {
        let name = domain.trim_matches('.').to_lowercase();
        let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(format!("{domain:?} is no domain; write `example.com`"));
        }
        Ok(Self(name))
    }
}
