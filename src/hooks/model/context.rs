//! What every hook is told, and the words that several areas share:
//! `wit/types.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::base::{actor, clock::Timestamp, ids::new_uuid};

/// Why the plugin is being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Purpose {
    /// The verdict decides what happens.
    #[component(name = "enforce")]
    Enforce,
    /// The verdict is recorded and compared; it changes nothing.
    #[component(name = "shadow")]
    Shadow,
    /// A stored event is judged again.
    #[component(name = "replay")]
    Replay,
    /// A composer asks before submitting.
    #[component(name = "preflight")]
    Preflight,
    /// The plugin's own fixtures run before it becomes active.
    #[component(name = "self-test")]
    SelfTest,
}

/// What somebody may do where the event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Role {
    /// No special rights.
    #[component(name = "member")]
    Member,
    /// Moderates the community of the event.
    #[component(name = "moderator")]
    Moderator,
    /// Runs the site.
    #[component(name = "admin")]
    Admin,
}

/// An account, with the facts that most rules need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Actor {
    /// Opaque, stable.
    pub id: String,
    /// The name that others see.
    pub username: String,
    /// Rights where the event happens.
    pub role: Role,
    /// Milliseconds since the account was made.
    #[component(name = "account-age")]
    pub account_age: u64,
    /// Whether the account's mail address was confirmed.
    pub verified: bool,
    /// Published posts, not counting removed ones.
    #[component(name = "post-count")]
    pub post_count: u32,
    /// Published comments, not counting removed ones.
    #[component(name = "comment-count")]
    pub comment_count: u32,
    /// Up minus down votes on everything the account published.
    pub score: i64,
    /// Warnings that stand. Records of before they were told have none.
    #[serde(default)]
    pub strikes: u32,
    /// What plugins and moderators labelled the account with.
    #[serde(default)]
    pub labels: Vec<String>,
}

impl Actor {
    /// Somebody who acts, with a role in the place where it happens.
    pub fn of(actor: &actor::Actor, role: Role, now: Timestamp) -> Self {
        let count = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);
        let age = now.since(actor.created_at).as_millis();
        Self {
            id: actor.id.to_string(),
            username: actor.username.clone(),
            role,
            account_age: u64::try_from(age).unwrap_or(u64::MAX),
            verified: actor.verified,
            post_count: count(actor.post_count),
            comment_count: count(actor.comment_count),
            score: actor.score,
            strikes: count(actor.strikes),
            labels: actor.labels.clone(),
        }
    }
}

/// The circumstances of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Opaque and unique: the same event asked twice has the same id.
    pub event_id: String,
    /// Why the plugin is asked; the host sets it for each binding.
    pub mode: Purpose,
    /// When the event happened, Unix milliseconds.
    pub time: u64,
    /// Slug of the community that the event belongs to.
    pub community: Option<String>,
    /// Absent when nobody is signed in, as at registration, and when the
    /// server acts by itself.
    pub actor: Option<Actor>,
}

impl Context {
    /// Something that happens now, by somebody or by nobody.
    pub fn now(actor: Option<Actor>, community: Option<&str>, now: Timestamp) -> Self {
        Self {
            event_id: new_uuid(now).to_string(),
            mode: Purpose::Enforce,
            time: u64::try_from(now.0).unwrap_or(0),
            community: community.map(str::to_owned),
            actor,
        }
    }

    /// As one plugin is told it.
    pub(in crate::hooks) fn told(&self, mode: Purpose) -> Told<'_> {
        Told {
            event_id: &self.event_id,
            mode,
            time: self.time,
            community: self.community.as_deref(),
            actor: self.actor.as_ref(),
        }
    }
}

/// A [`Context`] on its way to one plugin, borrowed: `types.context`.
#[derive(Clone, Copy, Debug, Serialize, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Told<'a> {
    #[component(name = "event-id")]
    pub(super) event_id: &'a str,
    pub(super) mode: Purpose,
    pub(super) time: u64,
    pub(super) community: Option<&'a str>,
    pub(super) actor: Option<&'a Actor>,
}

/// A post or a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum ContentKind {
    /// A title and a text that people comment on.
    #[component(name = "post")]
    Post,
    /// An answer in a thread.
    #[component(name = "comment")]
    Comment,
}

/// What something is about, by opaque id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(variant)]
pub enum Target {
    /// A post.
    #[component(name = "post")]
    Post(String),
    /// A comment.
    #[component(name = "comment")]
    Comment(String),
    /// An account.
    #[component(name = "account")]
    Account(String),
}

impl Target {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Post(id) | Self::Comment(id) | Self::Account(id) => id,
        }
    }

    /// The kind of content, if it is content.
    pub fn content_kind(&self) -> Option<ContentKind> {
        match self {
            Self::Post(_) => Some(ContentKind::Post),
            Self::Comment(_) => Some(ContentKind::Comment),
            Self::Account(_) => None,
        }
    }
}

/// Where a ban holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Scope {
    /// On one post and its thread.
    #[component(name = "post")]
    Post,
    /// In one community.
    #[component(name = "community")]
    Community,
    /// Everywhere.
    #[component(name = "site")]
    Site,
}

/// What a ban forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Deed {
    /// To look.
    #[component(name = "view")]
    View,
    /// To comment.
    #[component(name = "comment")]
    Comment,
    /// To vote.
    #[component(name = "vote")]
    Vote,
    /// To post.
    #[component(name = "post")]
    Post,
}

/// A ban, as proposed or as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Sanction {
    /// Opaque id of the account.
    pub account: String,
    /// Where it holds.
    pub scope: Scope,
    /// Opaque id of the post or slug of the community; absent for the site.
    pub place: Option<String>,
    /// What it forbids.
    pub deeds: Vec<Deed>,
    /// Milliseconds; absent: until it is lifted.
    pub duration: Option<u64>,
    /// For the account.
    pub reason: String,
}

/// What moderators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum ActionKind {
    /// Take content away.
    #[component(name = "remove")]
    Remove,
    /// Bring it back.
    #[component(name = "restore")]
    Restore,
    /// Close a thread to new comments.
    #[component(name = "lock")]
    Lock,
    /// Open it again.
    #[component(name = "unlock")]
    Unlock,
    /// One more strike.
    #[component(name = "warn")]
    Warn,
    /// Ban.
    #[component(name = "ban")]
    Ban,
    /// Take a ban back.
    #[component(name = "lift-ban")]
    LiftBan,
}

/// Who did or wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Origin {
    /// Whose it is.
    #[component(name = "author")]
    Author,
    /// A person with the right to.
    #[component(name = "moderator")]
    Moderator,
    /// An effect of a plugin.
    #[component(name = "plugin")]
    Plugin,
}
