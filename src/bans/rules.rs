//! When a ban holds, and whom it may not be set on. Pure.

use super::model::BanState;
use crate::base::{Error, clock::Timestamp, ids::AccountId};

/// Whether a ban is in force. It ends at `until`, not after.
pub(super) fn state(
    until: Option<Timestamp>,
    lifted_at: Option<Timestamp>,
    now: Timestamp,
) -> BanState {
    if lifted_at.is_some() {
        BanState::Lifted
    } else if until.is_some_and(|until| until <= now) {
        BanState::Expired
    } else {
        BanState::Active
    }
}

/// Refuses bans on oneself and on those who moderate the place, whoever or
/// whatever bans.
pub(super) fn may_set(
    person: Option<AccountId>,
    target: AccountId,
    target_moderates: bool,
) -> Result<(), Error> {
    if person == Some(target) {
        return Err(Error::conflict("self_ban", "You cannot ban yourself."));
    }
    if target_moderates {
        return Err(Error::conflict(
            "moderates_here",
            "Those who moderate here cannot be banned here.",
        ));
    }
    Ok(())
}

/// What somebody is told who may not do something because of a ban.
pub(super) fn refusal(reason: &str, until: Option<Timestamp>) -> Error {
    let mut message = match until {
        Some(until) => format!("A ban forbids you this until {until}."),
        None => "A ban forbids you this.".to_owned(),
    };
    if !reason.is_empty() {
        message.push_str(" Reason: ");
        message.push_str(reason);
    }
    Error::forbidden("banned", message)
}
