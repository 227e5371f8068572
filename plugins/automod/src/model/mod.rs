//! The settings: a list of rules, in YAML or JSON. Everything is checked while
//! it is read, so that each error names its place (`rules[2].when.any[0].regex:
//! …`) and a value that exists is good. Nothing here looks at content.

use std::cmp::Reverse;

use serde::Deserialize;

use crate::condition::{Condition, NonEmpty, PatternOnly, Place};
use crate::wanted::Wanted;

/// Longest id: what evidence may carry.
const ID_BYTES: usize = 64;

/// Longest message for the author: what a decision may carry.
const MESSAGE_BYTES: usize = 1024;

/// What a binding's settings say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rules: NonEmpty<Rule>,
}

/// What to do with content that meets a condition.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RuleText")]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) message: String,
    pub(crate) action: Action,
    pub(crate) priority: i32,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) public: bool,
    pub(crate) moderators_exempt: bool,
    pub(crate) replace: Vec<Replacement>,
    pub(crate) effects: Wanted,
    pub(crate) when: Condition,
}

/// From mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Ends the judging: what comes later is not asked.
    Allow,
    Annotate,
    /// Publishes it with other words.
    Modify,
    Hold,
    Reject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Post,
    Comment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Create,
    Edit,
}

/// Other words for what matches.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replacement {
    pub(crate) pattern: PatternOnly,
    /// `$1` is the first group; nothing strips what matches.
    #[serde(default)]
    pub(crate) with: String,
    #[serde(default, rename = "in")]
    pub(crate) place: Place,
}

/// Reads the rules from settings. The error says what is wrong and where.
pub(crate) fn parse(settings: &str) -> Result<Vec<Rule>, String> {
    if settings.trim().is_empty() {
        return Err("rules: missing; the settings are a list of rules".to_owned());
    }
    let document: serde_norway::Value =
        serde_norway::from_str(settings).map_err(|error| error.to_string())?;
    let settings: Settings =
        serde_path_to_error::deserialize(document).map_err(|error| error.to_string())?;
    let mut rules = settings.rules.0;
    for (at, rule) in rules.iter().enumerate() {
        let first = rules.iter().position(|other| other.id == rule.id);
        if let Some(first) = first.filter(|first| *first != at) {
            let id = &rule.id;
            return Err(format!("rules[{at}].id: `{id}` is the id of rules[{first}] already"));
        }
    }
    // Stable: among equals the file's order stays.
    rules.sort_by_key(|rule| Reverse(rule.priority));
    Ok(rules)
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: Id,
    #[serde(default)]
    message: Message,
    action: Action,
    #[serde(default)]
    priority: i32,
    #[serde(default = "all_kinds")]
    kinds: NonEmpty<Kind>,
    #[serde(default = "all_operations")]
    operations: NonEmpty<Operation>,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    moderators_exempt: bool,
    #[serde(default)]
    replace: Vec<Replacement>,
    #[serde(default)]
    effects: Wanted,
    when: Condition,
}

fn all_kinds() -> NonEmpty<Kind> {
    NonEmpty(vec![Kind::Post, Kind::Comment])
}

fn all_operations() -> NonEmpty<Operation> {
    NonEmpty(vec![Operation::Create, Operation::Edit])
}

impl TryFrom<RuleText> for Rule {
    type Error = &'static str;

    fn try_from(rule: RuleText) -> Result<Self, Self::Error> {
        if rule.message.0.is_empty() && rule.action >= Action::Hold {
            return Err("`message` is missing: tell the author why");
        }
        if rule.replace.is_empty() == (rule.action == Action::Modify) {
            return Err("`replace` and the action `modify` belong together");
        }
        Ok(Self {
            id: rule.id.0,
            message: rule.message.0,
            action: rule.action,
            priority: rule.priority,
            kinds: rule.kinds.0,
            operations: rule.operations.0,
            public: rule.public,
            moderators_exempt: rule.moderators_exempt,
            replace: rule.replace,
            effects: rule.effects,
            when: rule.when,
        })
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Id(String);

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        if id.trim().is_empty() || id.len() > ID_BYTES {
            return Err(format!("an id has 1 to {ID_BYTES} bytes"));
        }
        Ok(Self(id))
    }
}

#[derive(Default, Deserialize)]
#[serde(try_from = "String")]
struct Message(String);

impl TryFrom<String> for Message {
    type Error = String;

    fn try_from(message: String) -> Result<Self, String> {
        if message.trim().is_empty() || message.len() > MESSAGE_BYTES {
            return Err(format!("a message has 1 to {MESSAGE_BYTES} bytes"));
        }
        Ok(Self(message))
    }
}

#[cfg(test)]
mod tests;
