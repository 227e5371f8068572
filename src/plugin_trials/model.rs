//! Answers that are compared, replays, and how a binding has done.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId, CommentId, CommunityId, DecisionId, PostId},
    },
    decisions::DecisionRecord,
    hooks::{
        Decision, Effect, Evidence, Fault, FaultKind, Grants, HookPoint, Patch, Transcript, Trial,
        Verdict,
    },
};

/// Events that a request may name.
pub(super) const MAX_NAMED: usize = 1_000;
/// Longest time that a replay goes back: longer than records are kept by default.
pub(super) const MAX_DAYS: u32 = 366;

/// What a plugin said, as far as saying it again must come to the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// None when it failed.
    pub verdict: Option<String>,
    /// For the author.
    pub message: Option<String>,
    /// What was to change.
    pub patch: Option<Patch>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What else was wanted and is granted.
    pub effects: Vec<Effect>,
    /// What kind of failure.
    pub fault: Option<String>,
}

impl Answer {
    /// As it is on record. A failure has no words of the plugin: the message is
    /// the failure mode's.
    pub fn recorded(record: &DecisionRecord) -> Self {
        if let Some(fault) = &record.fault {
            return Self::failed(fault.clone());
        }
        Self {
            verdict: Some(record.verdict.clone()),
            message: record.message.clone(),
            patch: record.patch.clone(),
            evidence: record.evidence.clone(),
            effects: record.effects.clone(),
            fault: None,
        }
    }

    /// As it was given again, by a plugin with these grants.
    pub fn given(trial: &Trial, grants: &Grants) -> Self {
        if let Some(Fault { kind, .. }) = &trial.fault {
            return Self::failed(kind.as_str().to_owned());
        }
        if trial.verdict == Some(Verdict::Modify) && !grants.modify {
            return Self::failed(FaultKind::NotGranted.as_str().to_owned());
        }
        let granted = |effect: &&Effect| grants.effects.contains(&effect.kind());
        Self {
            verdict: trial.verdict.map(|verdict| verdict.as_str().to_owned()),
            message: trial.message.clone(),
            patch: trial.patch.clone(),
            evidence: trial.evidence.clone(),
            effects: trial.effects.iter().filter(granted).cloned().collect(),
            fault: None,
        }
    }

    fn failed(fault: String) -> Self {
        let (evidence, effects) = (Vec::new(), Vec::new());
        Self { verdict: None, message: None, patch: None, evidence, effects, fault: Some(fault) }
    }
}

/// A decision that was made once more.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// What is on record.
    pub recorded: Answer,
    /// What the same plugin says to the same question.
    pub reproduced: Answer,
}

impl Reproduction {
    /// Whether both are the same, bit for bit.
    pub fn is_equal(&self) -> bool {
        self.recorded == self.reproduced
    }
}

/// A replay that somebody wants.
#[derive(Clone, Debug, Default)]
pub struct NewReplay {
    /// Whose answers to compare with, and what to take where nothing is said.
    pub binding: Option<BindingId>,
    /// The version.
    pub digest: Option<String>,
    /// What it is given.
    pub settings: Option<serde_json::Value>,
    /// What it may do.
    pub grants: Option<Grants>,
    /// Only this hook.
    pub hook: Option<HookPoint>,
    /// Only in the community with this slug.
    pub community: Option<String>,
    /// How far back.
    pub days: Option<u32>,
    /// These decisions, in place of days.
    pub decisions: Vec<DecisionId>,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayState {
    /// To be done.
    Waiting,
    /// Being done.
    Active,
    /// Done.
    Completed,
    /// Could not be done.
    Failed,
    /// Somebody does not want it any more.
    Cancelled,
}

impl ReplayState {
    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Active, Self::Completed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    /// Whether there is more to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Active)
    }
}

/// What came of a replay so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were judged.
    pub judged: i64,
    /// The same answer.
    pub same: i64,
    /// The same verdict with other words, evidence or changes.
    pub differs: i64,
    /// It would let through what was not.
    pub would_allow: i64,
    /// It would hold what was not held.
    pub would_hold: i64,
    /// It would refuse what was not refused.
    pub would_reject: i64,
    /// It failed.
    pub faults: i64,
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&mut self, change: Change) {
        self.judged += 1;
        let count = match change {
            Change::Same => &mut self.same,
            Change::Differs => &mut self.differs,
            Change::WouldAllow => &mut self.would_allow,
            Change::WouldHold => &mut self.would_hold,
            Change::WouldReject => &mut self.would_reject,
            Change::Fault => &mut self.faults,
        };
        *count += 1;
    }
}

/// How a candidate's answer differs from what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// In nothing.
    Same,
    /// In words.
    Differs,
    /// It is milder.
    WouldAllow,
    /// It holds.
    WouldHold,
    /// It refuses.
    WouldReject,
    /// There is none.
    Fault,
}

/// Which component, with which settings, may do what.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// SHA-256 of the component, hexadecimal.
    pub digest: String,
    /// What it is given.
    pub settings: String,
    /// What it may do.
    pub grants: Grants,
}

/// A replay as stored.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Opaque.
    pub id: Uuid,
    /// Whose answers it is compared with.
    pub binding: Option<BindingId>,
    /// Who judges.
    pub candidate: Candidate,
    /// Only this hook.
    pub hook: Option<HookPoint>,
    /// Only in this community.
    pub community: Option<CommunityId>,
    /// Its slug.
    pub community_slug: Option<String>,
    /// Ids of events: after the one, up to the other.
    pub range: (Uuid, Uuid),
    /// The last event that was judged.
    pub position: Uuid,
    /// The events, when they were named.
    pub events: Option<Vec<Uuid>>,
    /// How far it is.
    pub state: ReplayState,
    /// Events to judge.
    pub total: i64,
    /// What came of it so far.
    pub counts: Counts,
    /// Why it could not be done.
    pub error: Option<String>,
    /// Who wanted it.
    pub created_by: AccountId,
    /// When.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// An event at which a candidate judged otherwise.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The event.
    pub event: Uuid,
    /// Whose answer it differs from; `None`: from what came of the event.
    pub decision: Option<DecisionId>,
    /// What was.
    pub was: String,
    /// What would have been; `None` when the candidate failed.
    pub would: Option<String>,
    /// What the author would have been told.
    pub message: Option<String>,
    /// How the candidate failed.
    pub fault: Option<String>,
    /// The post, comment or account that it is about.
    pub target: Option<Uuid>,
    /// Name of the hook.
    pub hook: String,
    /// When it happened.
    pub at: Timestamp,
}

/// A text that is not to be published yet.
#[derive(Clone, Debug)]
pub enum Draft {
    /// A title and a text.
    Post { community: String, title: String, body: String },
    /// An answer in a thread.
    Comment { post: PostId, parent: Option<CommentId>, body: String },
}

/// What policies would say of a draft.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// The strictest of them.
    pub verdict: Verdict,
    /// Those that may be told of, as far as they may.
    pub decisions: Vec<Decision>,
}

/// An event on record that is to be judged again.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) event: Uuid,
    pub(super) hook: HookPoint,
    pub(super) input: String,
    pub(super) reads: Option<Transcript>,
    pub(super) decision: Option<DecisionId>,
    /// The verdict, of the decision or of the event.
    pub(super) was: String,
    /// The decision's words.
    pub(super) answer: Option<Answer>,
}
