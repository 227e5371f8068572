//! Notifications: `wit/notification.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{
    Decided, Patch, RawVerdict, Subject, acting,
    context::{Actor, Context},
    evidence::Feature,
};
use crate::hooks::{catalogue::HookPoint, ports::About};

/// What somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum NotificationKind {
    /// An answer to what the recipient wrote.
    #[component(name = "reply")]
    Reply,
    /// The recipient's name in a text.
    #[component(name = "mention")]
    Mention,
    /// The recipient's content waits for a moderator.
    #[component(name = "held")]
    Held,
    /// The recipient's content was taken away.
    #[component(name = "removed")]
    Removed,
    /// The recipient's content no longer waits.
    #[component(name = "approved")]
    Approved,
    /// The recipient was banned.
    #[component(name = "banned")]
    Banned,
    /// The recipient was warned.
    #[component(name = "warned")]
    Warned,
    /// Something else, in words.
    #[component(name = "notice")]
    Notice,
}

/// A way to somebody.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lift, Lower,
)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Channel {
    /// Where the forum is used.
    #[component(name = "in-app")]
    InApp,
    /// To the mail address.
    #[component(name = "mail")]
    Mail,
}

/// A notification on its way; the actor of the context caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Opaque id.
    pub id: String,
    /// What the recipient is told.
    pub kind: NotificationKind,
    /// By which way.
    pub channel: Channel,
    /// Who is told.
    pub recipient: Actor,
    /// The recipient's minutes east of UTC.
    pub utc_offset: i32,
    /// What the text is made of.
    pub values: Vec<Feature>,
    /// Milliseconds that plugins want it to wait. Not told to them.
    #[serde(skip)]
    pub delay: Option<u64>,
}

/// `notification-before-send.notification`.
#[derive(Debug, ComponentType, Lower)]
#[component(record)]
pub struct NotificationWire<'a> {
    id: &'a str,
    kind: NotificationKind,
    channel: Channel,
    recipient: &'a Actor,
    #[component(name = "utc-offset")]
    utc_offset: i32,
    values: &'a [Feature],
}

/// What is to differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct NotificationPatch {
    /// Milliseconds to wait, up to a week.
    pub delay: Option<u64>,
    /// Another way.
    pub channel: Option<Channel>,
    /// New values for names that are there.
    pub values: Vec<Feature>,
}

/// The longest that a notification may wait: a week, as `wit/` says.
const DELAY_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// `notification-before-send.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum NotificationVerdict {
    #[component(name = "deliver")]
    Deliver,
    #[component(name = "modify")]
    Modify(NotificationPatch),
    #[component(name = "suppress")]
    Suppress(String),
}

impl From<NotificationVerdict> for RawVerdict {
    fn from(verdict: NotificationVerdict) -> Self {
        match verdict {
            NotificationVerdict::Deliver => Self::Allow,
            NotificationVerdict::Modify(patch) => Self::Modify(Patch::Notification(patch)),
            NotificationVerdict::Suppress(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Notification {
    const HOOK: HookPoint = HookPoint::NotificationBeforeSend;
    const NAME: &'static str = "notification";
    type Wire<'a> = NotificationWire<'a>;
    type Answer = Decided<NotificationVerdict>;
    type OldAnswer = Self::Answer;

    fn wire(&self) -> NotificationWire<'_> {
        let Self { id, kind, channel, recipient, utc_offset, values, delay: _ } = self;
        let (kind, channel, utc_offset) = (*kind, *channel, *utc_offset);
        NotificationWire { id, kind, channel, recipient, utc_offset, values }
    }

    fn about(&self, context: &Context) -> About {
        About { account: Some(self.recipient.id.clone()), ..acting(context) }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.values.iter().find(|value| value.name == field).map(|value| &*value.value)
    }

    fn patched(&self, patch: &Patch) -> Option<Self> {
        let Patch::Notification(patch) = patch else { return None };
        if patch.delay.is_some_and(|delay| delay > DELAY_MAX) {
            return None;
        }
        let mut patched = self.clone();
        patched.delay = patch.delay.or(self.delay);
        patched.channel = patch.channel.unwrap_or(self.channel);
        for new in &patch.values {
            let old = patched.values.iter_mut().find(|old| old.name == new.name)?;
            old.value.clone_from(&new.value);
        }
        Some(patched)
    }
}
