//! What a binding lets its plugin do beyond answering.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What an effect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named as in wit/types.wit")]
pub enum EffectKind {
    Label,
    Lock,
    Mark,
    Remove,
    Report,
    Prioritise,
    Warn,
    Ban,
    SlowMode,
    Notify,
    Reply,
    EmitWebhook,
}

impl EffectKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Label,
        Self::Lock,
        Self::Mark,
        Self::Remove,
        Self::Report,
        Self::Prioritise,
        Self::Warn,
        Self::Ban,
        Self::SlowMode,
        Self::Notify,
        Self::Reply,
        Self::EmitWebhook,
    ];

    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Lock => "lock",
            Self::Mark => "mark",
            Self::Remove => "remove",
            Self::Report => "report",
            Self::Prioritise => "prioritise",
            Self::Warn => "warn",
            Self::Ban => "ban",
            Self::SlowMode => "slow_mode",
            Self::Notify => "notify",
            Self::Reply => "reply",
            Self::EmitWebhook => "emit_webhook",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a plugin may do beyond answering. Nothing unless it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    /// Change what it judges.
    pub modify: bool,
    /// Use the import `state`.
    pub state: bool,
    /// Use the import `text`.
    pub text: bool,
    /// Use the import `forum`.
    pub forum: bool,
    /// Hosts that the import `http` may ask.
    pub http: Vec<String>,
    /// Effects that it may have.
    pub effects: BTreeSet<EffectKind>,
    /// Use `http` while somebody waits for the decision.
    pub http_in_decisions: bool,
}
