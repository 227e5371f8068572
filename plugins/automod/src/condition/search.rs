//! What is looked for in texts: words, patterns and links. Each type reads
//! itself from the settings and refuses what makes no sense, with a remedy.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::values::{NonEmpty, Place};
use crate::fold::Folded;
use crate::words::Extent;

/// Largest compiled regular expression: enough for any that a person writes,
/// and small beside the memory that a call may use.
const REGEX_BYTES: usize = 1 << 20;

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
pub(crate) struct PatternOnly(pub(crate) Regex);

impl TryFrom<String> for PatternOnly {
    type Error = String;

    fn try_from(pattern: String) -> Result<Self, String> {
        let regex = RegexBuilder::new(&pattern).size_limit(REGEX_BYTES).build();
        let regex = regex.map_err(|error| error.to_string())?;
        // Makes the search caches now, so that they are there in each call.
        regex.is_match("warm up");
        Ok(Self(regex))
    }
}

/// A regular expression over the original text: `'b(oo)+k'`, or with options.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
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
        Ok(Self { regex: text.pattern.0, place: text.place })
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
    pub(crate) to: Option<NonEmpty<Domain>>,
    /// Links to these domains and what is below them do not count.
    pub(crate) except: Option<NonEmpty<Domain>>,
    #[serde(default, rename = "in")]
    pub(crate) place: Place,
}

/// Links to certain domains: `[bit.ly, t.co]`.
impl From<NonEmpty<Domain>> for Links {
    fn from(to: NonEmpty<Domain>) -> Self {
        Self { min: one(), to: Some(to), except: None, place: Place::Both }
    }
}

fn one() -> usize {
    1
}

/// A domain name, in lower case.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Domain(pub(crate) String);

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
