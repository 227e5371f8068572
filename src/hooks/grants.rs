//! What an admin lets a binding do beyond judging.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::model::{Effect, EffectKind};

/// What was granted; nothing, unless said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a grant of its own")]
pub struct Grants {
    /// Its changes are made.
    pub modify: bool,
    /// It may remember.
    pub state: bool,
    /// It may have text worked on.
    pub text: bool,
    /// It may look up what visitors see.
    pub forum: bool,
    /// The hosts that it may send requests to, by name.
    pub http: Vec<String>,
    /// It may send them while somebody waits for its decision.
    pub http_in_decisions: bool,
    /// What it may have done.
    pub effects: BTreeSet<EffectKind>,
}

/// An interface that has to be granted to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Import {
    /// `state`.
    State,
    /// `text`.
    Text,
    /// `forum`.
    Forum,
    /// `http`.
    Http,
}

impl Import {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::State, Self::Text, Self::Forum, Self::Http];

    /// The name of the grant.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Text => "text",
            Self::Forum => "forum",
            Self::Http => "http",
        }
    }
}

impl Grants {
    /// Everything that can be granted but hosts, which have names: for tools
    /// that have no admin to ask.
    pub fn all() -> Self {
        Self {
            modify: true,
            state: true,
            text: true,
            forum: true,
            http: Vec::new(),
            http_in_decisions: false,
            effects: EffectKind::ALL.into_iter().collect(),
        }
    }

    /// Takes out the effects that are not granted, and tells their kinds.
    pub(super) fn refuse(&self, effects: &mut Vec<Effect>) -> Vec<EffectKind> {
        let refused = effects
            .extract_if(.., |effect| !self.effects.contains(&effect.kind()))
            .map(|effect| effect.kind());
        refused.collect()
    }

    /// Whether an interface may be imported.
    pub fn import(&self, import: Import) -> bool {
        match import {
            Import::State => self.state,
            Import::Text => self.text,
            Import::Forum => self.forum,
            Import::Http => !self.http.is_empty(),
        }
    }
}
