//! Reports: `wit/report.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, Patch, RawVerdict, Subject,
    context::{Context, Target},
    striking, told_afterwards, whole,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// What somebody wants to report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What.
    pub target: Target,
    /// Opaque id of whom it is about.
    pub account_id: String,
    /// Why.
    pub reason: String,
    /// Reports of the same target that wait, the newest first; at most 20.
    pub open: Vec<String>,
    /// The open report that plugins want it counted with. Not told to them.
    #[serde(skip)]
    pub merge_into: Option<String>,
}

/// `report-before-create.report`.
#[derive(Debug, ComponentType, Lower)]
#[component(record)]
pub struct ReportWire<'a> {
    target: &'a Target,
    #[component(name = "account-id")]
    account_id: &'a str,
    reason: &'a str,
    open: &'a [String],
}

/// A report that was filed; the actor of the context filed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Created {
    /// Opaque id.
    pub id: String,
    /// What it is about.
    pub target: Target,
    /// Opaque id of whom it is about.
    #[component(name = "account-id")]
    pub account_id: String,
    /// Why.
    pub reason: String,
}

/// `report-before-create.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum ReportVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "merge")]
    Merge(String),
    #[component(name = "reject")]
    Reject(String),
}

impl From<ReportVerdict> for RawVerdict {
    fn from(verdict: ReportVerdict) -> Self {
        match verdict {
            ReportVerdict::Allow => Self::Allow,
            ReportVerdict::Merge(into) => Self::Modify(Patch::Merge(into)),
            ReportVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Report {
    const HOOK: HookPoint = HookPoint::ReportBeforeCreate;
    const NAME: &'static str = "report";
    type Wire<'a> = ReportWire<'a>;
    type Answer = Decided<ReportVerdict>;
    type OldAnswer = Self::Answer;

    fn wire(&self) -> ReportWire<'_> {
        let Self { target, account_id, reason, open, merge_into: _ } = self;
        ReportWire { target, account_id, reason, open }
    }

    fn about(&self, context: &Context) -> About {
        striking(context, &self.target, &self.account_id)
    }

    fn text(&self, field: &str) -> Option<&str> {
        (field == "reason").then_some(&*self.reason)
    }

    /// Merged, if it is one of the open reports.
    fn patched(&self, patch: &Patch) -> Option<Self> {
        let Patch::Merge(into) = patch else { return None };
        self.open.contains(into).then(|| Self { merge_into: Some(into.clone()), ..self.clone() })
    }
}

impl Subject for Created {
    const HOOK: HookPoint = HookPoint::ReportCreated;
    const NAME: &'static str = "created";
    told_afterwards!();
    whole!();

    fn about(&self, context: &Context) -> About {
        striking(context, &self.target, &self.account_id)
    }

    fn text(&self, field: &str) -> Option<&str> {
        (field == "reason").then_some(&*self.reason)
    }
}
