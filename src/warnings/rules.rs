//! Who may be warned by whom. Pure.

use crate::base::{Error, ids::AccountId};

/// Refuses warnings to oneself and to those who moderate the place, whoever or
/// whatever warns.
pub(super) fn may_warn(
    person: Option<AccountId>,
    account: AccountId,
    target_moderates: bool,
) -> Result<(), Error> {
    if person == Some(account) {
        return Err(Error::conflict("self_warning", "You cannot warn yourself."));
    }
    if target_moderates {
        return Err(Error::conflict(
            "moderates_there",
            "Those who moderate there cannot be warned there.",
        ));
    }
    Ok(())
}
