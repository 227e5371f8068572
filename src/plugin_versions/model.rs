//! Components that were uploaded, and where they are at work.

use std::collections::BTreeMap;

use crate::{
    base::{FieldError, clock::Timestamp, ids::BindingId},
    hooks::{Grants, HookPoint},
};

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
    /// What it asks for.
    pub wanted: Grants,
    /// JSON Schema of its settings.
    pub settings_schema: Option<serde_json::Value>,
    /// Bytes.
    pub size: i64,
    /// When it was uploaded.
    pub created_at: Timestamp,
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
    /// `shadow` or `enforce`.
    pub mode: String,
    /// What it may do.
    pub grants: Grants,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// How it came to be so, the last change first.
    pub changes: Vec<PublicChange>,
    /// What came of it lately.
    pub numbers: Numbers,
}

/// A change of a binding as everybody may know it: who made it is told as a role.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct PublicChange {
    /// Which revision it made.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
    /// `admin`, `moderator`, `file` or `system`.
    pub by: String,
    /// Which version it was from then on.
    pub digest: String,
    /// Which mode.
    pub mode: String,
    /// Why, when the server did it.
    pub reason: Option<String>,
}

/// What came of a binding in the last thirty days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Decisions by verdict.
    pub verdicts: BTreeMap<String, u32>,
    /// Calls that failed.
    pub faults: u32,
    /// Decisions that people decided otherwise.
    pub overridden: u32,
}
