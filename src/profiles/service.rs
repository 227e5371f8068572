//! Removing and restoring parts of profiles, renaming accounts and closing accounts.

use std::time::Duration;

use super::{
    model::{ProfilePart, RemovedPart},
    rules,
    store::{self, OldPart},
};
use crate::{
    accounts::{self, Account, Accounts, Username},
    attachments,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Timestamp,
        ids::AccountId,
    },
    db::Tx,
    mod_actions::{self, ActionKind, NewAction, Target, parse_reason},
};

/// How long a removed bio or avatar is kept for staff: as long as a refused text waits
/// for an appeal.
pub const KEEP_REMOVED: Duration = Duration::from_hours(30 * 24);
/// Removed parts that are erased in one transaction: some milliseconds of the writer.
const ERASE_BATCH: u32 = 100;

/// Moderation of profiles; cheap to clone.
#[derive(Clone)]
pub struct Profiles {
    accounts: Accounts,
}

/// What is kept of a profile that was moderated.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bio: Option<RemovedPart>,
    pub(super) avatar: Option<RemovedPart>,
}

impl Profiles {
    /// The feature.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    /// What is kept of the profile of an account and can be restored. For admins.
    pub(super) async fn kept(&self, actor: &Actor, username: &str) -> Result<Kept, Error> {
        rules::admins_only(actor)?;
        let since = self.accounts.now().minus(KEEP_REMOVED);
        let removed = store::list_removed(self.accounts.db(), username, since).await?;
        let mut kept = Kept { bio: None, avatar: None };
        for (part, removed) in removed.ok_or(Error::NotFound)? {
            let is_bio = part == ProfilePart::Bio.as_str();
            *(if is_bio { &mut kept.bio } else { &mut kept.avatar }) = Some(removed);
        }
        Ok(kept)
    }

    /// Removes the bio or the avatar of an account. For admins.
    pub(super) async fn remove(
        &self,
        actor: &Actor,
        username: &str,
        part: ProfilePart,
        reason: &str,
    ) -> Result<(), Error> {
        let account = self.moderated(actor, username).await?;
        let reason = rules::reason(reason)?;
        let mut tx = self.accounts.db().begin().await?;
        let now = self.accounts.now();
        if !remove_in(&mut tx, actor, account.id, part, Some(reason), now).await? {
            return Err(rules::nothing_to_remove());
        }
        Ok(tx.commit().await?)
    }

    /// Restores the bio or the avatar of an account that was removed lately. For admins.
    pub(super) async fn restore(
        &self,
        actor: &Actor,
        username: &str,
        part: ProfilePart,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let id = self.moderated(actor, username).await?.id;
        let (reason, now) = (parse_reason(reason)?, self.accounts.now());
        let mut tx = self.accounts.db().begin().await?;
        let removed = store::find_removed(&mut tx, id, part, now.minus(KEEP_REMOVED)).await?;
        let restored = match removed.ok_or_else(rules::nothing_to_restore)? {
            RemovedPart { bio: Some(bio), .. } => store::restore_bio(&mut tx, id, bio).await?,
            RemovedPart { avatar: Some(avatar), .. } => {
                store::restore_avatar(&mut tx, id, avatar).await?
            }
            RemovedPart { bio: None, avatar: None, .. } => {
                return Err(rules::nothing_to_restore());
            }
        };
        if !restored {
            return Err(rules::changed_since(part));
        }
        store::delete_removed(&mut tx, id, part.as_str()).await?;
        let (removal, kind) = match part {
            ProfilePart::Bio => (ActionKind::RemoveBio, ActionKind::RestoreBio),
            ProfilePart::Avatar => (ActionKind::RemoveAvatar, ActionKind::RestoreAvatar),
        };
        let agent = Agent::Person(actor);
        mod_actions::undone(&mut tx, agent, (Target::Account(id), removal), None, now).await?;
        log(&mut tx, actor, kind, id, reason, now).await?;
        Ok(tx.commit().await?)
    }

    /// Gives an account another name. For admins.
    pub(super) async fn rename(
        &self,
        actor: &Actor,
        username: &str,
        wanted: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let account = self.moderated(actor, username).await?;
        let wanted = Username::parse_unreserved(wanted)?;
        let (reason, now) = (rules::reason(reason)?, self.accounts.now());
        let mut tx = self.accounts.db().begin().await?;
        self.accounts.rename_in(&mut tx, &account, &wanted, now).await?;
        let detail = format!("{} → {}", account.username, wanted.as_str());
        let action = NewAction::of(ActionKind::Rename, Target::Account(account.id));
        let action = NewAction { detail: Some(detail), reason: Some(reason), ..action };
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
        Ok(tx.commit().await?)
    }

    /// Closes an account for good, as if its owner had closed it. For admins.
    pub(super) async fn close(
        &self,
        actor: &Actor,
        username: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let id = self.moderated(actor, username).await?.id;
        let (reason, now) = (rules::reason(reason)?, self.accounts.now());
        let mut tx = self.accounts.db().begin().await?;
        if !self.accounts.close_in(&mut tx, id, now).await? {
            return Err(Error::NotFound);
        }
        log(&mut tx, actor, ActionKind::CloseAccount, id, Some(reason), now).await?;
        Ok(tx.commit().await?)
    }

    /// Erases what was removed of profiles and is not kept any longer.
    pub async fn forget_old(&self) -> Result<(), Error> {
        let now = self.accounts.now();
        loop {
            let mut tx = self.accounts.db().begin().await?;
            let old = store::old_removed(&mut tx, now.minus(KEEP_REMOVED), ERASE_BATCH).await?;
            if old.is_empty() {
                return Ok(());
            }
            for OldPart { account, part, avatar } in old {
                store::delete_removed(&mut tx, account, &part).await?;
                if let Some(avatar) = avatar {
                    attachments::erase(&mut tx, avatar, now).await?;
                }
            }
            tx.commit().await?;
        }
    }

    /// The account, if the actor may moderate its profile.
    async fn moderated(&self, actor: &Actor, username: &str) -> Result<Account, Error> {
        rules::admins_only(actor)?;
        self.accounts.check_write(actor).await?;
        let account = self.accounts.find(username).await?;
        rules::may_moderate(&account)?;
        Ok(account)
    }
}

/// Removes bio and avatar of an account that was reported, as part of `tx`. An account
/// that has neither is refused.
pub async fn clear_in(
    tx: &mut Tx,
    actor: &Actor,
    id: AccountId,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    rules::admins_only(actor)?;
    let account = accounts::find_in(tx, id).await?.ok_or(Error::NotFound)?;
    rules::may_moderate(&account)?;
    let bio = remove_in(tx, actor, id, ProfilePart::Bio, reason.clone(), now).await?;
    let avatar = remove_in(tx, actor, id, ProfilePart::Avatar, reason, now).await?;
    if bio || avatar { Ok(()) } else { Err(rules::nothing_to_remove()) }
}

/// Removes a part of a profile and keeps it for staff in place of an older one. Returns
/// whether there was such a part.
async fn remove_in(
    tx: &mut Tx,
    actor: &Actor,
    id: AccountId,
    part: ProfilePart,
    reason: Option<String>,
    now: Timestamp,
) -> Result<bool, Error> {
    let profile = store::find(tx, id).await?.ok_or(Error::NotFound)?;
    let (kind, removed, done) = match part {
        ProfilePart::Bio => {
            let removed = RemovedPart { bio: Some(profile.bio), avatar: None, removed_at: now };
            (ActionKind::RemoveBio, removed, store::clear_bio(tx, id).await?)
        }
        ProfilePart::Avatar => {
            let Some(avatar) = profile.avatar else { return Ok(false) };
            let removed = RemovedPart { bio: None, avatar: Some(avatar), removed_at: now };
            (ActionKind::RemoveAvatar, removed, store::clear_avatar(tx, id, avatar).await?)
        }
    };
    if !done {
        return Ok(false);
    }
    let older = store::find_removed(tx, id, part, Timestamp(0)).await?;
    store::delete_removed(tx, id, part.as_str()).await?;
    if let Some(avatar) = older.and_then(|older| older.avatar) {
        attachments::erase(tx, avatar, now).await?;
    }
    store::insert_removed(tx, id, part, removed).await?;
    log(tx, actor, kind, id, reason, now).await?;
    Ok(true)
}

/// Writes an act on an account into the log.
async fn log(
    tx: &mut Tx,
    actor: &Actor,
    kind: ActionKind,
    id: AccountId,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    let action = NewAction { reason, ..NewAction::of(kind, Target::Account(id)) };
    mod_actions::record(tx, Agent::Person(actor), &action, now).await.map(drop)
}
