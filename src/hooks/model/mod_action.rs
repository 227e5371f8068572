//! What moderators do: `mod-action-*` of `wit/moderation.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, RawVerdict, Subject,
    context::{ActionKind, Context, Target},
    striking, told_afterwards, whole,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// An action that a moderator wants to take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Action {
    /// What is to be done.
    pub kind: ActionKind,
    /// With what.
    pub target: Target,
    /// Opaque id of whom it strikes.
    #[component(name = "account-id")]
    pub account_id: String,
    /// Why, if the moderator says so.
    pub reason: Option<String>,
    /// How many other moderators asked for the same in the last day.
    pub seconded: u32,
}

/// An action that was taken; the actor of the context took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Applied {
    /// Opaque id.
    pub id: String,
    /// What was done.
    pub kind: ActionKind,
    /// With what.
    pub target: Target,
    /// Opaque id of whom it struck.
    #[component(name = "account-id")]
    pub account_id: String,
    /// Why.
    pub reason: Option<String>,
}

/// What an action waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// That the moderator says why.
    Reason,
    /// That another moderator asks for the same.
    Second,
}

/// `mod-action-before-apply.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum ActionVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "require-reason")]
    RequireReason,
    #[component(name = "require-second")]
    RequireSecond(String),
    #[component(name = "reject")]
    Reject(String),
}

/// For the moderator, with [`Requirement::Reason`].
const REASON_WANTED: &str = "a reason is required";

impl From<ActionVerdict> for RawVerdict {
    fn from(verdict: ActionVerdict) -> Self {
        match verdict {
            ActionVerdict::Allow => Self::Allow,
            ActionVerdict::RequireReason => {
                Self::Require(Requirement::Reason, REASON_WANTED.to_owned())
            }
            ActionVerdict::RequireSecond(why) => Self::Require(Requirement::Second, why),
            ActionVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Action {
    const HOOK: HookPoint = HookPoint::ModActionBeforeApply;
    const NAME: &'static str = "action";
    type Answer = Decided<ActionVerdict>;
    type OldAnswer = Self::Answer;
    whole!();

    fn about(&self, context: &Context) -> About {
        striking(context, &self.target, &self.account_id)
    }

    fn text(&self, field: &str) -> Option<&str> {
        (field == "reason").then_some(self.reason.as_deref()).flatten()
    }
}

impl Subject for Applied {
    const HOOK: HookPoint = HookPoint::ModActionApplied;
    const NAME: &'static str = "applied";
    told_afterwards!();
    whole!();

    fn about(&self, context: &Context) -> About {
        striking(context, &self.target, &self.account_id)
    }

    fn text(&self, field: &str) -> Option<&str> {
        (field == "reason").then_some(self.reason.as_deref()).flatten()
    }
}
