//! What a refresh token may do.

use std::time::Duration;

use super::model::{StoredToken, TokenState};
use crate::base::clock::Timestamp;

/// For how long after its use a refresh token may come back without harm: two tabs
/// refresh at the same moment, and a client that got no answer within the 30 s that a
/// request may take asks again.
pub(super) const GRACE: Duration = Duration::from_secs(45);

/// What becomes of a request to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// Give a successor.
    Rotate,
    /// The token was used a moment ago: give the live token that came of it, once more.
    Follow,
    /// The answer with the successor was lost on its way, for nobody has used
    /// it: give another in its place.
    Replace,
    /// Somebody uses a token that somebody else has used on: end the session.
    EndFamily,
    /// The session is over, or never was, or goes on with another token.
    Refuse,
}

/// Decides about a token.
pub(super) fn refresh(token: &StoredToken, now: Timestamp) -> Refresh {
    if !token.alive {
        return Refresh::Refuse;
    }
    let is_recent = token.succeeded_at.is_some_and(|at| now.since(at) <= GRACE);
    match (token.state, token.successor_state, is_recent) {
        (TokenState::Live, _, _) => Refresh::Rotate,
        (TokenState::Used, Some(TokenState::Live | TokenState::Used), true) => Refresh::Follow,
        (TokenState::Used, Some(TokenState::Live), false) => Refresh::Replace,
        (TokenState::Superseded, Some(_), true) => Refresh::Refuse,
        (TokenState::Used | TokenState::Superseded, _, _) => Refresh::EndFamily,
    }
}
