//! Who acts and who looks.

use super::{
    clock::Timestamp,
    ids::{AccountId, BindingId, DecisionId, SessionId},
};

/// What an account may do on the whole site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteRole {
    /// Takes part.
    Member,
    /// Runs the site; moderates every community.
    Admin,
}

impl SiteRole {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    /// From what is stored; what is unknown has no power.
    pub fn from_stored(text: &str) -> Self {
        if text == "admin" { Self::Admin } else { Self::Member }
    }
}

/// Somebody who is signed in, with the facts that rules and plugins ask for.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Whose account.
    pub id: AccountId,
    /// Through which session.
    pub session: SessionId,
    /// The name others see.
    pub username: String,
    /// What the account may do on the whole site.
    pub role: SiteRole,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Whether the mail address was confirmed.
    pub verified: bool,
    /// Published posts.
    pub post_count: i64,
    /// Published comments.
    pub comment_count: i64,
    /// Up minus down votes on what the actor published.
    pub score: i64,
    /// Warnings that stand.
    pub strikes: i64,
    /// What plugins and moderators labelled the account with.
    pub labels: Vec<String>,
    /// The binding that acts through this account, if it is a plugin's bot.
    pub bot_of: Option<BindingId>,
}

impl Actor {
    /// Whether this is an admin.
    pub fn is_admin(&self) -> bool {
        self.role == SiteRole::Admin
    }
}

/// A plugin's effect, in place of a person who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automation {
    /// Name of the plugin.
    pub plugin: String,
    /// Whose effect it is.
    pub binding: BindingId,
    /// Which decision wanted it.
    pub decision: DecisionId,
}

/// Who does something that moderators do.
#[derive(Clone, Copy, Debug)]
pub enum Agent<'a> {
    /// A person: what they may is to be checked.
    Person(&'a Actor),
    /// A plugin: what it may was granted.
    Plugin(&'a Automation),
}

impl<'a> Agent<'a> {
    /// The person, if it is one.
    pub fn person(self) -> Option<&'a Actor> {
        match self {
            Self::Person(actor) => Some(actor),
            Self::Plugin(_) => None,
        }
    }

    /// The plugin's effect, if it is one.
    pub fn plugin(self) -> Option<&'a Automation> {
        match self {
            Self::Person(_) => None,
            Self::Plugin(automation) => Some(automation),
        }
    }
}

/// Who looks: decides what is visible. `None` is somebody who is not signed in.
pub type Viewer<'a> = Option<&'a Actor>;
