//! What moderation does, to what, and how it is taken back.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::{
        FieldError,
        clock::Timestamp,
        ids::{AccountId, ActionId, BanId, CommentId, CommunityId, PostId},
        text::{clean_lines, length},
    },
    db::SITE,
    events::Content,
};

/// Most characters of a reason, as of a ban's.
const REASON_MAX: usize = 1_000;

/// One line for each kind of act: its name in the program, its name in storage and
/// in the API, and what the act did. A new kind needs no migration.
macro_rules! kinds {
    ($($variant:ident $name:literal $doc:literal)*) => {
        /// The kind of an act.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ActionKind {
            $(#[doc = $doc] $variant,)*
        }

        impl ActionKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in storage and in the API.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    Remove "remove" "Content was removed."
    Restore "restore" "Removed content was restored."
    Lock "lock" "A thread was closed to new comments."
    Unlock "unlock" "A locked thread was opened again."
    Warn "warn" "An account got a strike."
    WithdrawWarning "withdraw_warning" "A strike was withdrawn."
    Ban "ban" "An account was banned."
    LiftBan "lift_ban" "A ban was ended."
    Label "label" "A label was put on content or an account."
    Unlabel "unlabel" "A label was taken off."
    Mark "mark" "Content got a public mark."
    Unmark "unmark" "Content lost a public mark."
    SlowMode "slow_mode" "Slow mode of a post or a community was set or ended."
    Prioritise "prioritise" "Review items got another priority."
    Approve "approve" "Held content, a held account or a held picture was approved."
    Refuse "refuse" "A held edit, account or picture was refused."
    DismissReport "dismiss_report" "Reports were settled, and what they are about stays."
    DenyAppeal "deny_appeal" "An appeal was denied."
    GrantAppeal "grant_appeal" "An appeal against a refusal was granted."
    ChangeRole "change_role" "An account got another role on the site."
    ReleaseName "release_name" "The name of a closed account may be taken again."
    RemoveBio "remove_bio" "The bio of an account was removed."
    RestoreBio "restore_bio" "A removed bio was restored."
    RemoveAvatar "remove_avatar" "The avatar of an account was removed."
    RestoreAvatar "restore_avatar" "A removed avatar was restored."
    Rename "rename" "An account got another name."
    CloseAccount "close_account" "An account was closed by an admin."
    CreateCommunity "create_community" "A community was created."
    EditCommunity "edit_community" "The name or the description of a community was changed."
    AppointModerator "appoint_moderator" "A member became a moderator of a community."
    DismissModerator "dismiss_moderator" "A moderator became a plain member, or left."
    SetEnvelope "set_envelope" "The bounds for the plugins of a community were set."
    UploadPlugin "upload_plugin" "A version of a plugin was uploaded."
    BindPlugin "bind_plugin" "A plugin was bound."
    ChangeBinding "change_binding" "A binding was changed."
    UnbindPlugin "unbind_plugin" "A binding was removed."
    QuarantineBinding "quarantine_binding" "A binding was put into quarantine."
    EndQuarantine "end_quarantine" "The quarantine of a binding was ended."
    CancelReplay "cancel_replay" "A replay was cancelled."
    Undo "undo" "An undo of what a binding did was started."
    CreateWebhook "create_webhook" "A webhook was created."
    DeleteWebhook "delete_webhook" "A webhook was deleted."
    RotateWebhookSecret "rotate_webhook_secret" "A webhook got another secret."
    RetryJob "retry_job" "A job was scheduled again."
    DropJob "drop_job" "A job was dropped."
}

impl ActionKind {
    /// Whether the act is one of administration: plugins, webhooks, jobs and places. Such
    /// acts are in the log, and no event tells of them.
    pub(super) fn is_administration(self) -> bool {
        matches!(
            self,
            Self::CreateCommunity
                | Self::EditCommunity
                | Self::SetEnvelope
                | Self::UploadPlugin
                | Self::BindPlugin
                | Self::ChangeBinding
                | Self::UnbindPlugin
                | Self::QuarantineBinding
                | Self::EndQuarantine
                | Self::CancelReplay
                | Self::Undo
                | Self::CreateWebhook
                | Self::DeleteWebhook
                | Self::RotateWebhookSecret
                | Self::RetryJob
                | Self::DropJob
        )
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// From a query.
    pub(super) fn parse(text: &str) -> Result<Self, FieldError> {
        Self::from_stored(text)
            .ok_or_else(|| FieldError::new("kind", "unknown", "is not a kind of act"))
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

/// A matter that a person is about to decide, with everybody whom it concerns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matter {
    /// The community; `None` is the whole site.
    pub community: Option<CommunityId>,
    /// The author of the content, or the account that is banned, warned or reported.
    pub about: Option<AccountId>,
    /// The only reporter.
    pub reported_by: Option<AccountId>,
    /// The person whose act is appealed.
    pub done_by: Option<AccountId>,
}

/// Ties of a person to a matter. The closest is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// The person did what is appealed.
    Act,
    /// Nobody but the person has reported it.
    Report,
    /// The matter is about the person.
    Subject,
}

impl Tie {
    pub(super) const ALL: [Self; 3] = [Self::Act, Self::Report, Self::Subject];
}

impl Matter {
    /// The account with this tie.
    pub(super) fn tied(&self, tie: Tie) -> Option<AccountId> {
        match tie {
            Tie::Act => self.done_by,
            Tie::Report => self.reported_by,
            Tie::Subject => self.about,
        }
    }
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
    /// The label, the mark, the new role, the names before and after: what the kind
    /// and the target do not say.
    pub detail: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What takes it back; `None` for what takes something back itself.
    pub inverse: Option<Inverse>,
}

impl NewAction {
    /// An act without a detail, a reason and an inverse. It strikes the account that
    /// it is done to, and happens in the community that it is done to.
    pub fn of(kind: ActionKind, target: Target) -> Self {
        let (account, community) = match target {
            Target::Account(account) => (Some(account), None),
            Target::Community(community) => (None, Some(community)),
            Target::Post(_) | Target::Comment(_) | Target::Site => (None, None),
        };
        Self { kind, target, account, community, detail: None, reason: None, inverse: None }
    }

    /// An act on a community, or on the site where there is no community.
    pub fn in_place(kind: ActionKind, community: Option<CommunityId>) -> Self {
        Self::of(kind, community.map_or(Target::Site, Target::Community))
    }
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
    /// The label, the mark, the new role, the names before and after.
    pub detail: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What takes it back.
    pub inverse: Option<Inverse>,
    /// The ban with which it was done.
    pub ban: Option<BanId>,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
    /// Name of the person who took it back, if one did.
    pub undone_by: Option<String>,
    /// Whether a person acted on their own content or account.
    pub own_matter: bool,
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
