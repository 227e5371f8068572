//! What plugins decided, for records and for the features that asked.
//!
//! Every call, failed ones included, leaves one [`Decision`]. The input that
//! the plugin saw is kept as it was and becomes JSON only when somebody stores it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use uuid::Uuid;

use super::{
    answers::Rendered,
    catalogue::HookPoint,
    fault::Fault,
    model::{Context, Effect, EffectKind, Evidence, Patch, Purpose, Subject, Told},
    ports::About,
    state_write::StateWrite,
    transcript::Transcript,
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

impl<T> Outcome<T> {
    /// What the binding that decided wants to be otherwise: with a hold of a
    /// moderator's action, the requirement.
    pub fn patch(&self) -> Option<&Patch> {
        let decided_by = self.decided_by?;
        self.decisions.iter().find(|decision| decision.id == decided_by)?.patch.as_ref()
    }
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
    /// Which revision of the binding.
    pub revision: i64,
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
    /// What else is to be done: granted, and within the sizes of the contract.
    pub effects: Vec<Effect>,
    /// What it wanted done besides and is not granted.
    pub refused_effects: Vec<EffectKind>,
    /// What it asked the host, and was answered.
    pub reads: Transcript,
    /// What it wants remembered.
    pub writes: Vec<StateWrite>,
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
        serde_json::from_str(&self.input_text()).unwrap_or_default()
    }

    /// The same as text.
    pub fn input_text(&self) -> String {
        self.input.event.to_text(self.input.purpose)
    }
}

/// What a plugin saw, kept for the record.
#[derive(Clone)]
pub(super) struct Input {
    pub(super) event: Arc<dyn AnyEvent>,
    pub(super) purpose: Purpose,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}

/// One event, as all plugins of its chain see it.
#[derive(Clone, Debug)]
pub(super) struct Event<S> {
    pub(super) context: Context,
    pub(super) subject: S,
    /// Made once for all plugins of the chain, when the first one asks.
    rendered: OnceLock<Option<Arc<Rendered>>>,
}

impl<S: Subject> Event<S> {
    pub(super) fn new(context: Context, subject: S) -> Self {
        Self { context, subject, rendered: OnceLock::new() }
    }

    /// The text that readers see, where the event has one.
    pub(super) fn rendered(&self) -> Option<&Arc<Rendered>> {
        let render = || self.subject.markdown().map(|text| Arc::new(Rendered::of(text)));
        self.rendered.get_or_init(render).as_ref()
    }

    /// The text of a field that evidence may point into.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        match field {
            RENDERED => self.rendered().map(|rendered| rendered.text.as_str()),
            field => self.subject.text(field),
        }
    }
}

/// The field of evidence in the text that readers see.
const RENDERED: &str = "rendered";

/// An event of any hook.
pub(super) trait AnyEvent: Send + Sync {
    /// What it is about.
    fn about(&self) -> About;

    /// Where it is asked about.
    fn hook(&self) -> HookPoint;

    /// Its id.
    fn event_id(&self) -> &str;

    /// The Markdown that readers see rendered, where there is one.
    fn markdown(&self) -> Option<&str>;

    /// The text that readers see.
    fn rendered(&self) -> Option<Arc<Rendered>>;

    /// As JSON, with the reason why it is asked.
    fn to_text(&self, purpose: Purpose) -> String;
}

impl<S: Subject> AnyEvent for Event<S> {
    fn about(&self) -> About {
        self.subject.about(&self.context)
    }

    fn hook(&self) -> HookPoint {
        S::HOOK
    }

    fn event_id(&self) -> &str {
        &self.context.event_id
    }

    fn markdown(&self) -> Option<&str> {
        self.subject.markdown()
    }

    fn rendered(&self) -> Option<Arc<Rendered>> {
        Self::rendered(self).cloned()
    }

    fn to_text(&self, purpose: Purpose) -> String {
        let input = Json { context: self.context.told(purpose), subject: &self.subject };
        // Strings, numbers and lists: serialising them cannot fail.
        serde_json::to_string(&input).unwrap_or_default()
    }
}

/// An event as `{"context": …, "content": …}`, the second by the subject's name.
struct Json<'a, S> {
    context: Told<'a>,
    subject: &'a S,
}

impl<S: Subject> Serialize for Json<'_, S> {
    fn serialize<Z: Serializer>(&self, to: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("context", &self.context)?;
        map.serialize_entry(S::NAME, self.subject)?;
        map.end()
    }
}
