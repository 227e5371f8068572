//! What a plugin wants done, as data: `effects` of `wit/types.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift};

use super::context::{Sanction, Target};

/// A public remark on content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Mark {
    /// Not for everybody's eyes.
    #[component(name = "sensitive")]
    Sensitive,
    /// Tells how a story ends.
    #[component(name = "spoiler")]
    Spoiler,
}

/// Who is told something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(variant)]
pub enum Recipient {
    /// The author of a post or comment, or the account itself.
    #[component(name = "author")]
    Author(Target),
    /// The moderators of the event's community; admins where there is none.
    #[component(name = "moderators")]
    Moderators,
}

/// A label and what it is put on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Labelling {
    /// What is labelled.
    pub target: Target,
    /// 1 to 32 of `a-z`, `0-9` and `-`.
    pub label: String,
}

/// A mark and what it is put on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Marking {
    /// What is marked.
    pub target: Target,
    /// With what.
    pub mark: Mark,
}

/// Content that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Removal {
    /// Which.
    pub target: Target,
    /// For the author.
    pub reason: String,
}

/// Something for moderators to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Reporting {
    /// What.
    pub target: Target,
    /// For moderators.
    pub reason: String,
}

/// A place in the queue of moderators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Priority {
    /// What waits there.
    pub target: Target,
    /// Higher comes first; from -100 to 100.
    pub priority: i32,
}

/// A warning: one more strike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Warning {
    /// Opaque id of the account.
    pub account: String,
    /// For the account.
    pub reason: String,
}

/// A pause between two comments of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct SlowMode {
    /// The post whose thread slows down; absent: the community of the event.
    pub post: Option<String>,
    /// Milliseconds between two comments of one account; 0 ends it.
    pub interval: u64,
    /// Milliseconds that it lasts; absent: until it is ended.
    pub duration: Option<u64>,
}

/// A message to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Notice {
    /// To whom.
    pub to: Recipient,
    /// Plain text.
    pub text: String,
}

/// An answer in the thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Reply {
    /// A post or a comment.
    pub target: Target,
    /// Markdown.
    pub body: String,
}

/// An event for those who listen from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Emission {
    /// Names the event: 1 to 32 of `a-z`, `0-9`, `-`.
    pub name: String,
    /// JSON.
    pub payload: String,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[component(variant)]
pub enum Effect {
    /// Labels something, for moderators and plugins.
    #[component(name = "label")]
    Label(Labelling),
    /// Closes a post or the thread below a comment to new comments.
    #[component(name = "lock")]
    #[serde(with = "target_field")]
    Lock(Target),
    /// Marks content, for everybody.
    #[component(name = "mark")]
    Mark(Marking),
    /// Takes content away.
    #[component(name = "remove")]
    Remove(Removal),
    /// Asks moderators to look.
    #[component(name = "report")]
    Report(Reporting),
    /// Moves something in the moderators' queue.
    #[component(name = "prioritise")]
    Prioritise(Priority),
    /// Warns an account.
    #[component(name = "warn")]
    Warn(Warning),
    /// Bans an account.
    #[component(name = "ban")]
    Ban(Sanction),
    /// Slows a thread or a community down.
    #[component(name = "slow-mode")]
    SlowMode(SlowMode),
    /// Tells somebody.
    #[component(name = "notify")]
    Notify(Notice),
    /// Answers in the thread.
    #[component(name = "reply")]
    Reply(Reply),
    /// Tells those who listen from outside.
    #[component(name = "emit-webhook")]
    EmitWebhook(Emission),
}

/// [`Effect`] without its content: what is granted and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// [`Effect::Label`].
    Label,
    /// [`Effect::Lock`].
    Lock,
    /// [`Effect::Mark`].
    Mark,
    /// [`Effect::Remove`].
    Remove,
    /// [`Effect::Report`].
    Report,
    /// [`Effect::Prioritise`].
    Prioritise,
    /// [`Effect::Warn`].
    Warn,
    /// [`Effect::Ban`].
    Ban,
    /// [`Effect::SlowMode`].
    SlowMode,
    /// [`Effect::Notify`].
    Notify,
    /// [`Effect::Reply`].
    Reply,
    /// [`Effect::EmitWebhook`].
    EmitWebhook,
}

impl EffectKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Label,
        Self::Lock,
        Self::Mark,
        Self::Remove,
        Self::Report,
        Self::Prioritise,
        Self::Warn,
        Self::Ban,
        Self::SlowMode,
        Self::Notify,
        Self::Reply,
        Self::EmitWebhook,
    ];

    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Lock => "lock",
            Self::Mark => "mark",
            Self::Remove => "remove",
            Self::Report => "report",
            Self::Prioritise => "prioritise",
            Self::Warn => "warn",
            Self::Ban => "ban",
            Self::SlowMode => "slow_mode",
            Self::Notify => "notify",
            Self::Reply => "reply",
            Self::EmitWebhook => "emit_webhook",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Effect {
    /// What kind it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::Label(_) => EffectKind::Label,
            Self::Lock(_) => EffectKind::Lock,
            Self::Mark(_) => EffectKind::Mark,
            Self::Remove(_) => EffectKind::Remove,
            Self::Report(_) => EffectKind::Report,
            Self::Prioritise(_) => EffectKind::Prioritise,
            Self::Warn(_) => EffectKind::Warn,
            Self::Ban(_) => EffectKind::Ban,
            Self::SlowMode(_) => EffectKind::SlowMode,
            Self::Notify(_) => EffectKind::Notify,
            Self::Reply(_) => EffectKind::Reply,
            Self::EmitWebhook(_) => EffectKind::EmitWebhook,
        }
    }
}

/// A bare target in a field `target`, as the other effects have it.
mod target_field {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::hooks::model::context::Target;

    #[derive(Serialize)]
    struct Borrowed<'a> {
        target: &'a Target,
    }

    #[derive(Deserialize)]
    struct Owned {
        target: Target,
    }

    pub(super) fn serialize<S: Serializer>(target: &Target, to: S) -> Result<S::Ok, S::Error> {
        Borrowed { target }.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Target, D::Error> {
        Owned::deserialize(from).map(|owned| owned.target)
    }
}
