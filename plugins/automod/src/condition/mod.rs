//! What a rule asks about content and its author, as the settings write it.
//! One entry is one condition: a map with one key, so that lists read as they
//! are meant. `all`, `any` and `not` combine them at any depth.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

mod search;
mod values;

pub(crate) use search::{Domains, Links, Pattern, PatternOnly, WordList};
pub(crate) use values::{
    Age, Bounds, Capitals, Length, Mentions, NonEmpty, Place, Recent, Repeats, Role, Roles,
};

/// A question that content answers with yes or no.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Words(WordList),
    Regex(Pattern),
    Links(Links),
    Length(Length),
    Capitals(Capitals),
    Mentions(Mentions),
    AccountAge(Bounds<Age>),
    Score(Bounds<i64>),
    FirstPost(bool),
    Verified(bool),
    Role(Roles),
    /// A link whose address matches.
    Url(PatternOnly),
    /// The author's name matches.
    Username(PatternOnly),
    PostCount(Bounds<u32>),
    CommentCount(Bounds<u32>),
    Strikes(Bounds<u32>),
    /// The author bears one of these labels.
    Labels(NonEmpty<String>),
    /// It answers a comment.
    Reply(bool),
    /// It happens in one of these communities.
    Community(NonEmpty<String>),
    // What follows asks the host.
    Repeats(Repeats),
    Recent(Recent),
    Reports(Bounds<usize>),
    Attachments(Bounds<usize>),
    /// The author of a comment began its thread.
    Submitter(bool),
}

impl Condition {
    /// Whether it looks at the text of the content.
    pub(crate) fn reads_text(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::reads_text),
            Self::Not(part) => part.reads_text(),
            Self::Words(_)
            | Self::Regex(_)
            | Self::Links(_)
            | Self::Length(_)
            | Self::Capitals(_)
            | Self::Mentions(_)
            | Self::Url(_) => true,
            _ => false,
        }
    }
}

/// The keys, for the error that names them.
const KEYS: &[&str] = &[
    "all",
    "any",
    "not",
    "words",
    "regex",
    "links",
    "length",
    "capitals",
    "mentions",
    "account_age",
    "score",
    "first_post",
    "verified",
    "role",
    "domain",
    "url",
    "username",
    "post_count",
    "comment_count",
    "strikes",
    "labels",
    "reply",
    "community",
    "repeats",
    "recent",
    "reports",
    "attachments",
    "submitter",
];

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a condition: a map with one of the keys {}", KEYS.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
        let key: String = map.next_key()?.ok_or_else(|| {
            de::Error::custom(format_args!("an empty condition; one of {}", KEYS.join(", ")))
        })?;
        let condition = match key.as_str() {
            "all" => Condition::All(map.next_value::<NonEmpty<_>>()?.0),
            "any" => Condition::Any(map.next_value::<NonEmpty<_>>()?.0),
            "not" => Condition::Not(map.next_value()?),
            "words" => Condition::Words(map.next_value()?),
            "regex" => Condition::Regex(map.next_value()?),
            "links" => Condition::Links(map.next_value()?),
            "length" => Condition::Length(map.next_value()?),
            "capitals" => Condition::Capitals(map.next_value()?),
            "mentions" => Condition::Mentions(map.next_value()?),
            "account_age" => Condition::AccountAge(map.next_value()?),
            "score" => Condition::Score(map.next_value()?),
            "first_post" => Condition::FirstPost(map.next_value()?),
            "verified" => Condition::Verified(map.next_value()?),
            "role" => Condition::Role(map.next_value()?),
            "domain" => Condition::Links(map.next_value::<Domains>()?.into()),
            "url" => Condition::Url(map.next_value()?),
            "username" => Condition::Username(map.next_value()?),
            "post_count" => Condition::PostCount(map.next_value()?),
            "comment_count" => Condition::CommentCount(map.next_value()?),
            "strikes" => Condition::Strikes(map.next_value()?),
            "labels" => Condition::Labels(map.next_value()?),
            "reply" => Condition::Reply(map.next_value()?),
            "community" => Condition::Community(map.next_value()?),
            "repeats" => Condition::Repeats(map.next_value()?),
            "recent" => Condition::Recent(map.next_value()?),
            "reports" => Condition::Reports(map.next_value()?),
            "attachments" => Condition::Attachments(map.next_value()?),
            "submitter" => Condition::Submitter(map.next_value()?),
            _ => return Err(de::Error::unknown_field(&key, KEYS)),
        };
        match map.next_key::<String>()? {
            None => Ok(condition),
            Some(second) => Err(de::Error::custom(format_args!(
                "`{key}` and `{second}` are two conditions: put them into a list under `all` or `any`"
            ))),
        }
    }
}
