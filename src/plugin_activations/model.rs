//! Candidates, and how far they came.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        ids::{BindingId, CommunityId},
    },
    hooks::Grants,
};

/// The steps from a component to a binding at work, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody wants it.
    Received,
    /// The stored component is the one that was uploaded.
    Verified,
    /// What it imports is offered and granted, what it exports has the types of
    /// the contract.
    Inspected,
    /// It is machine code.
    Compiled,
    /// The settings fit its schema, and it has taken them.
    Configured,
    /// It judged its own fixtures as it promised.
    SelfTested,
    /// It judged what happened here last without a fault.
    Probed,
    /// It is at work.
    Active,
}

impl Step {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Inspected => "inspected",
            Self::Compiled => "compiled",
            Self::Configured => "configured",
            Self::SelfTested => "self_tested",
            Self::Probed => "probed",
            Self::Active => "active",
        }
    }
}

/// What is to be put to work.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The binding that it is to be the state of.
    pub binding: BindingId,
    /// Where; `None` is the whole site.
    pub scope: Option<CommunityId>,
    /// Which version.
    pub digest: &'a str,
    /// What the plugin is given.
    pub settings: &'a str,
    /// What it may do.
    pub grants: &'a Grants,
}

/// How a candidate judged recorded events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// How many it judged.
    pub events: u32,
    /// As it came out then.
    pub same: u32,
    /// More strictly.
    pub stricter: u32,
    /// Less strictly.
    pub milder: u32,
}

/// Why a candidate is not put to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The step that it did not get through.
    pub step: Step,
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// Where an activation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// On its way.
    Running,
    /// It was put to work.
    Active,
    /// It was not.
    Refused,
}

impl Progress {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Active => "active",
            Self::Refused => "refused",
        }
    }
}

/// An attempt to put something to work, as it is on record.
#[derive(Clone, Debug)]
pub struct Activation {
    /// Which version.
    pub digest: String,
    /// SHA-256 of the settings.
    pub settings_hash: String,
    /// Where it stands.
    pub progress: Progress,
    /// The last step done; of what was refused the step that refused it.
    pub step: Step,
    /// Code and words of the refusal.
    pub error: Option<(String, String)>,
    /// How it judged recorded events.
    pub probe: Option<Probe>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}
