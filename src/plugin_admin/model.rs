//! Versions, bindings and what a request wants of them.

use std::sync::Arc;

use crate::{
    base::{
        FieldError,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId},
    },
    hooks::{FailureMode, HookPoint, Mode},
};

/// Most bytes of settings: a rule file with 10,000 phrases.
pub const SETTINGS_MAX: usize = 1 << 20;
/// Highest and lowest priority; room enough to put one between any two.
pub const PRIORITY_LIMIT: i32 = 1_000_000;
/// Lengths of a plugin's name.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=64;
/// Longest version that is kept, as registries of packages have it.
const VERSION_MAX: usize = 64;
/// Longest description and licence expression that are kept.
const TEXT_MAX: usize = 512;

/// A plugin's name: 2 to 64 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginName(String);

impl PluginName {
    /// Checks a name. `field` is what the request calls it.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if NAME_LENGTH.contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError::new(field, "name", "must have 2 to 64 characters of a-z, 0-9 and -"))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a component says of itself, cut to what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Semantic version; empty when it says none.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// SPDX expression.
    pub license: String,
}

impl About {
    /// From the texts of a manifest.
    pub fn new(version: &str, description: &str, license: &str) -> Self {
        let line =
            |text: &str, most| crate::base::text::clean_line(text).chars().take(most).collect();
        Self {
            version: line(version, VERSION_MAX),
            description: line(description, TEXT_MAX),
            license: line(license, TEXT_MAX),
        }
    }
}

/// A component that was uploaded.
#[derive(Clone, Debug)]
pub struct Version {
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Name of the plugin.
    pub plugin: String,
    /// What the component says of itself.
    pub about: About,
    /// The hooks that it exports.
    pub hooks: Vec<HookPoint>,
    /// Bytes.
    pub size: i64,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

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

/// A binding as everybody may know it.
#[derive(Clone, Debug)]
pub struct PublicBinding {
    /// Its id, for the cursor.
    pub id: BindingId,
    /// Name of the plugin.
    pub plugin: String,
    /// What the component says is its version.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// The hooks that it exports.
    pub hooks: Vec<HookPoint>,
    /// Slug of the community; `None` is the whole site.
    pub community: Option<String>,
    /// Whether its answer counts.
    pub mode: Mode,
    /// Since when it is as it is.
    pub since: Timestamp,
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
