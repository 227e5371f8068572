//! An event, and what a plugin must make of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hooks::{HookPoint, Verdict};

/// One check that an author writes and that runs before each activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// What it shows.
    pub name: String,
    /// The hook that is asked.
    pub hook: HookPoint,
    /// The settings that it is true for; absent: for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Value>,
    /// The event, as in a decision record.
    pub event: Value,
    /// What must come of it.
    pub expect: Expectation,
}

/// What must come of an event. What is absent may be anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What is decided.
    pub verdict: Verdict,
    /// The reason that is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A rule of which there is evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Kinds of the effects, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Vec<String>>,
}

/// What came of an event, as far as an [`Expectation`] looks at it.
#[derive(Clone, Debug, Default)]
pub struct Seen<'t> {
    /// What was decided; none when the plugin failed.
    pub verdict: Option<Verdict>,
    /// The reason that was given.
    pub message: Option<&'t str>,
    /// The rules of all evidence.
    pub rules: Vec<&'t str>,
    /// Kinds of the effects, in their order.
    pub effects: Vec<&'t str>,
}

impl Expectation {
    /// Whether it was met.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn check(&self, seen: &Seen<'_>) -> Result<(), String> {
        let Some(verdict) = seen.verdict else {
            return Err("the plugin failed".to_owned());
        };
        if verdict != self.verdict {
            return Err(format!("expected {}, saw {}", self.verdict.as_str(), verdict.as_str()));
        }
        if self.message.is_some() && self.message.as_deref() != seen.message {
            return Err(format!("the reason is {:?}", seen.message.unwrap_or_default()));
        }
        if let Some(rule) = self.rule.as_deref().filter(|rule| !seen.rules.contains(rule)) {
            return Err(format!("no evidence of the rule `{rule}`, but of {:?}", seen.rules));
        }
        match &self.effects {
            Some(effects) if *effects != seen.effects => {
                Err(format!("expected the effects {effects:?}, saw {:?}", seen.effects))
            }
            _ => Ok(()),
        }
    }
}
