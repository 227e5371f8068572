//! What a binding file says, and what became of it.

use serde::Deserialize;

use crate::{
    hooks::{FailureMode, Grants, Mode},
    plugin_admin::{Change, Limits, NewBinding},
};

/// A binding file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BindingFile {
    /// Name of the plugin.
    plugin: String,
    /// The component: a file of the folder.
    pub(super) component: Option<String>,
    /// The component: one that was uploaded.
    digest: Option<String>,
    /// Slug of the community; the whole site when absent.
    community: Option<String>,
    /// What the plugin is given: a text, or a table.
    settings: Option<serde_json::Value>,
    /// The same, as a file of the folder.
    pub(super) settings_file: Option<String>,
    mode: Option<Mode>,
    priority: Option<i32>,
    failure_mode: Option<FailureMode>,
    grants: Option<Grants>,
    limits: Option<Limits>,
}

impl BindingFile {
    /// The files of the folder that it names, itself left out.
    pub(super) fn parts(&self) -> impl Iterator<Item = &String> {
        self.component.iter().chain(&self.settings_file)
    }

    /// Name of the plugin.
    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// What is to be bound, with what the files that it names hold.
    pub(super) fn into_binding(
        self,
        digest: Option<String>,
        settings: Option<String>,
    ) -> NewBinding {
        let change = Change {
            digest: digest.or(self.digest),
            settings: settings.map(serde_json::Value::String).or(self.settings),
            mode: self.mode,
            failure_mode: self.failure_mode,
            priority: self.priority,
            grants: self.grants,
            limits: self.limits,
        };
        NewBinding { plugin: self.plugin, community: self.community, change }
    }
}

/// What became of a binding file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// SHA-256 of all that it says.
    pub(super) hash: String,
    /// Why it is not bound as it says.
    pub(super) error: Option<String>,
    /// Whether the server could not do its part, so that another try may help.
    pub(super) again: bool,
}
