//! What a session is, and what its tokens are.

use std::time::Duration;

use crate::base::{
    clock::Timestamp,
    ids::{AccountId, SessionId},
    secret::Secret,
};

/// One login on one device.
#[derive(Clone, Debug)]
pub struct Session {
    /// Opaque.
    pub id: SessionId,
    /// What the client called itself.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last got a new access token.
    pub used_at: Timestamp,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// What a client needs to act and to stay signed in.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The session that they belong to.
    pub session: SessionId,
    /// Proves the session at each request.
    pub access_token: Secret<String>,
    /// How long that is valid.
    pub access_lifetime: Duration,
    /// Gets the next grant, once.
    pub refresh_token: Secret<String>,
}

/// What is checked at sign in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose.
    pub id: AccountId,
    /// Whether the account can be used; false while it is held or closed.
    pub active: bool,
    /// A PHC string; none once the account is closed.
    pub password_hash: Option<String>,
    /// Whether the account was signed in to from this network before.
    pub is_known_network: bool,
}

/// The password hash of an account that was just verified: what its owner may do by the
/// password is written only while this is the account's hash.
#[derive(Clone, Debug)]
pub struct Verified(Secret<String>);

impl Verified {
    pub(super) fn new(hash: String) -> Self {
        Self(Secret::new(hash))
    }

    /// The hash, for the condition of a statement.
    pub fn hash(&self) -> String {
        self.0.expose().clone()
    }
}

/// What is stored of a refresh token.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// The session that it belongs to.
    pub session: SessionId,
    /// Whose session.
    pub account: AccountId,
    /// Whether that session is still going on.
    pub alive: bool,
    /// Where the token is in its life.
    pub state: TokenState,
    /// The token that came after it.
    pub successor: Option<Vec<u8>>,
    /// Where that one is in its life.
    pub successor_state: Option<TokenState>,
    /// When that one took its place.
    pub succeeded_at: Option<Timestamp>,
}

/// Where a refresh token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// May be used.
    Live,
    /// Was used, and has a successor.
    Used,
    /// Another took its place because its answer had been lost.
    Superseded,
}

impl TokenState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Used => "used",
            Self::Superseded => "superseded",
        }
    }

    /// From what is stored; what is unknown may not be used.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "live" => Self::Live,
            "used" => Self::Used,
            _ => Self::Superseded,
        }
    }
}
