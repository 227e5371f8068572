//! Notifications, and what somebody wants to be told.

use uuid::Uuid;

use crate::{
    bans::Standing,
    base::{
        Error, FieldError,
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId, NotificationId},
    },
    events::Content,
    hooks::Feature,
};

/// Farthest that a clock on Earth is from UTC, in minutes: UTC+14 in Kiribati;
/// the other way it is twelve hours.
const OFFSET_MAX: i64 = 840;

/// What somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody answered.
    Reply,
    /// Somebody wrote one's name.
    Mention,
    /// What one wrote waits for a moderator.
    Held,
    /// What one wrote was taken away.
    Removed,
    /// What waited can be seen.
    Approved,
    /// One is banned.
    Banned,
    /// One is warned.
    Warned,
    /// Something else, in words.
    Notice,
    /// Something is wrong with a binding that one looks after.
    PluginTrouble,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Reply,
        Self::Mention,
        Self::Held,
        Self::Removed,
        Self::Approved,
        Self::Banned,
        Self::Warned,
        Self::Notice,
        Self::PluginTrouble,
    ];

    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Mention => "mention",
            Self::Held => "held",
            Self::Removed => "removed",
            Self::Approved => "approved",
            Self::Banned => "banned",
            Self::Warned => "warned",
            Self::Notice => "notice",
            Self::PluginTrouble => "plugin_trouble",
        }
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something that somebody is to be told.
#[derive(Clone, Debug)]
pub struct NewNotification {
    /// Who.
    pub recipient: AccountId,
    /// What.
    pub kind: Kind,
    /// The post or comment that it is about. Who may not see it is told nothing.
    pub content: Option<Content>,
    /// The binding that it is about. Who does not look after it is told nothing.
    pub binding: Option<BindingId>,
    /// Where, if it is not about content: its plugins are asked.
    pub community: Option<CommunityId>,
    /// Who caused it, if the recipient may know.
    pub actor: Option<AccountId>,
    /// Names and values: `reason`, `text`.
    pub values: Vec<Feature>,
    /// Why: nobody is told twice of the same, and who takes it back names it. The
    /// id of an occurrence, an effect, an action, a post or comment.
    pub cause: Uuid,
}

/// A notification as its recipient sees it.
#[derive(Clone, Debug)]
pub(super) struct Notification {
    pub(super) id: NotificationId,
    /// Place in the list.
    pub(super) position: i64,
    pub(super) kind: Kind,
    pub(super) sent_at: Timestamp,
    pub(super) is_read: bool,
    /// What it is about; `None` when the recipient may not see that any more.
    pub(super) shown: Option<Shown>,
}

/// What a notification is about.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) actor: Option<String>,
    pub(super) post: Option<Uuid>,
    pub(super) comment: Option<Uuid>,
    pub(super) binding: Option<Uuid>,
    pub(super) community: Option<String>,
    pub(super) values: Vec<Feature>,
}

/// What somebody has not read, for who tells them in another way.
#[derive(Clone, Debug)]
pub struct Unread {
    /// What they were told.
    pub kind: Kind,
    /// Name of who caused it.
    pub actor: Option<String>,
    /// Title of the post that it is about.
    pub title: Option<String>,
    /// The words of a notice.
    pub text: Option<String>,
    /// The reason that was given for an act of moderation.
    pub reason: Option<String>,
}

/// Notifications and how many are not read.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) items: Vec<Notification>,
    pub(super) unread: i64,
}

/// Which of a list are marked as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadMark {
    Ids(Vec<Uuid>),
    UpTo(Uuid),
}

/// Somebody, as a plugin is told of them.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) actor: Actor,
    pub(super) standing: Standing,
}

/// A notification that plugins are still to be asked about.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) kind: Kind,
    pub(super) community: Option<CommunityId>,
    pub(super) slug: Option<String>,
    pub(super) values: Vec<Feature>,
    /// Whether the recipient may see what it is about.
    pub(super) is_visible: bool,
    pub(super) utc_offset: i32,
}

/// What becomes of a notification.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// With what policies made of its values, if they were asked.
    Send(Option<Vec<Feature>>),
    Delay(Vec<Feature>, Timestamp),
    Suppress,
}

/// A stored offset from UTC in minutes, brought into the range that is accepted: a row
/// that an earlier release stored out of range must not stop notifications.
pub(super) fn stored_offset(minutes: i64) -> i32 {
    i32::try_from(minutes.clamp(-OFFSET_MAX, OFFSET_MAX)).unwrap_or_default()
}

/// What somebody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preferences {
    pub(super) muted: Vec<Kind>,
    pub(super) utc_offset: i64,
}

impl Preferences {
    pub(super) fn parse(muted: &[String], utc_offset: i64) -> Result<Self, Error> {
        let mut errors = Vec::new();
        let mut kinds = Vec::new();
        for name in muted {
            match Kind::parse(name) {
                Some(kind) if kinds.contains(&kind) => {}
                Some(kind) => kinds.push(kind),
                None => errors.push(FieldError::new("muted", "kind", "has an unknown kind")),
            }
        }
        if !(-OFFSET_MAX..=OFFSET_MAX).contains(&utc_offset) {
            let message = format!("must be from -{OFFSET_MAX} to {OFFSET_MAX}");
            errors.push(FieldError::new("utc_offset", "range", message));
        }
        errors.dedup();
        if errors.is_empty() {
            Ok(Self { muted: kinds, utc_offset })
        } else {
            Err(Error::Invalid(errors))
        }
    }

    /// From what is stored.
    pub(super) fn of(muted: &str, utc_offset: i64) -> Self {
        let muted = muted.split_whitespace().filter_map(Kind::parse).collect();
        Self { muted, utc_offset: utc_offset.clamp(-OFFSET_MAX, OFFSET_MAX) }
    }

    /// Its kinds as stored.
    pub(super) fn muted_stored(&self) -> String {
        self.muted.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
    }
}
