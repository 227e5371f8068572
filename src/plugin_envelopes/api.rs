//! `/communities/{slug}/plugin-envelope`.

use poem_openapi::{Enum, Object, OpenApi, param::Path, types::Example};
use serde::{Deserialize, Serialize};

use super::{
    model::{Disclosure, Envelope, Limits},
    service::Envelopes,
};
use crate::{
    base::{Error, FieldError},
    hooks::{FailureMode, Mode},
    http::{Input, Problem, Rendered, Tag},
    plugin_versions::{FailureModeName, GrantsView, ModeName},
    sessions::SignedIn,
};

/// Priorities, both ends included.
#[derive(Debug, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields)]
#[serde(deny_unknown_fields)]
struct PriorityRange {
    /// The lowest, at least -1,000,000.
    min: i32,
    /// The highest, at most 1,000,000.
    max: i32,
}

/// What a community's moderators may bind there.
#[derive(Debug, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
#[serde(deny_unknown_fields)]
struct EnvelopeView {
    /// Names of plugins; all that were uploaded when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugins: Option<Vec<String>>,
    /// All that they may grant.
    grants: GrantsView,
    /// Priorities that they may choose.
    priority: PriorityRange,
    /// How many bindings the community may have, from 0 to 100.
    max_bindings: u32,
    /// Modes that they may choose; `off` they always may.
    modes: Vec<ModeName>,
    /// Failure modes that they may choose.
    failure_modes: Vec<FailureModeName>,
}

impl Example for EnvelopeView {
    fn example() -> Self {
        Self {
            plugins: Some(vec!["automod".into()]),
            grants: GrantsView::default(),
            priority: PriorityRange { min: -100, max: 100 },
            max_bindings: 3,
            modes: vec![ModeName::Shadow, ModeName::Enforce],
            failure_modes: vec![FailureModeName::Hold, FailureModeName::Open],
        }
    }
}

impl TryFrom<EnvelopeView> for Envelope {
    type Error = FieldError;

    fn try_from(view: EnvelopeView) -> Result<Self, FieldError> {
        Ok(Self {
            plugins: view.plugins.map(|names| names.into_iter().collect()),
            grants: view.grants.parse("grants")?,
            priority_min: view.priority.min,
            priority_max: view.priority.max,
            max_bindings: view.max_bindings,
            modes: view.modes.into_iter().map(Mode::from).collect(),
            failure_modes: view.failure_modes.into_iter().map(FailureMode::from).collect(),
        })
    }
}

impl From<Envelope> for EnvelopeView {
    fn from(envelope: Envelope) -> Self {
        Self {
            plugins: envelope.plugins.map(|names| names.into_iter().collect()),
            grants: envelope.grants.into(),
            priority: PriorityRange { min: envelope.priority_min, max: envelope.priority_max },
            max_bindings: envelope.max_bindings,
            modes: envelope.modes.into_iter().map(ModeName::from).collect(),
            failure_modes: envelope.failure_modes.into_iter().map(FailureModeName::from).collect(),
        }
    }
}

/// What is told before something is published.
#[derive(Clone, Copy, Debug, Default, Enum, Serialize, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisclosureName {
    /// Nothing: the plugin is not asked.
    None,
    /// What the verdict would be, and its reason.
    #[default]
    Verdict,
    /// The public evidence as well.
    Full,
}

impl From<DisclosureName> for Disclosure {
    fn from(name: DisclosureName) -> Self {
        match name {
            DisclosureName::None => Self::None,
            DisclosureName::Verdict => Self::Verdict,
            DisclosureName::Full => Self::Full,
        }
    }
}

impl From<Disclosure> for DisclosureName {
    fn from(disclosure: Disclosure) -> Self {
        match disclosure {
            Disclosure::None => Self::None,
            Disclosure::Verdict => Self::Verdict,
            Disclosure::Full => Self::Full,
        }
    }
}

/// Bounds of a binding; what is absent is the server's default.
#[derive(Debug, Default, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsView {
    /// Removals, bans and warnings in an hour, from 0 to 1,000; 60 when absent.
    /// Beyond it they wait for a moderator, beyond twice as many the binding
    /// goes to `shadow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    effects_per_hour: Option<u32>,
    /// Milliseconds that one call may take, from 1 to 5,000, within those of all
    /// plugins of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u32>,
    /// What is told before something is published; `verdict` when absent.
    #[oai(default)]
    disclosure: DisclosureName,
}

impl From<LimitsView> for Limits {
    fn from(view: LimitsView) -> Self {
        let LimitsView { effects_per_hour, deadline_ms, disclosure } = view;
        Self { effects_per_hour, deadline_ms, disclosure: disclosure.into() }
    }
}

impl From<Limits> for LimitsView {
    fn from(limits: Limits) -> Self {
        let Limits { effects_per_hour, deadline_ms, disclosure } = limits;
        Self { effects_per_hour, deadline_ms, disclosure: disclosure.into() }
    }
}

/// Operations on envelopes.
#[derive(Clone, Debug)]
pub struct EnvelopesApi {
    /// The feature.
    pub envelopes: Envelopes,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl EnvelopesApi {
    /// Show what moderators may bind
    ///
    /// For those who moderate the community. Until admins allow something it is
    /// nothing.
    #[oai(
        path = "/communities/:slug/plugin-envelope",
        method = "get",
        operation_id = "show_plugin_envelope"
    )]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The community's slug.
        slug: Path<String>,
    ) -> Result<Rendered<EnvelopeView>, Problem> {
        let envelope = self.envelopes.find(&actor, &slug.0).await?;
        Ok(Rendered::new(&EnvelopeView::from(envelope)))
    }

    /// Set what moderators may bind
    ///
    /// For admins. What is at work and outside of the new envelope goes on, is
    /// shown as outside, and loses the grants that the envelope does not have.
    #[oai(
        path = "/communities/:slug/plugin-envelope",
        method = "put",
        operation_id = "set_plugin_envelope"
    )]
    async fn set(
        &self,
        SignedIn(actor): SignedIn,
        /// The community's slug.
        slug: Path<String>,
        body: Input<EnvelopeView>,
    ) -> Result<Rendered<EnvelopeView>, Problem> {
        let envelope = Envelope::try_from(body.0).map_err(Error::from)?;
        self.envelopes.set(&actor, &slug.0, envelope).await?;
        let envelope = self.envelopes.find(&actor, &slug.0).await?;
        Ok(Rendered::new(&EnvelopeView::from(envelope)))
    }
}
