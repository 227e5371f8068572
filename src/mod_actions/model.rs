//! What moderation does, to what, and how it is taken back.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        FieldError,
        clock::Timestamp,
        ids::{AccountId, ActionId, CommentId, CommunityId, PostId},
        text::{clean_lines, length},
    },
    db::SITE,
    events::Content,
};

/// Most characters of a reason, as of a ban's.
const REASON_MAX: usize = 1_000;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Content was taken away.
    Remove,
    /// Content was given back.
    Restore,
    /// A thread was closed to new comments.
    Lock,
    /// A thread was opened again.
    Unlock,
    /// An account got a strike.
    Warn,
    /// A strike was taken back.
    WithdrawWarning,
    /// An account was banned.
    Ban,
    /// A ban was ended.
    LiftBan,
    /// A label was put on something.
    Label,
    /// A label was taken off.
    Unlabel,
    /// Content got a public mark.
    Mark,
    /// Content lost a public mark.
    Unmark,
    /// Comments were slowed down, or not any more.
    SlowMode,
    /// What waits got another place in the queue.
    Prioritise,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Remove,
        Self::Restore,
        Self::Lock,
        Self::Unlock,
        Self::Warn,
        Self::WithdrawWarning,
        Self::Ban,
        Self::LiftBan,
        Self::Label,
        Self::Unlabel,
        Self::Mark,
        Self::Unmark,
        Self::SlowMode,
        Self::Prioritise,
    ];

    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Restore => "restore",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Warn => "warn",
            Self::WithdrawWarning => "withdraw_warning",
            Self::Ban => "ban",
            Self::LiftBan => "lift_ban",
            Self::Label => "label",
            Self::Unlabel => "unlabel",
            Self::Mark => "mark",
            Self::Unmark => "unmark",
            Self::SlowMode => "slow_mode",
            Self::Prioritise => "prioritise",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// From a query.
    pub(super) fn parse(text: &str) -> Result<Self, FieldError> {
        Self::from_stored(text)
            .ok_or_else(|| FieldError::new("kind", "unknown", "is nothing that moderation does"))
    }
}

/// What something was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A post.
    Post(PostId),
    /// A comment.
    Comment(CommentId),
    /// An account.
    Account(AccountId),
    /// A community.
    Community(CommunityId),
    /// The whole site.
    Site,
}

impl Target {
    /// Its kind, as stored and in the API.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Comment(_) => "comment",
            Self::Account(_) => "account",
            Self::Community(_) => "community",
            Self::Site => "site",
        }
    }

    /// Its id; zeros for the site.
    pub fn id(self) -> Uuid {
        match self {
            Self::Post(id) => id.0,
            Self::Comment(id) => id.0,
            Self::Account(id) => id.0,
            Self::Community(id) => id.0,
            Self::Site => SITE,
        }
    }

    /// From what is stored.
    pub fn from_stored(kind: &str, id: Uuid) -> Option<Self> {
        Some(match kind {
            "post" => Self::Post(id.into()),
            "comment" => Self::Comment(id.into()),
            "account" => Self::Account(id.into()),
            "community" => Self::Community(id.into()),
            "site" => Self::Site,
            _ => return None,
        })
    }

    /// The content, if it is some.
    pub fn content(self) -> Option<Content> {
        match self {
            Self::Post(id) => Some(Content::Post(id.0)),
            Self::Comment(id) => Some(Content::Comment(id.0)),
            Self::Account(_) | Self::Community(_) | Self::Site => None,
        }
    }
}

impl From<Content> for Target {
    fn from(content: Content) -> Self {
        match content {
            Content::Post(id) => Self::Post(id.into()),
            Content::Comment(id) => Self::Comment(id.into()),
        }
    }
}

/// A pause between two comments of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowMode {
    /// Milliseconds.
    pub interval: i64,
    /// When it ends; `None`: when it is ended.
    pub until: Option<Timestamp>,
}

/// What takes an action back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Inverse {
    /// Giving the content back.
    Restore,
    /// Opening the thread.
    Unlock,
    /// Withdrawing a warning.
    WithdrawWarning {
        /// Which.
        warning: Uuid,
    },
    /// Lifting a ban.
    LiftBan {
        /// Which.
        ban: Uuid,
    },
    /// Taking a label off.
    Unlabel {
        /// Which.
        label: String,
    },
    /// Taking a mark off.
    Unmark {
        /// Which.
        mark: String,
    },
    /// The pause that there was before, or none.
    SlowMode {
        /// As it was.
        previous: Option<SlowMode>,
    },
    /// The place in the queue that it had before.
    Priority {
        /// As it was.
        previous: i64,
    },
}

/// An action that a moderator wants to take.
#[derive(Clone, Copy, Debug)]
pub struct Proposed<'a> {
    /// What.
    pub kind: ActionKind,
    /// With what.
    pub target: Target,
    /// Whom it strikes.
    pub account: AccountId,
    /// Where: id and slug; `None` is the whole site.
    pub community: Option<(CommunityId, &'a str)>,
    /// For a ban: the post, community or site that it is from.
    pub scope: Uuid,
    /// Whether the actor moderates there, and does not act as an author.
    pub moderates: bool,
    /// Why.
    pub reason: Option<&'a str>,
}

/// An action that waits for another moderator who wants the same.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Opaque.
    pub id: Uuid,
    /// What is to be done.
    pub kind: ActionKind,
    /// With what.
    pub target: Target,
    /// Why it waits, in a policy's words.
    pub message: String,
    /// Until when the second can come.
    pub until: Timestamp,
}

/// What became of something that a moderator wanted.
#[derive(Clone, Debug)]
pub enum Acted<T> {
    /// It was done.
    Done(T),
    /// Another moderator has to want it as well.
    NeedsSecond(Pending),
}

/// Something that was done, for the log.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// What.
    pub kind: ActionKind,
    /// To what.
    pub target: Target,
    /// Whom it strikes.
    pub account: Option<AccountId>,
    /// Where; `None` is the whole site.
    pub community: Option<CommunityId>,
    /// Why.
    pub reason: Option<String>,
    /// What takes it back; `None` for what takes something back itself.
    pub inverse: Option<Inverse>,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub struct LoggedAction {
    /// Opaque, in the order of time.
    pub id: ActionId,
    /// What was done.
    pub kind: ActionKind,
    /// Who did it, if a person.
    pub actor: Option<AccountId>,
    /// Name of that person.
    pub actor_name: Option<String>,
    /// Name of the plugin whose effect it is, if it is one's.
    pub plugin: Option<String>,
    /// That plugin's binding.
    pub binding: Option<Uuid>,
    /// The decision that wanted it.
    pub decision: Option<Uuid>,
    /// To what.
    pub target: Target,
    /// Whom it struck.
    pub account: Option<AccountId>,
    /// Name of whom it struck.
    pub account_name: Option<String>,
    /// Where; `None` is the whole site.
    pub community: Option<CommunityId>,
    /// Slug of where.
    pub slug: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What takes it back.
    pub inverse: Option<Inverse>,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
    /// Name of the person who took it back, if one did.
    pub undone_by: Option<String>,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct LogFilter {
    /// In this community, by slug.
    pub(super) community: Option<String>,
    /// Of this kind.
    pub(super) kind: Option<ActionKind>,
    /// That struck this account, by name.
    pub(super) account: Option<String>,
    /// To what has this id.
    pub(super) target: Option<Uuid>,
}

/// A reason for what is done; `None` for none.
pub fn parse_reason(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let reason = clean_lines(text.unwrap_or_default());
    if length(&reason) > REASON_MAX {
        let message = format!("must have at most {REASON_MAX} characters");
        return Err(FieldError::new("reason", "length", message));
    }
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}
