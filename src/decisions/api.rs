//! `/decisions`, and how decisions are shown to authors and to staff.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    model::{DecisionFilter, DecisionRecord, Detail},
    rules,
    service::Decisions,
};
use crate::{
    base::{ids::BindingId, page::PageRequest},
    hooks::{Decision, Evidence, Finding, Mode, Verdict},
    http::{Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// What a plugin decided, as its author may know it.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct AuthorDecision {
    /// Name of the plugin.
    plugin: String,
    /// `allow`, `annotate`, `modify`, `hold`, `reject` or `unavailable`.
    verdict: String,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What the plugin found, as far as it is public.
    evidence: Vec<EvidenceView>,
}

impl AuthorDecision {
    /// What the author is told of these decisions.
    pub fn list(decisions: &[Decision]) -> Vec<Self> {
        rules::told_to_author(decisions)
            .map(|(decision, evidence)| Self {
                plugin: decision.plugin.to_string(),
                verdict: decision.verdict.as_str().to_owned(),
                message: decision.message.clone(),
                evidence: evidence.into_iter().map(EvidenceView::from).collect(),
            })
            .collect()
    }
}

/// Why a plugin decided as it did.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct EvidenceView {
    /// Id of the rule within the plugin's settings.
    rule: String,
    /// Field that it is about; `rendered` is the text of the body as readers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Bytes of that field.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<SpanView>,
    /// Or a measured property.
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<FeatureView>,
    /// For people.
    text: String,
    /// Whether the author may see it.
    public: bool,
}

/// A range of bytes, on character boundaries.
#[derive(Clone, Debug, Object, Serialize)]
pub struct SpanView {
    /// First byte.
    start: u32,
    /// The byte after the last.
    end: u32,
}

/// A measured property and the value it had.
#[derive(Clone, Debug, Object, Serialize)]
pub struct FeatureView {
    /// What was measured.
    name: String,
    /// What it was.
    value: String,
}

impl From<Evidence> for EvidenceView {
    fn from(evidence: Evidence) -> Self {
        let (span, feature) = match evidence.finding {
            None => (None, None),
            Some(Finding::Span(span)) => {
                (Some(SpanView { start: span.start, end: span.end }), None)
            }
            Some(Finding::Feature(feature)) => {
                (None, Some(FeatureView { name: feature.name, value: feature.value }))
            }
        };
        let Evidence { rule, field, text, public, .. } = evidence;
        Self { rule, field, span, feature, text, public }
    }
}

/// A decision on record. What is for moderators only is absent in what authors
/// get.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct DecisionView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// Where the plugin was asked.
    hook: String,
    /// The event: all plugins that were asked about it name the same.
    event_id: Uuid,
    /// Name of the plugin.
    plugin: String,
    /// SHA-256 of the component that decided.
    digest: String,
    /// What this plugin said: `allow`, `annotate`, `modify`, `hold`, `reject`;
    /// or what its failure came to, also `unavailable`.
    verdict: String,
    /// What came of the event after every plugin was heard.
    outcome: String,
    /// The reason, for the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What the plugin found.
    evidence: Vec<EvidenceView>,
    /// The post, comment or account that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<Uuid>,
    /// Slug of the community.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// When.
    created_at: Time,
    /// For moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<StaffDetail>,
}

/// What only moderators see of a decision.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct StaffDetail {
    /// The binding that was asked.
    binding_id: Uuid,
    /// Which state of the binding.
    revision: i64,
    /// SHA-256 of its settings.
    settings_hash: String,
    /// `enforce`, or `shadow` when the answer did not count.
    mode: String,
    /// Who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<Uuid>,
    /// Name of who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// What was to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<serde_json::Value>,
    /// What else was wanted, as in `wit/types.wit`.
    effects: Vec<serde_json::Value>,
    /// What was wanted and is not granted.
    refused_effects: Vec<String>,
    /// Microseconds that the call took.
    duration_us: i64,
    /// What kind of failure, if the plugin failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// The failure in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_detail: Option<String>,
    /// What the plugin was told, as `gatherly plugin run --input` takes it. Not
    /// in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<serde_json::Value>,
    /// What the plugin asked the server, and was answered. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<serde_json::Value>,
    /// What the plugin was told is gone, with the content or the account.
    erased: bool,
}

impl From<DecisionRecord> for DecisionView {
    fn from(record: DecisionRecord) -> Self {
        let staff = (record.detail == Detail::Staff).then(|| StaffDetail {
            binding_id: record.binding_id.0,
            revision: record.revision,
            settings_hash: record.settings_hash,
            patch: record.patch.as_ref().map(as_json),
            effects: record.effects.iter().map(as_json).collect(),
            refused_effects: record
                .refused_effects
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect(),
            mode: record.mode,
            actor_id: record.actor_id.map(|actor| actor.0),
            actor: record.actor,
            duration_us: record.duration_us,
            fault: record.fault,
            fault_detail: record.fault_detail,
            input: record.input,
            reads: record.reads.as_ref().map(as_json),
            erased: record.is_erased,
        });
        Self {
            id: record.id.0,
            hook: record.hook,
            event_id: record.event_id,
            plugin: record.plugin,
            digest: record.digest,
            verdict: record.verdict,
            outcome: record.outcome,
            message: record.message,
            evidence: record.evidence.into_iter().map(EvidenceView::from).collect(),
            target_id: record.target_id,
            community: record.community,
            created_at: record.created_at.into(),
            staff,
        }
    }
}

fn as_json(value: &impl Serialize) -> serde_json::Value {
    // Strings, numbers and lists: serialising them cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}

/// Decisions, newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct DecisionList {
    /// One page of them.
    items: Vec<DecisionView>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A verdict to look for.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
pub enum VerdictParam {
    /// Nothing against it.
    Allow,
    /// Evidence for moderators.
    Annotate,
    /// Changes.
    Modify,
    /// A moderator decides.
    Hold,
    /// The plugin failed and its binding refuses then.
    Unavailable,
    /// Refused.
    Reject,
}

impl From<VerdictParam> for Verdict {
    fn from(verdict: VerdictParam) -> Self {
        match verdict {
            VerdictParam::Allow => Self::Allow,
            VerdictParam::Annotate => Self::Annotate,
            VerdictParam::Modify => Self::Modify,
            VerdictParam::Hold => Self::Hold,
            VerdictParam::Unavailable => Self::Unavailable,
            VerdictParam::Reject => Self::Reject,
        }
    }
}

/// A mode to look for.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ModeParam {
    /// The answer did not count.
    Shadow,
    /// It did.
    Enforce,
}

impl From<ModeParam> for Mode {
    fn from(mode: ModeParam) -> Self {
        match mode {
            ModeParam::Shadow => Self::Shadow,
            ModeParam::Enforce => Self::Enforce,
        }
    }
}

/// Operations on the record of decisions.
#[derive(Clone, Debug)]
pub struct DecisionsApi {
    /// The feature.
    pub decisions: Decisions,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Decisions")]
impl DecisionsApi {
    /// List decisions of plugins
    ///
    /// For everybody who is signed in, newest first. Admins get all, moderators
    /// those in the communities they moderate. With `target`, authors get the
    /// decisions that counted on their own content, with what is public of them.
    #[oai(path = "/decisions", method = "get", operation_id = "list_decisions")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// Of this binding.
        binding: Query<Option<Uuid>>,
        /// With this verdict.
        verdict: Query<Option<VerdictParam>>,
        /// Made in this mode.
        mode: Query<Option<ModeParam>>,
        /// Of the plugin with this name.
        plugin: Query<Option<String>>,
        /// About this post, comment or account.
        target: Query<Option<Uuid>>,
        /// In the community with this slug.
        community: Query<Option<String>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Items wanted, 1 to 100; 25 when absent.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<DecisionList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let filter = DecisionFilter {
            binding: binding.0.map(BindingId),
            verdict: verdict.0.map(Verdict::from),
            mode: mode.0.map(Mode::from),
            plugin: plugin.0,
            target: target.0,
            community: community.0,
        };
        let page = self.decisions.list(&actor, filter, &page).await?.map(DecisionView::from);
        Ok(Rendered::new(&DecisionList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Show a decision of a plugin
    ///
    /// For admins and moderators of the community, with what the plugin was
    /// told; for the one whose deed it was, with what is public of it.
    #[oai(path = "/decisions/:id", method = "get", operation_id = "show_decision")]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The decision's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<DecisionView>, Problem> {
        let record = self.decisions.find(&actor, id.0.into()).await?;
        Ok(Rendered::new(&DecisionView::from(record)))
    }
}
