//! Votes: `wit/vote.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, OldDecision, RawVerdict, Subject, acting,
    context::{ContentKind, Context},
    whole,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// What a voter wants to cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Vote {
    /// What is voted on.
    pub kind: ContentKind,
    /// Opaque id of the post or comment.
    #[component(name = "content-id")]
    pub content_id: String,
    /// Opaque id of its author.
    #[component(name = "author-id")]
    pub author_id: String,
    /// Value that stands now: 1, 0 or -1.
    pub previous: i8,
    /// Value that is wanted: 1, 0 or -1.
    pub value: i8,
}

/// `vote-before-cast.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum VoteVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "reject")]
    Reject(String),
}

impl From<VoteVerdict> for RawVerdict {
    fn from(verdict: VoteVerdict) -> Self {
        match verdict {
            VoteVerdict::Allow => Self::Allow,
            VoteVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Vote {
    const HOOK: HookPoint = HookPoint::VoteBeforeCast;
    const NAME: &'static str = "vote";
    type Answer = Decided<VoteVerdict>;
    type OldAnswer = OldDecision<VoteVerdict>;
    whole!();

    fn about(&self, context: &Context) -> About {
        let id = self.content_id.clone();
        let post = (self.kind == ContentKind::Post).then(|| self.content_id.clone());
        About { content: Some(id), post, ..acting(context) }
    }
}
