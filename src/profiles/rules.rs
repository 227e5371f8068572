//! Which accounts profile moderation applies to, and its refusals. Pure.

use super::model::ProfilePart;
use crate::{
    accounts::Account,
    base::{
        Error, FieldError,
        actor::{Actor, SiteRole},
    },
    mod_actions::parse_reason,
};

/// Refuses everybody but admins.
pub(super) fn admins_only(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("admins_only", "Only admins moderate profiles."))
}

/// Refuses acts on admins, the actor included, and on the accounts of plugins.
pub(super) fn may_moderate(account: &Account) -> Result<(), Error> {
    if account.role == SiteRole::Admin {
        let message = "The account is an admin's. Take the role of admin away first.";
        return Err(Error::conflict("admin_account", message));
    }
    if account.is_bot {
        let message = "A plugin writes through the account. Remove the plugin's binding.";
        return Err(Error::conflict("bot_account", message));
    }
    Ok(())
}

/// The reason, which the person is told.
pub(super) fn reason(text: &str) -> Result<String, Error> {
    let reason = parse_reason(Some(text))?;
    Ok(reason.ok_or_else(|| FieldError::new("reason", "required", "must be given"))?)
}

/// The refusal of a removal of what is not there.
pub(super) fn nothing_to_remove() -> Error {
    let message = "The account has nothing of this to remove.";
    Error::conflict("nothing_to_remove", message)
}

/// The refusal of a restoration of what is not kept.
pub(super) fn nothing_to_restore() -> Error {
    Error::conflict("nothing_to_restore", "Nothing removed is kept that could be restored.")
}

/// The refusal of a restoration after the person set another bio or avatar.
pub(super) fn changed_since(part: ProfilePart) -> Error {
    let message = format!("The person has set another {} since the removal.", part.as_str());
    Error::conflict("profile_changed", message)
}
