//! `/plugins`.

use std::{collections::BTreeMap, sync::Arc};

use poem_openapi::{
    ApiRequest, ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Binary,
};
use serde::{Deserialize, Serialize};

use super::{
    model::{Numbers, PublicBinding, PublicChange, Version},
    rules::{parse_effects, parse_hosts},
    service::PluginVersions,
};
use crate::{
    base::{FieldError, page::PageRequest},
    hooks::{FailureMode, Grants, HookPoint, Mode},
    http::{Problem, Rendered, Tag, Time},
    sessions::{SignedIn, Visitor},
};

/// A component, as bytes.
#[derive(Debug, ApiRequest)]
enum Component {
    /// WebAssembly in binary form.
    #[oai(content_type = "application/wasm")]
    Wasm(Binary<Vec<u8>>),
    /// The same, from a client that does not know its media type.
    #[oai(content_type = "application/octet-stream")]
    Bytes(Binary<Vec<u8>>),
}

/// Whether a plugin is asked, and whether its answer counts.
#[derive(Clone, Copy, Debug, Enum, Serialize, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModeName {
    /// Not asked.
    Off,
    /// Asked and recorded; changes nothing.
    Shadow,
    /// Asked, recorded and obeyed.
    Enforce,
}

impl From<ModeName> for Mode {
    fn from(mode: ModeName) -> Self {
        match mode {
            ModeName::Off => Self::Off,
            ModeName::Shadow => Self::Shadow,
            ModeName::Enforce => Self::Enforce,
        }
    }
}

impl From<Mode> for ModeName {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Off => Self::Off,
            Mode::Shadow => Self::Shadow,
            Mode::Enforce => Self::Enforce,
        }
    }
}

/// What happens when a plugin cannot answer.
#[derive(Clone, Copy, Debug, Enum, Serialize, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailureModeName {
    /// As if it were not bound.
    Open,
    /// The deed is refused for now.
    Closed,
    /// A moderator decides.
    Hold,
}

impl From<FailureModeName> for FailureMode {
    fn from(mode: FailureModeName) -> Self {
        match mode {
            FailureModeName::Open => Self::Open,
            FailureModeName::Closed => Self::Closed,
            FailureModeName::Hold => Self::Hold,
        }
    }
}

impl From<FailureMode> for FailureModeName {
    fn from(mode: FailureMode) -> Self {
        match mode {
            FailureMode::Open => Self::Open,
            FailureMode::Closed => Self::Closed,
            FailureMode::Hold => Self::Hold,
        }
    }
}

/// What a plugin may do beyond answering; what is absent it may not.
#[derive(Clone, Debug, Default, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a grant of its own")]
pub(crate) struct GrantsView {
    /// Change what it judges.
    #[oai(default, skip_serializing_if = "is_false")]
    #[serde(skip_serializing_if = "is_false")]
    modify: bool,
    /// Keep counters, sets and values from event to event.
    #[oai(default, skip_serializing_if = "is_false")]
    #[serde(skip_serializing_if = "is_false")]
    state: bool,
    /// Use the server's tools for text.
    #[oai(default, skip_serializing_if = "is_false")]
    #[serde(skip_serializing_if = "is_false")]
    text: bool,
    /// Look up what everybody may see.
    #[oai(default, skip_serializing_if = "is_false")]
    #[serde(skip_serializing_if = "is_false")]
    forum: bool,
    /// Ask these hosts, by name; at most 16.
    #[oai(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<String>,
    /// Ask them while somebody waits for the decision, too.
    #[oai(default, skip_serializing_if = "is_false")]
    #[serde(skip_serializing_if = "is_false")]
    http_in_decisions: bool,
    /// Effects that it may have: `label`, `lock`, `mark`, `remove`, `report`,
    /// `prioritise`, `warn`, `ban`, `slow_mode`, `notify`, `reply`,
    /// `emit_webhook`.
    #[oai(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    effects: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serialisers call")]
fn is_false(value: &bool) -> bool {
    !value
}

impl GrantsView {
    /// The grants, if the names are names; `field` is what the request calls them.
    pub(crate) fn parse(self, field: &str) -> Result<Grants, FieldError> {
        let effects = parse_effects(field, &self.effects)?;
        let http = parse_hosts(field, self.http)?;
        let Self { modify, state, text, forum, http_in_decisions, .. } = self;
        Ok(Grants { modify, state, text, forum, http, http_in_decisions, effects })
    }
}

impl From<Grants> for GrantsView {
    fn from(grants: Grants) -> Self {
        let Grants { modify, state, text, forum, http, http_in_decisions, effects } = grants;
        let effects = effects.into_iter().map(|effect| effect.as_str().to_owned()).collect();
        Self { modify, state, text, forum, http, http_in_decisions, effects }
    }
}

/// A component that was uploaded.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct VersionView {
    /// Name of the plugin.
    plugin: String,
    /// What the component says is its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// SHA-256 of the component, hexadecimal.
    digest: String,
    /// What it does, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    /// Hooks that it answers.
    hooks: Vec<String>,
    /// What it asks for; it gets what is granted.
    wanted_grants: GrantsView,
    /// JSON Schema of its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_schema: Option<serde_json::Value>,
    /// Bytes.
    size: i64,
    /// When it was uploaded, RFC 3339.
    created_at: Time,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            plugin: version.plugin,
            version: not_empty(version.about.version),
            digest: version.digest,
            description: not_empty(version.about.description),
            license: not_empty(version.about.license),
            hooks: names(&version.hooks),
            wanted_grants: version.wanted.into(),
            settings_schema: version.settings_schema,
            size: version.size,
            created_at: version.created_at.into(),
        }
    }
}

/// A plugin at work, as everybody may know it.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct PluginItem {
    /// Name of the plugin.
    plugin: String,
    /// What the component says is its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// SHA-256 of the component, hexadecimal.
    digest: String,
    /// Hooks that it answers.
    hooks: Vec<String>,
    /// Slug of the community where it works; absent when that is the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// `enforce`, or `shadow` when its answers do not count.
    mode: String,
    /// What it may do beyond answering.
    grants: GrantsView,
    /// Since when it has been so, RFC 3339.
    since: Time,
    /// How it came to be so, the last change first; at most ten.
    changes: Vec<ChangeItem>,
    /// What came of it in the last thirty days, counted once a minute.
    numbers: NumbersView,
}

/// A change of a binding.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ChangeItem {
    /// Which revision it made.
    revision: i64,
    /// When, RFC 3339.
    at: Time,
    /// As what somebody made it: `admin`, `moderator`, `file`, or `system` for
    /// the server, to limit damage.
    by: String,
    /// SHA-256 of the component from then on.
    digest: String,
    /// `enforce`, `shadow` or `off`.
    mode: String,
    /// Why, when the server did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What came of a binding.
#[derive(Debug, Object, Serialize)]
struct NumbersView {
    /// Decisions by verdict.
    verdicts: BTreeMap<String, u32>,
    /// Calls that failed.
    faults: u32,
    /// Decisions that people decided otherwise.
    overridden: u32,
}

impl From<PublicChange> for ChangeItem {
    fn from(change: PublicChange) -> Self {
        let PublicChange { revision, at, by, digest, mode, reason } = change;
        Self { revision, at: at.into(), by, digest, mode, reason }
    }
}

impl From<Numbers> for NumbersView {
    fn from(Numbers { verdicts, faults, overridden }: Numbers) -> Self {
        Self { verdicts, faults, overridden }
    }
}

impl From<PublicBinding> for PluginItem {
    fn from(binding: PublicBinding) -> Self {
        Self {
            plugin: binding.plugin,
            version: not_empty(binding.version),
            digest: binding.digest,
            hooks: names(&binding.hooks),
            community: binding.community,
            mode: binding.mode,
            grants: binding.grants.into(),
            since: binding.since.into(),
            changes: binding.changes.into_iter().map(ChangeItem::from).collect(),
            numbers: binding.numbers.into(),
        }
    }
}

/// Plugins at work, those bound last first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct PluginList {
    /// One page of them.
    items: Vec<PluginItem>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum Uploaded {
    /// It was there already.
    #[oai(status = 200)]
    Known(Rendered<VersionView>),
    /// It is stored and can be bound.
    #[oai(status = 201)]
    Created(Rendered<VersionView>, #[oai(header = "Location")] String),
}

/// Operations on plugins.
#[derive(Clone)]
pub struct PluginsApi {
    /// The feature.
    pub versions: PluginVersions,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl PluginsApi {
    /// List the plugins at work
    ///
    /// For everybody: whose rules apply here, by name and digest, what they may do,
    /// who made it so, and what came of it.
    #[oai(path = "/plugins", method = "get", operation_id = "list_plugins")]
    async fn list_plugins(
        &self,
        _visitor: Visitor,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Items wanted, 1 to 100; 25 when absent.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<PluginList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.versions.at_work(&page).await?.map(PluginItem::from);
        Ok(Rendered::new(&PluginList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Upload a plugin
    ///
    /// For admins. The body is a WebAssembly component of at most 32 MiB, as
    /// bytes. It is checked and compiled in a process of its own: 422 tells what
    /// was expected and found. Uploading does not put it to work: bind it.
    #[oai(path = "/plugins", method = "post", operation_id = "upload_plugin")]
    async fn upload(
        &self,
        SignedIn(actor): SignedIn,
        /// Name of the plugin: 2 to 64 of a-z, 0-9 and -. When absent, what the
        /// component says it is called.
        name: Query<Option<String>>,
        component: Component,
    ) -> Result<Uploaded, Problem> {
        let (Component::Wasm(bytes) | Component::Bytes(bytes)) = component;
        let (version, is_new) =
            self.versions.upload(&actor, name.0.as_deref(), Arc::from(bytes.0)).await?;
        let location = format!("/api/v1/plugins/{}/versions/{}", version.plugin, version.digest);
        let view = Rendered::new(&VersionView::from(version));
        Ok(if is_new { Uploaded::Created(view, location) } else { Uploaded::Known(view) })
    }

    /// Show a version of a plugin
    ///
    /// For everybody.
    #[oai(
        path = "/plugins/:name/versions/:digest",
        method = "get",
        operation_id = "show_plugin_version"
    )]
    async fn show_version(
        &self,
        _visitor: Visitor,
        /// Name of the plugin.
        name: Path<String>,
        /// SHA-256 of the component, hexadecimal.
        digest: Path<String>,
    ) -> Result<Rendered<VersionView>, Problem> {
        let version = self.versions.find(&name.0, &digest.0).await?;
        Ok(Rendered::new(&VersionView::from(version)))
    }
}

/// Names of hooks.
pub(crate) fn names(hooks: &[HookPoint]) -> Vec<String> {
    hooks.iter().map(|hook| hook.name().to_owned()).collect()
}

/// A text, if it says something.
pub(crate) fn not_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
