//! An envelope, and what is held against it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::hooks::{FailureMode, Grants, Mode};

/// Highest and lowest priority; room enough to put one between any two.
pub const PRIORITY_LIMIT: i32 = 1_000_000;
/// Most bindings that an envelope can allow: each is asked for every event.
pub(super) const BINDINGS_MAX: u32 = 100;
/// Most plugins that an envelope can name.
pub(super) const PLUGINS_MAX: usize = 100;

/// What a community's moderators may bind there. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Names of plugins; `None` is all that were uploaded.
    pub plugins: Option<BTreeSet<String>>,
    /// All that may be granted.
    pub grants: Grants,
    /// Lowest priority.
    pub priority_min: i32,
    /// Highest priority.
    pub priority_max: i32,
    /// How many bindings the community may have, those of the admins included.
    pub max_bindings: u32,
    /// Modes that may be chosen.
    pub modes: Vec<Mode>,
    /// Failure modes that may be chosen.
    pub failure_modes: Vec<FailureMode>,
}

/// What a binding is to be, as far as envelopes care.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Name of the plugin.
    pub plugin: &'a str,
    /// What it is to be granted.
    pub grants: &'a Grants,
    /// Its priority.
    pub priority: i32,
    /// Its mode.
    pub mode: Mode,
    /// Its failure mode.
    pub failure_mode: FailureMode,
}

/// How much a composer's author is told before publishing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Nothing: the plugin is not asked.
    None,
    /// What the verdict would be, and its reason.
    #[default]
    Verdict,
    /// The public evidence as well.
    Full,
}

/// Bounds of one binding; what is absent is the server's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Removals, bans and warnings in an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effects_per_hour: Option<u32>,
    /// Milliseconds that one call may take, within those of the whole chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u32>,
    /// What is told before something is published.
    pub disclosure: Disclosure,
}
