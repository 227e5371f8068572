//! The rules of refreshing.

use uuid::Uuid;

use super::{
    model::{StoredToken, TokenState},
    rules::{Refresh, refresh},
};

fn token(state: TokenState, successor_state: Option<TokenState>, alive: bool) -> StoredToken {
    StoredToken {
        session: Uuid::nil().into(),
        account: Uuid::nil().into(),
        alive,
        state,
        successor: successor_state.map(|_| vec![0; 32]),
        successor_state,
    }
}

#[test]
fn every_state_of_a_refresh_token() {
    use TokenState::{Live, Superseded, Used};
    let table = [
        (token(Live, None, true), Refresh::Rotate),
        (token(Used, Some(Live), true), Refresh::Replace),
        (token(Used, Some(Used), true), Refresh::EndFamily),
        (token(Used, Some(Superseded), true), Refresh::EndFamily),
        (token(Used, None, true), Refresh::EndFamily),
        (token(Superseded, None, true), Refresh::EndFamily),
        (token(Live, None, false), Refresh::Refuse),
        (token(Used, Some(Used), false), Refresh::Refuse),
    ];
    for (token, expected) in table {
        assert_eq!(refresh(&token), expected, "{token:?}");
    }
}
