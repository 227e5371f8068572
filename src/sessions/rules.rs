//! What a refresh token may do.

use super::model::{StoredToken, TokenState};

/// What becomes of a request to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// Give a successor.
    Rotate,
    /// The answer with the successor was lost on its way, for nobody has used
    /// it: give another in its place.
    Replace,
    /// Somebody uses a token that somebody else has used on: end the session.
    EndFamily,
    /// The session is over, or never was.
    Refuse,
}

/// Decides about a token.
pub(super) fn refresh(token: &StoredToken) -> Refresh {
    if !token.alive {
        return Refresh::Refuse;
    }
    match (token.state, token.successor_state) {
        (TokenState::Live, _) => Refresh::Rotate,
        (TokenState::Used, Some(TokenState::Live)) => Refresh::Replace,
        (TokenState::Used | TokenState::Superseded, _) => Refresh::EndFamily,
    }
}
