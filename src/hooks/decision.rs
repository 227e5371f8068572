//! What plugins decided, for records and for the features that asked.
//!
//! Every call, failed ones included, leaves one [`Decision`]. The input that
//! the plugin saw is kept as it was and becomes JSON only when somebody stores it.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    catalogue::HookPoint,
    fault::Fault,
    model::{Context, Evidence, Patch, Subject},
};

/// Whether a binding is asked, and whether its answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Not asked.
    Off,
    /// Asked and recorded; changes nothing.
    Shadow,
    /// Asked, recorded and obeyed.
    Enforce,
}

impl Mode {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::Enforce => "enforce",
        }
    }
}

/// What one binding's answer comes to, from mild to strict: the order is the
/// order of the merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing against it.
    Allow,
    /// Go on, and keep the evidence for moderators.
    Annotate,
    /// Go on with changes.
    Modify,
    /// A moderator decides.
    Hold,
    /// The plugin failed and its binding refuses then.
    Unavailable,
    /// Refused.
    Reject,
}

impl Verdict {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Allow, Self::Annotate, Self::Modify, Self::Hold, Self::Unavailable, Self::Reject];

    /// The name in the API, the database and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Annotate => "annotate",
            Self::Modify => "modify",
            Self::Hold => "hold",
            Self::Unavailable => "unavailable",
            Self::Reject => "reject",
        }
    }
}

/// What all bindings together decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Merged {
    /// Nothing against it.
    Allow,
    /// Go on; there is evidence to keep.
    Annotate,
    /// A moderator decides.
    Hold {
        /// For the author.
        reason: String,
    },
    /// Refused.
    Reject {
        /// For the author.
        reason: String,
    },
    /// A plugin that must be heard could not answer.
    Unavailable,
}

/// The answer to a feature that asked.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What all enforcing bindings together decided.
    pub verdict: Merged,
    /// The decision that the verdict comes from; `None` when all allowed.
    pub decided_by: Option<Uuid>,
    /// Whether [`Outcome::subject`] is another than the one that was asked about.
    pub modified: bool,
    /// What to go on with, changes by plugins applied and validated.
    pub subject: T,
    /// What each binding answered, shadows included.
    pub decisions: Vec<Decision>,
}

/// One binding's answer to one event.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Time-ordered id of the record.
    pub id: Uuid,
    /// Where it was asked.
    pub hook: HookPoint,
    /// What it was asked about.
    pub event_id: String,
    /// Who was asked.
    pub binding_id: Uuid,
    /// Name of the plugin.
    pub plugin: Arc<str>,
    /// SHA-256 of the component, hexadecimal.
    pub digest: Arc<str>,
    /// SHA-256 of the settings, hexadecimal.
    pub settings_hash: Arc<str>,
    /// Whether the answer counted.
    pub mode: Mode,
    /// What the answer, or the failure, comes to.
    pub verdict: Verdict,
    /// Reason for the author, with a hold or a rejection.
    pub message: Option<String>,
    /// What the plugin wanted to change.
    pub patch: Option<Patch>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// Set when the plugin failed; the verdict is then the failure mode's.
    pub fault: Option<Fault>,
    /// How long the call took.
    pub duration_us: u64,
    /// What the plugin saw.
    pub(super) input: Input,
}

impl Decision {
    /// What the plugin saw, as `gatherly plugin run --input` takes it.
    pub fn input_json(&self) -> serde_json::Value {
        self.input.0.to_json()
    }
}

/// What a plugin saw, kept for the record.
#[derive(Clone)]
pub(super) struct Input(Arc<dyn ToJson>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}

trait ToJson: Send + Sync {
    fn to_json(&self) -> serde_json::Value;
}

/// One event as one plugin sees it.
#[derive(Clone, Debug)]
pub(super) struct Event<S> {
    pub(super) context: Context,
    pub(super) subject: S,
}

impl<S: Subject> Event<S> {
    /// The input for a record; shares the event.
    pub(super) fn input(self: &Arc<Self>) -> Input {
        let shared: Arc<Self> = Arc::clone(self);
        Input(shared)
    }
}

impl<S: Subject> ToJson for Event<S> {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "context": self.context, S::NAME: self.subject })
    }
}
