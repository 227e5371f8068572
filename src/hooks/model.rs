//! What a hook is told and what a plugin may answer: the Rust side of `wit/`.
//!
//! One set of types serves the component ABI (types are compared when a
//! component is loaded) and JSON (decision records, `gatherly plugin run`), so
//! the two cannot tell different stories. Nothing here decides anything.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::catalogue::HookPoint;

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

/// What the actor may do where the event happens.
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

/// Who acts, with the facts that most rules need.
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
    /// Up minus down votes on everything the actor published.
    pub score: i64,
}

/// The circumstances of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Context {
    /// Opaque and unique: the same event asked twice has the same id.
    #[component(name = "event-id")]
    pub event_id: String,
    /// Why the plugin is asked; the host sets it for each binding.
    #[component(name = "mode")]
    pub mode: Purpose,
    /// When the event happened, Unix milliseconds.
    pub time: u64,
    /// Slug of the community that the event belongs to.
    pub community: Option<String>,
    /// Absent when nobody is signed in, as at registration.
    pub actor: Option<Actor>,
}

/// A post or a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
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

/// What is being done with the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum Operation {
    /// It is new.
    #[component(name = "create")]
    Create,
    /// It stands already and is to change.
    #[component(name = "edit")]
    Edit,
}

/// What somebody wants to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Content {
    /// A post or a comment.
    pub kind: ContentKind,
    /// New or changed.
    pub operation: Operation,
    /// Opaque id that the content has or will have.
    pub id: String,
    /// The post that a comment belongs to.
    #[component(name = "post-id")]
    pub post_id: Option<String>,
    /// The comment that a comment answers.
    #[component(name = "parent-id")]
    pub parent_id: Option<String>,
    /// Posts only.
    pub title: Option<String>,
    /// Markdown.
    pub body: String,
}

/// What a voter wants to cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Vote {
    /// What is voted on.
    pub kind: ContentKind,
    /// Opaque id of the post or comment.
    #[component(name = "content-id")]
    pub content_id: String,
    /// Opaque id of its author.
    #[component(name = "author-id")]
    pub author_id: String,
    /// Value that stands now: 1, 0 or -1.
    pub previous: i8,
    /// Value that is wanted: 1, 0 or -1.
    pub value: i8,
}

/// Who wants to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Registration {
    /// The name that others will see.
    pub username: String,
    /// What stands after the `@`; the address itself is not told.
    #[component(name = "email-domain")]
    pub email_domain: String,
}

/// A range of bytes in a text field, on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A measured property and the value it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Feature {
    /// What was measured.
    pub name: String,
    /// What it was.
    pub value: String,
}

/// What a piece of evidence points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(variant)]
pub enum Finding {
    /// Bytes of the field that `Evidence::field` names.
    #[component(name = "span")]
    Span(Span),
    /// A property of the event or the actor.
    #[component(name = "feature")]
    Feature(Feature),
}

/// Why a plugin decided as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Evidence {
    /// Id of the rule within the plugin's settings.
    pub rule: String,
    /// Field of the hook's input that it is about.
    pub field: Option<String>,
    /// Where or what was found.
    pub finding: Option<Finding>,
    /// For people.
    pub text: String,
    /// Shown to the author, not only to moderators.
    pub public: bool,
}

/// New values for what a plugin may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct Patch {
    /// Posts only.
    pub title: Option<String>,
    /// Markdown.
    pub body: Option<String>,
}

/// One plugin's answer before the host has looked at it: the same for every
/// hook, whatever verdicts that hook's interface can express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RawVerdict {
    Allow,
    Annotate,
    Modify(Patch),
    Hold(String),
    Reject(String),
}

/// `decision` of every hook's interface.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(super) struct RawDecision<V> {
    pub(super) verdict: V,
    pub(super) evidence: Vec<Evidence>,
}

/// `content-before-publish.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum ContentVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "annotate")]
    Annotate,
    #[component(name = "modify")]
    Modify(Patch),
    #[component(name = "hold")]
    Hold(String),
    #[component(name = "reject")]
    Reject(String),
}

/// `vote-before-cast.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum VoteVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "reject")]
    Reject(String),
}

/// `account-before-register.verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(super) enum AccountVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "hold")]
    Hold(String),
    #[component(name = "reject")]
    Reject(String),
}

impl From<ContentVerdict> for RawVerdict {
    fn from(verdict: ContentVerdict) -> Self {
        match verdict {
            ContentVerdict::Allow => Self::Allow,
            ContentVerdict::Annotate => Self::Annotate,
            ContentVerdict::Modify(patch) => Self::Modify(patch),
            ContentVerdict::Hold(reason) => Self::Hold(reason),
            ContentVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl From<VoteVerdict> for RawVerdict {
    fn from(verdict: VoteVerdict) -> Self {
        match verdict {
            VoteVerdict::Allow => Self::Allow,
            VoteVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl From<AccountVerdict> for RawVerdict {
    fn from(verdict: AccountVerdict) -> Self {
        match verdict {
            AccountVerdict::Allow => Self::Allow,
            AccountVerdict::Hold(reason) => Self::Hold(reason),
            AccountVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

/// What one hook judges.
pub(super) trait Subject: Clone + Serialize + Lower + Send + Sync + 'static {
    /// The hook that judges it.
    const HOOK: HookPoint;
    /// Its name beside `context` in the JSON of an event.
    const NAME: &'static str;
    /// `verdict` of the hook's interface.
    type Verdict: Lift + Into<RawVerdict> + Send + Sync + 'static;

    /// The text of a field, named as in WIT, that evidence may point into.
    fn text(&self, field: &str) -> Option<&str>;

    /// The subject with a patch applied; `None` when it names what this
    /// subject does not have.
    fn patched(&self, _patch: &Patch) -> Option<Self> {
        None
    }
}

impl Subject for Content {
    const HOOK: HookPoint = HookPoint::ContentBeforePublish;
    const NAME: &'static str = "content";
    type Verdict = ContentVerdict;

    fn text(&self, field: &str) -> Option<&str> {
        match field {
            "title" => self.title.as_deref(),
            "body" => Some(&self.body),
            _ => None,
        }
    }

    fn patched(&self, patch: &Patch) -> Option<Self> {
        if patch.title.is_some() && self.title.is_none() {
            return None;
        }
        let mut patched = self.clone();
        if let Some(title) = &patch.title {
            patched.title = Some(title.clone());
        }
        if let Some(body) = &patch.body {
            patched.body.clone_from(body);
        }
        Some(patched)
    }
}

impl Subject for Vote {
    const HOOK: HookPoint = HookPoint::VoteBeforeCast;
    const NAME: &'static str = "vote";
    type Verdict = VoteVerdict;

    fn text(&self, _field: &str) -> Option<&str> {
        None
    }
}

impl Subject for Registration {
    const HOOK: HookPoint = HookPoint::AccountBeforeRegister;
    const NAME: &'static str = "registration";
    type Verdict = AccountVerdict;

    fn text(&self, field: &str) -> Option<&str> {
        match field {
            "username" => Some(&self.username),
            "email-domain" => Some(&self.email_domain),
            _ => None,
        }
    }
}
