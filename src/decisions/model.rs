//! What a decision is about, and a decision as it is on record.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, DecisionId},
    },
    hooks::{Effect, EffectKind, Evidence, Mode, Patch, Transcript, Verdict},
};

/// What plugins were asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A new post, or one that has never been published.
    Post,
    /// A new comment, or one that has never been published.
    Comment,
    /// A change of what is published: the published text stays until it is settled.
    Edit,
    /// Somebody who wants to join.
    Account,
    /// A picture that somebody uploaded.
    Media,
    /// A vote; nothing of it, nor of what follows, can wait for review.
    Vote,
    /// A ban that is proposed.
    Ban,
    /// Something that a moderator does, by the content or account it is done to.
    Action,
    /// A report, by what is reported.
    Report,
    /// An appeal.
    Appeal,
    /// A message to an account.
    Notification,
    /// Time that goes by, by the id of the event.
    Tick,
}

impl TargetKind {
    /// Whether it can wait for review.
    pub fn may_wait(self) -> bool {
        matches!(self, Self::Post | Self::Comment | Self::Edit | Self::Account | Self::Media)
    }

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Edit => "edit",
            Self::Account => "account",
            Self::Media => "media",
            Self::Vote => "vote",
            Self::Ban => "ban",
            Self::Action => "action",
            Self::Report => "report",
            Self::Appeal => "appeal",
            Self::Notification => "notification",
            Self::Tick => "tick",
        }
    }
}

/// What plugins were asked about, and by whose deed.
#[derive(Clone, Debug)]
pub struct DecisionTarget {
    /// What it is.
    pub kind: TargetKind,
    /// The post, comment or account. For an edit or a vote, what is edited or
    /// voted on; for what was refused, the id that it would have had.
    pub id: Uuid,
    /// Where it is; none for an account.
    pub community: Option<CommunityId>,
    /// Who acts; for an account, that account; none when the server acts by itself.
    pub actor: Option<AccountId>,
}

/// How much of a decision somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Staff,
    /// What the one whose deed it was may know.
    Author,
}

/// A decision on record.
#[derive(Clone, Debug)]
pub struct DecisionRecord {
    /// Opaque, in the order of time.
    pub id: DecisionId,
    /// Name of the hook.
    pub hook: String,
    /// The event that plugins were asked about.
    pub event_id: Uuid,
    /// Who was asked.
    pub binding_id: BindingId,
    /// Which state of it.
    pub revision: i64,
    /// Name of the plugin.
    pub plugin: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// SHA-256 of the settings.
    pub settings_hash: String,
    /// `shadow` or `enforce`.
    pub mode: String,
    /// What this plugin said, or what its failure came to.
    pub verdict: String,
    /// What came of the whole event.
    pub outcome: String,
    /// For the author.
    pub message: Option<String>,
    /// What was to change.
    pub patch: Option<Patch>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What else was wanted.
    pub effects: Vec<Effect>,
    /// What was wanted and is not granted.
    pub refused_effects: Vec<EffectKind>,
    /// What kind of failure, if it failed.
    pub fault: Option<String>,
    /// The failure in words.
    pub fault_detail: Option<String>,
    /// How long the call took.
    pub duration_us: i64,
    /// What the plugin was told; only in a full record.
    pub input: Option<serde_json::Value>,
    /// What the host was asked, and answered; only in a full record.
    pub reads: Option<Transcript>,
    /// What the plugin was told is gone, with the content or the account.
    pub is_erased: bool,
    /// Who acted.
    pub actor_id: Option<AccountId>,
    /// Name of who acted, if that account exists.
    pub actor: Option<String>,
    /// The post, comment or account.
    pub target_id: Option<Uuid>,
    /// Slug of the community.
    pub community: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// How much of it the one who asks may see.
    pub detail: Detail,
}

/// Where a page of decisions ends: the event, and the binding that decided on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DecisionKey(pub Uuid, pub BindingId);

impl DecisionKey {
    /// The key of a decision.
    pub fn of(record: &DecisionRecord) -> Self {
        Self(record.event_id, record.binding_id)
    }
}

/// Which decisions are asked for.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Of this binding.
    pub binding: Option<BindingId>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Made in this mode.
    pub mode: Option<Mode>,
    /// Of this plugin.
    pub plugin: Option<String>,
    /// About this post, comment or account.
    pub target: Option<Uuid>,
    /// In this community, by slug.
    pub community: Option<String>,
}

/// What a decision that counts wants done besides.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which.
    pub decision: DecisionId,
    /// Whose.
    pub binding: BindingId,
    /// Name of the plugin.
    pub plugin: String,
    /// Where the binding works; `None` is the whole site.
    pub scope: Option<CommunityId>,
    /// Which state of the binding.
    pub revision: i64,
    /// What, in order.
    pub effects: Vec<Effect>,
    /// What the event is about.
    pub target: Option<Uuid>,
    /// Where it happened.
    pub community: Option<CommunityId>,
    /// Whose deed it was.
    pub actor: Option<AccountId>,
    /// When it was decided.
    pub decided_at: Timestamp,
}
