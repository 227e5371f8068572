//! `/plugin-bindings`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Binding, BindingPage, BindingState, Change, NewBinding, Revision},
    service::PluginAdmin,
};
use crate::{
    base::{Error, FieldError, page::PageRequest, secret::sha256_hex},
    hooks::{FailureMode, Grants, Mode},
    http::{Input, Problem, Rendered, Tag, Time},
    plugin_activations::{BreakerView, CandidateView},
    plugin_envelopes::{Limits, LimitsView},
    plugin_versions::{FailureModeName, GrantsView, ModeName, beyond, names, not_empty},
    sessions::SignedIn,
};

/// A part of the site.
#[derive(Debug, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields)]
#[serde(deny_unknown_fields)]
struct BindingScope {
    /// Slug of a community.
    community: String,
}

/// What is to be put to work.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct BindingBody {
    /// Name of a plugin.
    plugin: String,
    /// Which of its versions; the newest when absent.
    digest: Option<String>,
    /// Where; the whole site when absent.
    scope: Option<BindingScope>,
    /// What the plugin is given: a text as it is, anything else as JSON; `{}`
    /// when absent. At most 1 MiB.
    settings: Option<serde_json::Value>,
    /// `shadow` when absent.
    mode: Option<ModeName>,
    /// Must be one of those of a hook of the plugin; that hook's default when
    /// absent. A hook that does not have it keeps its default.
    failure_mode: Option<FailureModeName>,
    /// From -1,000,000 to 1,000,000; higher goes first. 0 when absent.
    priority: Option<i32>,
    /// None when absent.
    grants: Option<GrantsView>,
    /// The server's when absent.
    limits: Option<LimitsView>,
}

impl Example for BindingBody {
    fn example() -> Self {
        Self {
            plugin: "automod".into(),
            digest: None,
            scope: Some(BindingScope { community: "general".into() }),
            settings: Some(rules_example()),
            mode: Some(ModeName::Shadow),
            failure_mode: Some(FailureModeName::Hold),
            priority: None,
            grants: None,
            limits: None,
        }
    }
}

fn rules_example() -> serde_json::Value {
    serde_json::json!({
        "rules": [{
            "id": "pills",
            "action": "hold",
            "message": "A moderator looks at advertisements first.",
            "when": { "words": ["cheap pills"] }
        }]
    })
}

impl TryFrom<BindingBody> for NewBinding {
    type Error = FieldError;

    fn try_from(body: BindingBody) -> Result<Self, FieldError> {
        let change = Change {
            digest: body.digest,
            settings: body.settings,
            mode: body.mode.map(Mode::from),
            failure_mode: body.failure_mode.map(FailureMode::from),
            priority: body.priority,
            grants: body.grants.map(|grants| grants.parse("grants")).transpose()?,
            limits: body.limits.map(Limits::from),
        };
        let community = body.scope.map(|scope| scope.community);
        Ok(Self { plugin: body.plugin, community, change })
    }
}

/// What is to change; what is absent stays.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct BindingChange {
    /// Another version of the plugin.
    digest: Option<String>,
    /// What the plugin is given: a text as it is, anything else as JSON.
    settings: Option<serde_json::Value>,
    /// Whether the plugin is asked, and whether its answer counts.
    mode: Option<ModeName>,
    /// What happens when it cannot answer.
    failure_mode: Option<FailureModeName>,
    /// Higher goes first.
    priority: Option<i32>,
    /// All that it is allowed from now on.
    grants: Option<GrantsView>,
    /// All its bounds from now on.
    limits: Option<LimitsView>,
}

impl Example for BindingChange {
    fn example() -> Self {
        Self {
            digest: None,
            settings: Some(rules_example()),
            mode: Some(ModeName::Enforce),
            failure_mode: None,
            priority: None,
            grants: None,
            limits: None,
        }
    }
}

impl TryFrom<BindingChange> for Change {
    type Error = FieldError;

    fn try_from(body: BindingChange) -> Result<Self, FieldError> {
        Ok(Self {
            digest: body.digest,
            settings: body.settings,
            mode: body.mode.map(Mode::from),
            failure_mode: body.failure_mode.map(FailureMode::from),
            priority: body.priority,
            grants: body.grants.map(|grants| grants.parse("grants")).transpose()?,
            limits: body.limits.map(Limits::from),
        })
    }
}

/// Whether a binding does its work.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum StateName {
    /// It does.
    Active,
    /// It could not be loaded; its failure mode applies.
    Failed,
    /// It is not called until somebody restores it, or at some of its hooks until a
    /// call that is tried works; its failure mode applies.
    Quarantined,
    /// It is not to.
    Off,
}

/// A plugin version at work in a scope.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct BindingView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// Name of the plugin.
    plugin: String,
    /// What the component says is its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// SHA-256 of the component, hexadecimal.
    digest: String,
    /// Hooks that it answers.
    hooks: Vec<String>,
    /// Where it works; absent when that is the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<BindingScope>,
    /// What the plugin is given. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<serde_json::Value>,
    /// SHA-256 of the settings as the plugin gets them, as in decisions.
    settings_hash: String,
    /// Whether the plugin is asked, and whether its answer counts.
    mode: ModeName,
    /// What happens when it cannot answer.
    failure_mode: FailureModeName,
    /// Higher goes first.
    priority: i32,
    /// What it is allowed.
    grants: GrantsView,
    /// What it is bounded by.
    limits: LimitsView,
    /// Whether it does its work.
    state: StateName,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether calls start from memory that has taken the settings already;
    /// otherwise every call takes them anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<bool>,
    /// Since when it is in quarantine, RFC 3339: somebody said so, or it failed
    /// again and again at one of its hooks, see `breakers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined_at: Option<Time>,
    /// When a call is tried; absent when only somebody can end its quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined_until: Option<Time>,
    /// The field that the community's envelope does not allow any more; grants
    /// that it does not allow are not in force. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    outside_envelope: Option<String>,
    /// What the version asks for and was not granted. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_grants: Option<GrantsView>,
    /// How the server finds it to do at each of its hooks.
    breakers: Vec<BreakerView>,
    /// The last attempt to put something to work as this binding. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<CandidateView>,
    /// File of the watched folder that says what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// As what it was last changed: `admin`, `moderator`, `file`, or `system` to
    /// limit damage.
    changed_as: String,
    /// Why, when the server did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Counts changes, from 1.
    revision: i64,
    /// When it was made, RFC 3339.
    created_at: Time,
    /// When it was last changed, RFC 3339.
    changed_at: Time,
    /// What it was before, the last first; at most three. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Vec<RevisionView>>,
}

/// What a binding was before a change.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct RevisionView {
    /// Which.
    revision: i64,
    /// SHA-256 of the component, hexadecimal.
    digest: String,
    /// SHA-256 of the settings.
    settings_hash: String,
    /// Whether the plugin was asked, and whether its answer counted.
    mode: ModeName,
    /// What happened when it could not answer.
    failure_mode: FailureModeName,
    /// Higher went first.
    priority: i32,
    /// What it was allowed.
    grants: GrantsView,
    /// What it was bounded by.
    limits: LimitsView,
    /// Since when it had been so, RFC 3339.
    changed_at: Time,
    /// Who had made it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<Uuid>,
    /// As what: `admin`, `moderator`, `file`, or `system` to limit damage.
    changed_as: String,
    /// Why, when the server did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Revision> for RevisionView {
    fn from(revision: Revision) -> Self {
        let terms = revision.terms;
        Self {
            revision: revision.revision,
            settings_hash: sha256_hex(terms.settings.as_bytes()),
            digest: terms.digest,
            mode: terms.mode.into(),
            failure_mode: terms.failure_mode.into(),
            priority: terms.priority,
            grants: terms.grants.into(),
            limits: terms.limits.into(),
            changed_at: revision.changed_at.into(),
            changed_by: revision.changed_by.map(|account| account.0),
            changed_as: revision.changed_as.as_str().to_owned(),
            reason: revision.reason,
        }
    }
}

impl BindingView {
    /// A line of a list, without settings.
    fn summary(binding: Binding, state: BindingState) -> Self {
        let mut quarantine = (binding.quarantined_at, None);
        let (state, error, snapshot) = match state {
            BindingState::Active { snapshot } => (StateName::Active, None, Some(snapshot)),
            BindingState::Failed { error } => (StateName::Failed, Some(error), None),
            BindingState::Quarantined { since, until } => {
                quarantine = (Some(since), until);
                (StateName::Quarantined, None, None)
            }
            BindingState::Off => (StateName::Off, None, None),
        };
        let terms = binding.terms;
        Self {
            id: binding.id.0,
            plugin: binding.plugin,
            version: not_empty(binding.version),
            hooks: names(&binding.hooks),
            scope: binding.community.map(|community| BindingScope { community }),
            settings: None,
            settings_hash: sha256_hex(terms.settings.as_bytes()),
            digest: terms.digest,
            mode: terms.mode.into(),
            failure_mode: terms.failure_mode.into(),
            priority: terms.priority,
            grants: terms.grants.into(),
            limits: terms.limits.into(),
            state,
            error,
            snapshot,
            quarantined_at: quarantine.0.map(Time::from),
            quarantined_until: quarantine.1.map(Time::from),
            outside_envelope: None,
            missing_grants: None,
            breakers: Vec::new(),
            candidate: None,
            file: binding.file.map(|managed| managed.file),
            changed_as: binding.changed_as.as_str().to_owned(),
            reason: binding.reason,
            revision: binding.revision,
            created_at: binding.created_at.into(),
            changed_at: binding.changed_at.into(),
            previous: None,
        }
    }
}

impl From<BindingPage> for BindingView {
    fn from(page: BindingPage) -> Self {
        let settings = shown(&page.binding.terms.settings);
        let missing = beyond(&page.binding.wanted, &page.binding.terms.grants);
        Self {
            outside_envelope: page.outside.map(str::to_owned),
            missing_grants: (missing != Grants::default()).then(|| missing.into()),
            breakers: page.breakers.into_iter().map(BreakerView::from).collect(),
            candidate: page.candidate.map(CandidateView::from),
            settings: Some(settings),
            previous: Some(page.previous.into_iter().map(RevisionView::from).collect()),
            ..Self::summary(page.binding, page.state)
        }
    }
}

/// Settings as they are shown: an object or an array as such, any other text as
/// a text.
fn shown(settings: &str) -> serde_json::Value {
    match serde_json::from_str(settings) {
        Ok(value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => value,
        _ => settings.into(),
    }
}

/// Bindings, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct BindingList {
    /// One page of them.
    items: Vec<BindingView>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum Bound {
    /// It is at work, unless its mode is `off`.
    #[oai(status = 201)]
    Created(Rendered<BindingView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Unbound {
    /// It does not work any more.
    #[oai(status = 204)]
    Done,
}

/// Operations on bindings.
#[derive(Clone, Debug)]
pub struct BindingsApi {
    /// The feature.
    pub plugins: PluginAdmin,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl BindingsApi {
    /// List bindings
    ///
    /// For admins, the newest first, those that are off included.
    #[oai(path = "/plugin-bindings", method = "get", operation_id = "list_plugin_bindings")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Items wanted, 1 to 100; 25 when absent.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<BindingList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.plugins.list(&actor, &page).await?;
        let page = page.map(|page| BindingView {
            breakers: page.breakers.into_iter().map(BreakerView::from).collect(),
            ..BindingView::summary(page.binding, page.state)
        });
        Ok(Rendered::new(&BindingList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Put a plugin to work
    ///
    /// For admins. The plugin takes its settings first: when it refuses them,
    /// 422 has its own words. It starts in `shadow`, where it is asked and
    /// recorded but changes nothing, unless `mode` says otherwise.
    #[oai(path = "/plugin-bindings", method = "post", operation_id = "create_plugin_binding")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<BindingBody>,
    ) -> Result<Bound, Problem> {
        let page = self.plugins.bind(&actor, body.0.try_into().map_err(Error::from)?).await?;
        let location = format!("/api/v1/plugin-bindings/{}", page.binding.id);
        Ok(Bound::Created(Rendered::new(&BindingView::from(page)), location))
    }

    /// Show a binding
    ///
    /// For admins.
    #[oai(path = "/plugin-bindings/:id", method = "get", operation_id = "show_plugin_binding")]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self.plugins.find(&actor, id.0.into()).await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }

    /// Change a binding
    ///
    /// For admins, and for moderators of its community within the envelope: another
    /// version, settings, mode, priority, failure mode or
    /// grants, from the next event on and without a restart. When the new state
    /// cannot be put to work, 422 tells why and the old one goes on. 409 when
    /// somebody else changed it meanwhile.
    #[oai(path = "/plugin-bindings/:id", method = "patch", operation_id = "change_plugin_binding")]
    async fn change(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
        body: Input<BindingChange>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self
            .plugins
            .change(&actor, id.0.into(), body.0.try_into().map_err(Error::from)?)
            .await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }

    /// Take a plugin out of work
    ///
    /// For admins, and for moderators of its community. Its decisions stay on record.
    #[oai(path = "/plugin-bindings/:id", method = "delete", operation_id = "remove_plugin_binding")]
    async fn remove(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Unbound, Problem> {
        self.plugins.unbind(&actor, id.0.into()).await?;
        Ok(Unbound::Done)
    }

    /// Undo the last change of a binding
    ///
    /// For those who may change it: makes it what it was before, as another
    /// change. 409 when it has never been changed.
    #[oai(
        path = "/plugin-bindings/:id/rollback",
        method = "post",
        operation_id = "roll_back_plugin_binding"
    )]
    async fn roll_back(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self.plugins.roll_back(&actor, id.0.into(), None).await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }

    /// Make a binding again what it was at a revision
    ///
    /// For those who may change it: one of its last three revisions, as another
    /// change. 409 when that is none of them.
    #[oai(
        path = "/plugin-bindings/:id/rollback/:revision",
        method = "post",
        operation_id = "roll_back_plugin_binding_to"
    )]
    async fn roll_back_to(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
        /// The number of the revision.
        revision: Path<i64>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self.plugins.roll_back(&actor, id.0.into(), Some(revision.0)).await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }

    /// Stop calling a plugin
    ///
    /// For those who may change the binding: its failure mode applies until it is
    /// restored, on every node within a second.
    #[oai(
        path = "/plugin-bindings/:id/quarantine",
        method = "post",
        operation_id = "quarantine_plugin_binding"
    )]
    async fn quarantine(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self.plugins.quarantine(&actor, id.0.into()).await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }

    /// Call a plugin again
    ///
    /// For those who may change the binding: ends a quarantine, whoever set it,
    /// somebody or the server after too many failures.
    #[oai(
        path = "/plugin-bindings/:id/quarantine",
        method = "delete",
        operation_id = "end_plugin_quarantine"
    )]
    async fn restore(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<BindingView>, Problem> {
        let page = self.plugins.restore(&actor, id.0.into()).await?;
        Ok(Rendered::new(&BindingView::from(page)))
    }
}
