//! Bans that are proposed: `ban-decide` of `wit/moderation.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, Patch, RawVerdict, Subject, acting,
    context::{Actor, Context, Deed, Origin, Sanction, Scope},
    whole,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// A ban that is to be imposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Proposal {
    /// The ban.
    pub sanction: Sanction,
    /// Who wants it.
    #[component(name = "proposed-by")]
    pub proposed_by: Origin,
    /// Who is to be banned.
    pub account: Actor,
    /// Bans of this account so far, those that were taken back not counted.
    #[component(name = "prior-bans")]
    pub prior_bans: u32,
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(variant)]
pub enum Term {
    /// That many.
    #[component(name = "milliseconds")]
    Milliseconds(u64),
    /// No end.
    #[component(name = "until-lifted")]
    UntilLifted,
}

/// What is to differ from the proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct BanPatch {
    /// Where it holds. The place is then the one of the event.
    pub scope: Option<Scope>,
    /// What it forbids.
    pub deeds: Option<Vec<Deed>>,
    /// How long.
    pub term: Option<Term>,
    /// For the account.
    pub reason: Option<String>,
}

/// `ban-decide.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum BanVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "modify")]
    Modify(BanPatch),
    #[component(name = "reject")]
    Reject(String),
}

impl From<BanVerdict> for RawVerdict {
    fn from(verdict: BanVerdict) -> Self {
        match verdict {
            BanVerdict::Allow => Self::Allow,
            BanVerdict::Modify(patch) => Self::Modify(Patch::Ban(patch)),
            BanVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Proposal {
    const HOOK: HookPoint = HookPoint::BanDecide;
    const NAME: &'static str = "proposal";
    type Answer = Decided<BanVerdict>;
    type OldAnswer = Self::Answer;
    whole!();

    fn about(&self, context: &Context) -> About {
        About { account: Some(self.account.id.clone()), ..acting(context) }
    }

    fn text(&self, field: &str) -> Option<&str> {
        (field == "reason").then_some(&*self.sanction.reason)
    }

    /// With another scope, `place` is empty: that of the event is meant.
    fn patched(&self, patch: &Patch) -> Option<Self> {
        let Patch::Ban(patch) = patch else { return None };
        let mut patched = self.clone();
        let sanction = &mut patched.sanction;
        if let Some(scope) = patch.scope.filter(|scope| *scope != sanction.scope) {
            (sanction.scope, sanction.place) = (scope, None);
        }
        if let Some(deeds) = &patch.deeds {
            sanction.deeds.clone_from(deeds);
        }
        match patch.term {
            Some(Term::Milliseconds(duration)) => sanction.duration = Some(duration),
            Some(Term::UntilLifted) => sanction.duration = None,
            None => {}
        }
        if let Some(reason) = &patch.reason {
            sanction.reason.clone_from(reason);
        }
        Some(patched)
    }
}
