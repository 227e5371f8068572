//! Bindings, and what a request wants of them.

use std::sync::Arc;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId},
    },
    hooks::{FailureMode, HookPoint, Mode},
};

/// Most bytes of settings: a rule file with 10,000 phrases.
pub const SETTINGS_MAX: usize = 1 << 20;
/// Highest and lowest priority; room enough to put one between any two.
pub const PRIORITY_LIMIT: i32 = 1_000_000;
/// What can be changed of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which version.
    pub digest: String,
    /// What the plugin is given, as text.
    pub settings: Arc<str>,
    /// Whether it is asked, and whether its answer counts.
    pub mode: Mode,
    /// What happens when it cannot answer.
    pub failure_mode: FailureMode,
    /// Higher goes first.
    pub priority: i32,
    /// Whether it may change what it judges.
    pub may_modify: bool,
}

/// A binding as stored.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Opaque.
    pub id: BindingId,
    /// Name of the plugin.
    pub plugin: String,
    /// Where it works; `None` is the whole site.
    pub scope: Option<CommunityId>,
    /// Slug of that community.
    pub community: Option<String>,
    /// What can be changed.
    pub terms: Terms,
    /// What the component says is its version.
    pub version: String,
    /// The hooks that the component exports.
    pub hooks: Vec<HookPoint>,
    /// Counts changes, from 1.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// What a binding was before a change.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Which.
    pub revision: i64,
    /// What could be changed.
    pub terms: Terms,
    /// Since when it had been so.
    pub changed_at: Timestamp,
    /// Whose change that had been.
    pub changed_by: Option<AccountId>,
}

/// Whether a binding does its work in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingState {
    /// It does.
    Active {
        /// Whether calls start from memory that has taken the settings already.
        snapshot: bool,
    },
    /// It could not be loaded.
    Failed {
        /// Why.
        error: String,
    },
    /// It is not to.
    Off,
}

/// A binding with all that its page shows.
#[derive(Clone, Debug)]
pub struct BindingPage {
    /// As stored.
    pub binding: Binding,
    /// As it runs here.
    pub state: BindingState,
    /// What it was before, the last first.
    pub previous: Vec<Revision>,
}

/// A binding that somebody wants.
#[derive(Clone, Debug)]
pub struct NewBinding {
    /// Name of the plugin.
    pub plugin: String,
    /// Slug of the community; `None` is the whole site.
    pub community: Option<String>,
    /// What is to differ from the defaults.
    pub change: Change,
}

/// What is to change of a binding; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Which version.
    pub digest: Option<String>,
    /// What the plugin is given.
    pub settings: Option<serde_json::Value>,
    /// Whether it is asked, and whether its answer counts.
    pub mode: Option<Mode>,
    /// What happens when it cannot answer.
    pub failure_mode: Option<FailureMode>,
    /// Higher goes first.
    pub priority: Option<i32>,
    /// Whether it may change what it judges.
    pub may_modify: Option<bool>,
}
