//! Everything that can have happened, as ids: what the outbox stores. Who
//! listens is said in `workers.rs`; whoever listens looks up what it needs, as
//! it then stands.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{
    actor::{Actor, Agent},
    clock::Timestamp,
    ids::new_uuid,
};

/// A post or a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// By its id.
    Post(Uuid),
    /// By its id.
    Comment(Uuid),
}

impl Content {
    /// Its id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Post(id) | Self::Comment(id) => id,
        }
    }
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Whose it is.
    Author,
    /// Somebody with the right to.
    Moderator,
    /// An effect of a plugin.
    Plugin,
    /// A moderator, with a ban: the author is told of the ban alone.
    Ban,
}

impl Origin {
    /// As others are told: what is removed with a ban, a moderator removed.
    #[must_use]
    pub fn told(self) -> Self {
        match self {
            Self::Ban => Self::Moderator,
            other => other,
        }
    }
}

/// What a person made of a plugin's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It stands though a plugin held or removed it.
    Approved,
    /// It is gone though plugins let it through.
    Removed,
}

/// What is wrong with a binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It failed too often: it is not asked for a while.
    #[default]
    Quarantined,
    /// It wanted more effects than its budget has: it is only listened to.
    BudgetSpent,
    /// It failed after a change: it is again what it was before.
    RolledBack,
}

impl Trouble {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::BudgetSpent => "budget_spent",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Content can be seen, for the first time or with new words.
    ContentPublished {
        /// Which.
        content: Content,
        /// It stood before.
        edited: bool,
    },
    /// Content waits for a moderator.
    ContentHeld {
        /// Which.
        content: Content,
    },
    /// A moderator let content that waited be seen.
    ContentApproved {
        /// Which.
        content: Content,
    },
    /// Content was taken away.
    ContentRemoved {
        /// Which.
        content: Content,
        /// By whom.
        by: Origin,
    },
    /// An account can be used.
    AccountRegistered {
        /// Which.
        account: Uuid,
    },
    /// Somebody reported something.
    ReportCreated {
        /// Which report.
        report: Uuid,
    },
    /// A moderator or an effect acted: removed, restored, locked, warned, banned.
    ModActionApplied {
        /// Which row of the log of actions.
        action: Uuid,
    },
    /// Somebody appealed.
    AppealSubmitted {
        /// Which appeal.
        appeal: Uuid,
    },
    /// An appeal was decided.
    AppealDecided {
        /// Which appeal.
        appeal: Uuid,
    },
    /// A person settled a review item.
    ReviewItemResolved {
        /// Id of the item.
        item: Uuid,
    },
    /// A person decided otherwise than the plugins that were asked.
    DecisionOverridden {
        /// What the plugins had been asked: the id of their event.
        asked: Uuid,
        /// What became of it.
        resolution: Resolution,
    },
    /// Plugins that were asked want effects.
    EffectsWanted {
        /// What they had been asked: the id of their event.
        asked: Uuid,
    },
    /// Something is wrong with a binding, or was.
    BindingTrouble {
        /// Which binding.
        binding: Uuid,
        /// What is.
        #[serde(default)]
        trouble: Trouble,
    },
    /// A binding has had twice as many effects in an hour as it may.
    BudgetSpent {
        /// Which binding.
        binding: Uuid,
    },
    /// It is time for what happens every few minutes.
    Ticked {
        /// When it was last.
        previous: Option<Timestamp>,
    },
    /// A notification is to be sent.
    NotificationMade {
        /// Which.
        notification: Uuid,
    },
}

/// An event with its circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Time-ordered; what is done because of it is done once for each id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Whose doing it is, if a person's.
    pub actor: Option<Uuid>,
    /// The binding whose effect it is, if one: that plugin is not asked about it.
    pub binding: Option<Uuid>,
    /// What happened.
    pub event: Event,
}

/// Whose doing something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The account of a person.
    Person(Uuid),
    /// The binding whose effect it is.
    Plugin(Uuid),
    /// Nobody's: it was time.
    Server,
}

impl From<&Actor> for Cause {
    fn from(actor: &Actor) -> Self {
        actor.bot_of.map_or(Self::Person(actor.id.0), |binding| Self::Plugin(binding.0))
    }
}

impl From<Agent<'_>> for Cause {
    fn from(agent: Agent<'_>) -> Self {
        match agent {
            Agent::Person(actor) => actor.into(),
            Agent::Plugin(automation) => Self::Plugin(automation.binding.0),
        }
    }
}

impl Occurrence {
    /// Something that happens now.
    pub fn new(at: Timestamp, cause: impl Into<Cause>, event: Event) -> Self {
        let (actor, binding) = match cause.into() {
            Cause::Person(actor) => (Some(actor), None),
            Cause::Plugin(binding) => (None, Some(binding)),
            Cause::Server => (None, None),
        };
        Self { id: new_uuid(at), at, actor, binding, event }
    }
}
