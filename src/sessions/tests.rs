//! The rules of refreshing.

use uuid::Uuid;

use super::{
    model::{StoredToken, TokenState},
    rules::{GRACE, Refresh, refresh},
};
use crate::base::clock::Timestamp;

/// When the token's place was taken, if it was.
const SUCCEEDED: Timestamp = Timestamp(1_000_000);

fn token(state: TokenState, successor_state: Option<TokenState>, alive: bool) -> StoredToken {
    StoredToken {
        session: Uuid::nil().into(),
        account: Uuid::nil().into(),
        alive,
        state,
        successor: successor_state.map(|_| vec![0; 32]),
        successor_state,
        succeeded_at: successor_state.map(|_| SUCCEEDED),
    }
}

#[test]
fn every_state_of_a_refresh_token() {
    use TokenState::{Live, Superseded, Used};
    let millisecond = std::time::Duration::from_millis(1);
    let (within, after) = (SUCCEEDED.plus(GRACE), SUCCEEDED.plus(GRACE + millisecond));
    let table = [
        (token(Used, Some(Live), true), Refresh::Follow),
        (token(Used, Some(Used), true), Refresh::Follow),
        (token(Superseded, Some(Live), true), Refresh::Refuse),
        (token(Used, None, true), Refresh::EndFamily),
        (token(Superseded, None, true), Refresh::EndFamily),
        (token(Live, None, true), Refresh::Rotate),
        (token(Live, None, false), Refresh::Refuse),
        (token(Used, Some(Used), false), Refresh::Refuse),
    ];
    for (token, expected) in table {
        assert_eq!(refresh(&token, within), expected, "{token:?}");
    }
    let table = [
        (token(Live, None, true), Refresh::Rotate),
        (token(Used, Some(Live), true), Refresh::Replace),
        (token(Used, Some(Used), true), Refresh::EndFamily),
        (token(Used, Some(Superseded), true), Refresh::EndFamily),
        (token(Used, None, true), Refresh::EndFamily),
        (token(Superseded, None, true), Refresh::EndFamily),
        (token(Superseded, Some(Live), true), Refresh::EndFamily),
        (token(Live, None, false), Refresh::Refuse),
        (token(Used, Some(Used), false), Refresh::Refuse),
    ];
    for (token, expected) in table {
        assert_eq!(refresh(&token, after), expected, "{token:?}");
    }
}
