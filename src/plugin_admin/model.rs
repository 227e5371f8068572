//! Bindings, and what a request wants of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId, CommunityId},
    },
    events::Trouble,
    hooks::{BreakerState, FailureMode, Grants, HookPoint, Mode},
    plugin_activations::Activation,
    plugin_envelopes::Limits,
};

/// Most bytes of settings: a rule file with 10,000 phrases.
pub const SETTINGS_MAX: usize = 1 << 20;
/// What can be changed of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which version.
    pub digest: String,
    /// What the plugin is given, as text.
    pub settings: Arc<str>,
    /// Whether it is asked, and whether its answer counts.
    pub mode: Mode,
    /// What happens when it cannot answer.
    pub failure_mode: FailureMode,
    /// Higher goes first.
    pub priority: i32,
    /// What it may do beyond answering.
    pub grants: Grants,
    /// How much of that, and how long it may take.
    pub limits: Limits,
}

/// As what somebody changed a binding; all that the public is told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedAs {
    /// Who runs the site.
    Admin,
    /// Who moderates the community.
    Moderator,
    /// A file in the watched folder.
    File,
    /// The server, to limit damage.
    System,
}

impl ChangedAs {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::File => "file",
            Self::System => "system",
        }
    }
}

/// Whose hand a change is.
#[derive(Clone, Debug)]
pub struct Hand {
    /// Whose account, if somebody's.
    pub account: Option<AccountId>,
    /// As what.
    pub role: ChangedAs,
    /// Why, when it is the server's.
    pub reason: Option<String>,
    /// What was wrong with the binding, when the server did it.
    pub trouble: Option<Trouble>,
}

impl Hand {
    /// Somebody with an account.
    pub fn person(actor: &Actor, role: ChangedAs) -> Self {
        Self { account: Some(actor.id), role, reason: None, trouble: None }
    }

    /// The server itself.
    pub fn system(trouble: Trouble, reason: impl Into<String>) -> Self {
        let (role, reason) = (ChangedAs::System, Some(reason.into()));
        Self { account: None, role, reason, trouble: Some(trouble) }
    }

    /// A file in the watched folder.
    pub fn file() -> Self {
        Self { account: None, role: ChangedAs::File, reason: None, trouble: None }
    }
}

/// A binding as stored.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Opaque.
    pub id: BindingId,
    /// Name of the plugin.
    pub plugin: String,
    /// Where it works; `None` is the whole site.
    pub scope: Option<CommunityId>,
    /// Slug of that community.
    pub community: Option<String>,
    /// What can be changed.
    pub terms: Terms,
    /// What the component says is its version.
    pub version: String,
    /// The hooks that the component exports.
    pub hooks: Vec<HookPoint>,
    /// What the version asks for.
    pub wanted: Grants,
    /// Counts changes, from 1.
    pub revision: i64,
    /// As what it was last changed.
    pub changed_as: ChangedAs,
    /// Why, when the server did it.
    pub reason: Option<String>,
    /// Moderators made it what it is: their envelope bounds it.
    pub is_bounded: bool,
    /// The file that says what it is.
    pub file: Option<ManagedBy>,
    /// Since when it is not called because somebody said so.
    pub quarantined_at: Option<Timestamp>,
    /// Counts what people did to its breaker.
    pub breaker_turns: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A file of the watched folder that says what a binding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedBy {
    /// Its name.
    pub file: String,
    /// SHA-256 of what it said when it was last applied.
    pub hash: String,
}

/// What a binding was for a time.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Which.
    pub revision: i64,
    /// What can be changed.
    pub terms: Terms,
    /// Since when it was so.
    pub changed_at: Timestamp,
    /// Whose change that was.
    pub changed_by: Option<AccountId>,
    /// As what.
    pub changed_as: ChangedAs,
    /// Why, when the server did it.
    pub reason: Option<String>,
}

/// Whether a binding does its work in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingState {
    /// It does.
    Active {
        /// Whether calls start from memory that has taken the settings already.
        snapshot: bool,
    },
    /// It could not be loaded.
    Failed {
        /// Why.
        error: String,
    },
    /// It is not called, because somebody said so or because it failed again and
    /// again: its failure mode applies.
    Quarantined {
        /// Since when.
        since: Timestamp,
        /// When a call is tried; `None` if only somebody can end it.
        until: Option<Timestamp>,
    },
    /// It is not to.
    Off,
}

/// A binding with all that its page shows.
#[derive(Clone, Debug)]
pub struct BindingPage {
    /// As stored.
    pub binding: Binding,
    /// As it runs here.
    pub state: BindingState,
    /// The field that the community's envelope does not allow any more.
    pub outside: Option<&'static str>,
    /// How the host finds it to do at each of its hooks.
    pub breakers: Vec<BreakerState>,
    /// The last attempt to put something to work as this binding.
    pub candidate: Option<Activation>,
    /// What it was before, the last first.
    pub previous: Vec<Revision>,
}

/// A binding that somebody wants.
#[derive(Clone, Debug)]
pub struct NewBinding {
    /// Name of the plugin.
    pub plugin: String,
    /// Slug of the community; `None` is the whole site.
    pub community: Option<String>,
    /// What is to differ from the defaults.
    pub change: Change,
}

/// What is to change of a binding; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Which version.
    pub digest: Option<String>,
    /// What the plugin is given.
    pub settings: Option<serde_json::Value>,
    /// Whether it is asked, and whether its answer counts.
    pub mode: Option<Mode>,
    /// What happens when it cannot answer.
    pub failure_mode: Option<FailureMode>,
    /// Higher goes first.
    pub priority: Option<i32>,
    /// All that it may do from now on.
    pub grants: Option<Grants>,
    /// All its bounds from now on.
    pub limits: Option<Limits>,
}
