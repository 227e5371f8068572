//! `/decisions/{id}/reproductions`, `/replays` and `/preflights`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Answer, Difference, Draft, NewReplay, Preflight, Replay, Reproduction},
    service::PluginTrials,
};
use crate::{
    base::{
        Error,
        ids::{BindingId, DecisionId},
        page::{Page, PageRequest},
    },
    decisions::{AuthorDecision, EvidenceView},
    hooks::HookPoint,
    http::{Input, Problem, Rendered, Tag, Time},
    plugin_versions::GrantsView,
    sessions::SignedIn,
};

/// What a plugin said.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct AnswerView {
    /// Absent when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    /// For the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What was to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<serde_json::Value>,
    /// Why.
    evidence: Vec<EvidenceView>,
    /// What else was wanted and is granted, as in `wit/types.wit`.
    effects: Vec<serde_json::Value>,
    /// What kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl From<Answer> for AnswerView {
    fn from(answer: Answer) -> Self {
        Self {
            verdict: answer.verdict,
            message: answer.message,
            patch: answer.patch.as_ref().map(as_json),
            evidence: answer.evidence.into_iter().map(EvidenceView::from).collect(),
            effects: answer.effects.iter().map(as_json).collect(),
            fault: answer.fault,
        }
    }
}

fn as_json(value: &impl Serialize) -> serde_json::Value {
    // Strings, numbers and lists: serialising them cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}

/// A decision that was made once more.
#[derive(Debug, Object, Serialize)]
pub struct ReproductionView {
    /// Whether both answers are the same, bit for bit.
    equal: bool,
    /// What is on record.
    recorded: AnswerView,
    /// What the same component with the same settings says to the same question.
    reproduced: AnswerView,
}

impl From<Reproduction> for ReproductionView {
    fn from(reproduction: Reproduction) -> Self {
        Self {
            equal: reproduction.is_equal(),
            recorded: reproduction.recorded.into(),
            reproduced: reproduction.reproduced.into(),
        }
    }
}

/// A replay that is wanted.
#[derive(Debug, Object, Deserialize)]
#[serde(deny_unknown_fields)]
#[oai(example)]
struct ReplayBody {
    /// The binding whose answers to compare with; version, settings and grants are
    /// its own where nothing is said. Without it, the answers are compared with
    /// what came of the events.
    binding_id: Option<Uuid>,
    /// SHA-256 of the version that is to judge.
    digest: Option<String>,
    /// What it is given, as with a binding.
    settings: Option<serde_json::Value>,
    /// What it may do.
    grants: Option<GrantsView>,
    /// Events of this hook only.
    hook: Option<String>,
    /// Events in the community with this slug only.
    community: Option<String>,
    /// How many days back, at most 366; 7 when absent.
    days: Option<u32>,
    /// The events of these decisions, in place of days; at most 1,000.
    decision_ids: Option<Vec<Uuid>>,
}

impl Example for ReplayBody {
    fn example() -> Self {
        Self {
            binding_id: Some(Uuid::nil()),
            digest: None,
            settings: Some(serde_json::json!({ "rules": [] })),
            grants: None,
            hook: Some(HookPoint::ContentBeforePublish.name().to_owned()),
            community: None,
            days: Some(30),
            decision_ids: None,
        }
    }
}

impl TryFrom<ReplayBody> for NewReplay {
    type Error = Error;

    fn try_from(body: ReplayBody) -> Result<Self, Error> {
        let unknown = || Error::invalid("hook", "unknown", "is not the name of a hook");
        let hook = body.hook.map(|name| HookPoint::parse(&name).ok_or_else(unknown)).transpose()?;
        Ok(Self {
            binding: body.binding_id.map(BindingId),
            digest: body.digest,
            settings: body.settings,
            grants: body.grants.map(|grants| grants.parse("grants")).transpose()?,
            hook,
            community: body.community,
            days: body.days,
            decisions: body.decision_ids.unwrap_or_default().into_iter().map(DecisionId).collect(),
        })
    }
}

/// What came of a replay so far.
#[derive(Debug, Object, Serialize)]
pub struct ReplayCounts {
    /// Events that were judged.
    judged: i64,
    /// The same answer.
    same: i64,
    /// The same verdict with other words, evidence or changes.
    differs: i64,
    /// It would let through what was not.
    would_allow: i64,
    /// It would hold what was not held.
    would_hold: i64,
    /// It would refuse what was not refused.
    would_reject: i64,
    /// It failed.
    faults: i64,
}

/// An event at which the candidate judged otherwise.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct DifferenceView {
    /// The event.
    event_id: Uuid,
    /// Name of the hook.
    hook: String,
    /// The decision that it differs from; absent: from what came of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<Uuid>,
    /// The post, comment or account that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<Uuid>,
    /// What was.
    was: String,
    /// What would have been; absent when the candidate failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    would: Option<String>,
    /// What the author would have been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// How the candidate failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// When it happened.
    at: Time,
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> Self {
        Self {
            event_id: difference.event,
            hook: difference.hook,
            decision_id: difference.decision.map(|decision| decision.0),
            target_id: difference.target,
            was: difference.was,
            would: difference.would,
            message: difference.message,
            fault: difference.fault,
            at: difference.at.into(),
        }
    }
}

/// A replay as it stands.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ReplayView {
    /// Opaque.
    id: Uuid,
    /// `waiting`, `active`, `completed`, `failed` or `cancelled`.
    state: String,
    /// The binding whose answers it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<Uuid>,
    /// SHA-256 of the version that judges.
    digest: String,
    /// Events of this hook only.
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<String>,
    /// Events in the community with this slug only.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// Events on record when it began, those of other hooks among them.
    total: i64,
    /// What came of it so far.
    counts: ReplayCounts,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it was wanted.
    created_at: Time,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
    /// A page of where the candidate judged otherwise, in the order of time.
    differences: Vec<DifferenceView>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl ReplayView {
    fn new(replay: Replay, differences: Page<Difference>) -> Self {
        let counts = replay.counts;
        Self {
            id: replay.id,
            state: replay.state.as_str().to_owned(),
            binding_id: replay.binding.map(|binding| binding.0),
            digest: replay.candidate.digest,
            hook: replay.hook.map(|hook| hook.name().to_owned()),
            community: replay.community_slug,
            total: replay.total,
            counts: ReplayCounts {
                judged: counts.judged,
                same: counts.same,
                differs: counts.differs,
                would_allow: counts.would_allow,
                would_hold: counts.would_hold,
                would_reject: counts.would_reject,
                faults: counts.faults,
            },
            error: replay.error,
            created_at: replay.created_at.into(),
            finished_at: replay.finished_at.map(Time::from),
            differences: differences.items.into_iter().map(DifferenceView::from).collect(),
            next_cursor: differences.next_cursor,
        }
    }
}

#[derive(ApiResponse)]
enum Started {
    /// It waits for its turn.
    #[oai(status = 202)]
    Accepted(Rendered<ReplayView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Cancelled {
    /// It stops; what came of it stays.
    #[oai(status = 204)]
    Done,
}

/// What a draft is.
#[derive(Clone, Copy, Debug, Enum, Deserialize)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
enum DraftKind {
    /// A title and a text.
    Post,
    /// An answer in a thread.
    Comment,
}

/// A text that is not to be published yet.
#[derive(Debug, Object, Deserialize)]
#[serde(deny_unknown_fields)]
#[oai(example)]
struct PreflightBody {
    /// A post or a comment.
    kind: DraftKind,
    /// Slug of the community that a post is for.
    community: Option<String>,
    /// The post that a comment is for.
    post_id: Option<Uuid>,
    /// The comment that it answers.
    parent_id: Option<Uuid>,
    /// Of a post.
    title: Option<String>,
    /// Markdown.
    body: String,
}

impl Example for PreflightBody {
    fn example() -> Self {
        Self {
            kind: DraftKind::Post,
            community: Some("general".to_owned()),
            post_id: None,
            parent_id: None,
            title: Some("Bread without a mixer".to_owned()),
            body: "How long do you fold it?".to_owned(),
        }
    }
}

impl TryFrom<PreflightBody> for Draft {
    type Error = Error;

    fn try_from(body: PreflightBody) -> Result<Self, Error> {
        let missing = |field| Error::invalid(field, "required", "is required");
        Ok(match body.kind {
            DraftKind::Post => Self::Post {
                community: body.community.ok_or_else(|| missing("community"))?,
                title: body.title.ok_or_else(|| missing("title"))?,
                body: body.body,
            },
            DraftKind::Comment => Self::Comment {
                post: body.post_id.ok_or_else(|| missing("post_id"))?.into(),
                parent: body.parent_id.map(Into::into),
                body: body.body,
            },
        })
    }
}

/// What policies would say of a text, as far as they let it be known.
#[derive(Debug, Object, Serialize)]
pub struct PreflightView {
    /// `allow`, `annotate`, `modify`, `hold`, `unavailable` or `reject`: the
    /// strictest of them.
    verdict: String,
    /// What each says.
    decisions: Vec<AuthorDecision>,
}

impl From<Preflight> for PreflightView {
    fn from(preflight: Preflight) -> Self {
        let verdict = preflight.verdict.as_str().to_owned();
        Self { verdict, decisions: AuthorDecision::list(&preflight.decisions) }
    }
}

/// Trials over HTTP.
#[derive(Clone, Debug)]
pub struct TrialsApi {
    /// The feature.
    pub trials: PluginTrials,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl TrialsApi {
    /// Make a decision again
    ///
    /// For admins and the moderators of the community. Asks the recorded version
    /// with the recorded settings the recorded question, with what the server
    /// had answered it then. Nothing of it is recorded or done.
    #[oai(
        path = "/decisions/:id/reproductions",
        method = "post",
        operation_id = "reproduce_decision"
    )]
    async fn reproduce(
        &self,
        SignedIn(actor): SignedIn,
        /// The decision's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<ReproductionView>, Problem> {
        let reproduction = self.trials.reproduce(&actor, id.0.into()).await?;
        Ok(Rendered::new(&ReproductionView::from(reproduction)))
    }

    /// Start a replay
    ///
    /// For admins, and for moderators with a binding of their community. Lets a
    /// version with settings judge what is on record, in the background, and tells
    /// where it would have judged otherwise. Nothing of it is done.
    #[oai(path = "/replays", method = "post", operation_id = "start_replay")]
    async fn start_replay(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ReplayBody>,
    ) -> Result<Started, Problem> {
        let replay = self.trials.start_replay(&actor, body.0.try_into()?).await?;
        let location = format!("/api/v1/replays/{}", replay.id);
        let nothing = Page { items: Vec::new(), next_cursor: None };
        Ok(Started::Accepted(Rendered::new(&ReplayView::new(replay, nothing)), location))
    }

    /// Show a replay
    ///
    /// For who may start it: how far it is, and where the candidate judged otherwise.
    #[oai(path = "/replays/:id", method = "get", operation_id = "show_replay")]
    async fn show_replay(
        &self,
        SignedIn(actor): SignedIn,
        /// The replay's id.
        id: Path<Uuid>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Differences wanted, 1 to 100; 25 when absent.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<ReplayView>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let (replay, differences) = self.trials.find_replay(&actor, id.0, &page).await?;
        Ok(Rendered::new(&ReplayView::new(replay, differences)))
    }

    /// Cancel a replay
    ///
    /// For who may start it. What came of it so far stays.
    #[oai(path = "/replays/:id", method = "delete", operation_id = "cancel_replay")]
    async fn cancel_replay(
        &self,
        SignedIn(actor): SignedIn,
        /// The replay's id.
        id: Path<Uuid>,
    ) -> Result<Cancelled, Problem> {
        self.trials.cancel_replay(&actor, id.0).await?;
        Ok(Cancelled::Done)
    }

    /// Ask policies before publishing
    ///
    /// For everybody who may publish there. Nothing is published or recorded. A
    /// policy may keep to itself what it would say.
    #[oai(path = "/preflights", method = "post", operation_id = "preflight")]
    async fn preflight(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<PreflightBody>,
    ) -> Result<Rendered<PreflightView>, Problem> {
        let preflight = self.trials.preflight(&actor, body.0.try_into()?).await?;
        Ok(Rendered::new(&PreflightView::from(preflight)))
    }
}
