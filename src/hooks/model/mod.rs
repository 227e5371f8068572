//! What hooks are told and what plugins may answer: the Rust side of `wit/`.
//!
//! One set of types serves the component ABI (types are compared when a
//! component is loaded) and JSON (decision records, `gatherly plugin run`), so
//! the two cannot tell different stories. Nothing here decides anything.

mod account;
mod appeal;
mod ban;
mod content;
mod context;
mod effect;
mod evidence;
mod media;
mod mod_action;
mod notification;
mod overridden;
mod report;
mod schedule;
mod v0_1;
mod vote;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasmtime::component::{ComponentType, Lift, Lower};

pub use account::{Registered, Registration};
pub use appeal::{Against, Appeal};
pub use ban::{BanPatch, Proposal, Term};
pub use content::{Content, ContentPatch, Operation, Published, Removed};
pub use context::{
    ActionKind, Actor, ContentKind, Context, Deed, Origin, Purpose, Role, Sanction, Scope, Target,
};
pub use effect::{
    Effect, EffectKind, Emission, Labelling, Mark, Marking, Notice, Priority, Recipient, Removal,
    Reply, Reporting, SlowMode, Warning,
};
pub use evidence::{Evidence, Feature, Finding, Span};
pub use media::Media;
pub use mod_action::{Action, Applied, Requirement};
pub use notification::{Channel, Notification, NotificationKind, NotificationPatch};
pub use overridden::{Overridden, Resolution};
pub use report::{Created, Report};
pub use schedule::Tick;
pub use vote::Vote;

pub(super) use context::Told;
pub(super) use v0_1::{OldDecision, OldTold};

use super::{catalogue::HookPoint, ports::About};

/// What a plugin wants to be otherwise, by the kind of hook that it was asked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patch {
    /// Other words.
    Content(ContentPatch),
    /// Another ban.
    Ban(BanPatch),
    /// What the action waits for.
    Requirement(Requirement),
    /// The open report to count it with, by id.
    Merge(String),
    /// Another time, way or wording.
    Notification(NotificationPatch),
}

/// One plugin's verdict before the host has looked at it: the same for every
/// hook, whatever that hook's interface can express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawVerdict {
    /// Nothing against it.
    Allow,
    /// Go on, and keep the evidence.
    Annotate,
    /// Go on with changes.
    Modify(Patch),
    /// Wait, with the reason.
    Hold(String),
    /// Wait until the moderator has done something, with the reason.
    Require(Requirement, String),
    /// No, with the reason.
    Reject(String),
}

/// One plugin's answer before the host has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Always [`RawVerdict::Allow`] where nothing is decided.
    pub verdict: RawVerdict,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What else is to be done.
    pub effects: Vec<Effect>,
}

/// `decision` of every interface that decides.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub struct Decided<V> {
    verdict: V,
    evidence: Vec<Evidence>,
    effects: Vec<Effect>,
}

/// `outcome` of every interface that is told afterwards.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub struct Handled {
    evidence: Vec<Evidence>,
    effects: Vec<Effect>,
}

impl<V: Into<RawVerdict>> From<Decided<V>> for Said {
    fn from(Decided { verdict, evidence, effects }: Decided<V>) -> Self {
        Self { verdict: verdict.into(), evidence, effects }
    }
}

impl From<Handled> for Said {
    fn from(Handled { evidence, effects }: Handled) -> Self {
        Self { verdict: RawVerdict::Allow, evidence, effects }
    }
}

/// What one hook judges or is told.
pub trait Subject: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The hook that it belongs to.
    const HOOK: HookPoint;
    /// Its name beside `context` in the JSON of an event.
    const NAME: &'static str;
    /// The record of the hook's interface, borrowed.
    type Wire<'a>: Lower + Send + Sync;
    /// What the hook's function returns.
    type Answer: Lift + Into<Said> + Send + Sync + 'static;
    /// What it returned in version 0.1 of the contract, where it existed.
    type OldAnswer: Lift + Into<Said> + Send + Sync + 'static;

    /// What crosses the boundary.
    fn wire(&self) -> Self::Wire<'_>;

    /// What the event is about, for those who look more up; `context` tells
    /// who acts and where.
    fn about(&self, context: &Context) -> About {
        acting(context)
    }

    /// The text of a field, named as in WIT, that evidence may point into.
    fn text(&self, _field: &str) -> Option<&str> {
        None
    }

    /// The Markdown of the subject that readers see rendered, where it has one.
    fn markdown(&self) -> Option<&str> {
        None
    }

    /// The subject with a patch applied; `None` when it names what this
    /// subject does not have.
    fn patched(&self, _patch: &Patch) -> Option<Self> {
        None
    }
}

/// An event that is about nothing but who acts.
fn acting(context: &Context) -> About {
    let actor = context.actor.as_ref().map(|actor| actor.id.clone());
    let (community, account) = (context.community.clone(), actor.clone());
    About { time: context.time, community, actor, account, ..About::default() }
}

/// An event that is about `target`, which is `account`'s.
fn striking(context: &Context, target: &Target, account: &str) -> About {
    let id = target.content_kind().map(|_| target.id().to_owned());
    let post = matches!(target, Target::Post(_)).then(|| target.id().to_owned());
    About { account: Some(account.to_owned()), content: id, post, ..acting(context) }
}

/// `Wire` of a subject that is its own record.
macro_rules! whole {
    () => {
        type Wire<'a> = &'a Self;

        fn wire(&self) -> &Self {
            self
        }
    };
}

/// `Answer` of a hook that is told afterwards.
macro_rules! told_afterwards {
    () => {
        type Answer = $crate::hooks::model::Handled;
        type OldAnswer = $crate::hooks::model::Handled;
    };
}

use {told_afterwards, whole};

/// Does something with the subject of a hook that is known at run time.
macro_rules! for_subject {
    ($hook:expr, $subject:ident => $work:expr) => {{
        use $crate::hooks::{catalogue::HookPoint, model};
        macro_rules! with {
            ($subject_of_hook:ty) => {{
                type $subject = $subject_of_hook;
                $work
            }};
        }
        match $hook {
            HookPoint::AccountBeforeRegister => with!(model::Registration),
            HookPoint::AccountAfterRegister => with!(model::Registered),
            HookPoint::ContentBeforePublish => with!(model::Content),
            HookPoint::ContentAfterPublish => with!(model::Published),
            HookPoint::ContentAfterRemove => with!(model::Removed),
            HookPoint::VoteBeforeCast => with!(model::Vote),
            HookPoint::MediaBeforeAttach => with!(model::Media),
            HookPoint::BanDecide => with!(model::Proposal),
            HookPoint::ModActionBeforeApply => with!(model::Action),
            HookPoint::ModActionApplied => with!(model::Applied),
            HookPoint::ReportBeforeCreate => with!(model::Report),
            HookPoint::ReportCreated => with!(model::Created),
            HookPoint::NotificationBeforeSend => with!(model::Notification),
            HookPoint::AppealSubmitted => with!(model::Appeal),
            HookPoint::DecisionOverridden => with!(model::Overridden),
            HookPoint::ScheduleTick => with!(model::Tick),
        }
    }};
}

pub(super) use for_subject;
