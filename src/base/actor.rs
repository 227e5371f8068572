//! Who acts and who looks.

use super::{
    clock::Timestamp,
    ids::{AccountId, SessionId},
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
}

impl Actor {
    /// Whether this is an admin.
    pub fn is_admin(&self) -> bool {
        self.role == SiteRole::Admin
    }
}

/// Who looks: decides what is visible. `None` is somebody who is not signed in.
pub type Viewer<'a> = Option<&'a Actor>;
