//! Warning somebody, and taking a warning back.

use super::{
    model::Warning,
    rules,
    store::{self, NewWarning},
};
use crate::{
    base::{
        Error,
        actor::Agent,
        clock::Timestamp,
        ids::{AccountId, CommunityId, WarningId},
    },
    db::Tx,
    mod_actions::{self, ActionKind, Inverse, NewAction, Target},
};

/// Gives an account a strike, in a community or on the whole site, with its row
/// in the log. Whether the agent may is for the caller to know, but for whom
/// nobody may warn.
pub async fn warn_in(
    tx: &mut Tx,
    agent: Agent<'_>,
    (account, community): (AccountId, Option<CommunityId>),
    reason: &str,
    now: Timestamp,
) -> Result<WarningId, Error> {
    let warned = store::find_warned(tx, community, account).await?.ok_or(Error::NotFound)?;
    rules::may_warn(agent, account, warned.moderates)?;
    let id = WarningId::new(now);
    store::insert_warning(tx, agent, &NewWarning { id, account, community, reason }, now).await?;
    let action = NewAction {
        kind: ActionKind::Warn,
        target: Target::Account(account),
        account: Some(account),
        community,
        reason: Some(reason.to_owned()),
        inverse: Some(Inverse::WithdrawWarning { warning: id.0 }),
    };
    mod_actions::record(tx, agent, &action, now).await?;
    Ok(id)
}

/// Takes a warning back; whether it stood.
pub async fn withdraw_in(
    tx: &mut Tx,
    agent: Agent<'_>,
    id: WarningId,
    now: Timestamp,
) -> Result<bool, Error> {
    let warning = store::find_warning(tx, id).await?.ok_or(Error::NotFound)?;
    if !store::withdraw(tx, agent, &warning, now).await? {
        return Ok(false);
    }
    let target = Target::Account(warning.account);
    let inverse = Inverse::WithdrawWarning { warning: id.0 };
    mod_actions::undone(tx, agent, (target, ActionKind::Warn), Some(&inverse), now).await?;
    let action = NewAction {
        kind: ActionKind::WithdrawWarning,
        target,
        account: Some(warning.account),
        community: warning.community,
        reason: None,
        inverse: None,
    };
    mod_actions::record(tx, agent, &action, now).await?;
    Ok(true)
}

/// A warning.
pub async fn find(tx: &mut Tx, id: WarningId) -> Result<Option<Warning>, Error> {
    Ok(store::find_warning(tx, id).await?)
}
