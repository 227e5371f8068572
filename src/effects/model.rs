//! Effects that are wanted, and what became of them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    base::ids::{AccountId, BindingId, CommunityId, DecisionId},
    events::Content,
    hooks::{Effect, Grants},
};

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectState {
    /// It was done.
    Applied,
    /// It was not done, and will not be.
    Refused,
    /// People were asked to look.
    Queued,
    /// It was done and taken back.
    Undone,
}

impl EffectState {
    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Queued => "queued",
            Self::Undone => "undone",
        }
    }
}

/// What takes an effect back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// Taking back an action of the log.
    Action(Uuid),
    /// Withdrawing a warning.
    Warning(Uuid),
    /// Lifting a ban.
    Ban(Uuid),
    /// Taking the bot's comment away.
    Reply(Uuid),
    /// Telling whoever was told.
    Notice,
}

/// The terms that a binding is at work on now.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) binding: BindingId,
    /// Name of the plugin.
    pub(super) plugin: String,
    /// Where it is at work; `None` is the whole site.
    pub(super) scope: Option<CommunityId>,
    /// It is obeyed still.
    pub(super) is_obeyed: bool,
    pub(super) grants: Grants,
    pub(super) effects_per_hour: u32,
}

/// A decision that wants effects.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) decision: DecisionId,
    pub(super) event: Uuid,
    pub(super) revision: i64,
    pub(super) terms: Terms,
    pub(super) effects: Vec<Effect>,
    /// What the event was about, by whose deed, and where.
    pub(super) about: Option<Uuid>,
    pub(super) actor: Option<AccountId>,
    pub(super) community: Option<CommunityId>,
}

/// What an effect is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Struck {
    /// A post or a comment.
    Content(Content, ContentFacts),
    /// An account.
    Account(AccountId),
    /// A community.
    Community(CommunityId),
    /// Nothing that is there.
    Missing,
    /// It is told to people, or to other servers.
    Nothing,
}

/// Content as far as effects need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContentFacts {
    pub(super) author: AccountId,
    pub(super) community: CommunityId,
    /// The post itself, or the one that it is a comment on.
    pub(super) post: Uuid,
    /// Everybody may read it.
    pub(super) is_published: bool,
    /// It waits for a moderator.
    pub(super) is_held: bool,
    /// The plugin whose bot wrote it.
    pub(super) bot: Option<String>,
    /// Title and body.
    pub(super) text: String,
}

/// An effect's row.
#[derive(Clone, Debug)]
pub(super) struct NewEffect<'a> {
    pub(super) id: Uuid,
    pub(super) wish: &'a Wish,
    pub(super) number: usize,
    pub(super) effect: &'a Effect,
    pub(super) target: Option<Uuid>,
    pub(super) once: [u8; 32],
}

/// What was done for an effect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Done {
    /// It, with what takes it back; `None` when it was so already.
    Applied(Option<Inverse>),
    /// Nothing yet: policies are asked about it first, outside of a transaction.
    Later,
    /// People were asked instead.
    Queued,
}
