//! The statements on profiles, and on what was removed of them.

use super::model::{Profile, ProfilePart, RemovedPart};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, MediaId},
        text::name_key,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
};

sql! { FIND = "select bio, avatar_id from accounts where id = ? and state = 'active'" }
sql! { CLEAR_BIO = "update accounts set bio = '' where id = ? and bio <> ''" }
sql! { CLEAR_AVATAR =
"update accounts set avatar_id = null where id = ? and avatar_id is not null" }
// A refused picture is shown to its owner and to admins, and cannot be used again.
sql! { REFUSE_MEDIA =
"update media set state = 'refused' where id = ? and used_as = 'avatar' and used_by = ?" }
sql! { READY_MEDIA = "
    update media set state = 'ready'
    where id = ? and used_as = 'avatar' and used_by = ? and state = 'refused'" }
sql! { RESTORE_BIO =
"update accounts set bio = ? where id = ? and state = 'active' and bio = ''" }
sql! { RESTORE_AVATAR = "
    update accounts set avatar_id = ?
    where id = ? and state = 'active' and avatar_id is null" }
sql! { INSERT_REMOVED = "
    insert into removed_profiles (account_id, part, bio, media_id, removed_at)
    values (?, ?, ?, ?, ?)" }
sql! { FIND_REMOVED = "
    select bio, media_id, removed_at from removed_profiles
    where account_id = ? and part = ? and removed_at >= ?" }
sql! { LIST_REMOVED = "
    select r.part, r.bio, r.media_id, r.removed_at
    from accounts a
    left join removed_profiles r on r.account_id = a.id and r.removed_at >= ?
    where a.name_key = ?" }
sql! { DELETE_REMOVED = "delete from removed_profiles where account_id = ? and part = ?" }
sql! { OLD_REMOVED = "
    select account_id, part, media_id from removed_profiles
    where removed_at < ? order by removed_at limit ?" }

/// The parts of the profile of an active account.
pub(super) async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Profile>, Error> {
    let row = tx.optional(statement(FIND).bind(id.0)).await?;
    row.map(|row| Ok(Profile { bio: row.value("bio")?, avatar: row.optional_id("avatar_id")? }))
        .transpose()
}

/// Clears a bio. Returns whether there was one.
pub(super) async fn clear_bio(tx: &mut Tx, id: AccountId) -> Result<bool, Error> {
    Ok(tx.execute(statement(CLEAR_BIO).bind(id.0)).await? == 1)
}

/// Clears an avatar and hides the picture. Returns whether the account had one.
pub(super) async fn clear_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: MediaId,
) -> Result<bool, Error> {
    tx.execute(statement(REFUSE_MEDIA).bind(avatar.0).bind(id.0)).await?;
    Ok(tx.execute(statement(CLEAR_AVATAR).bind(id.0)).await? == 1)
}

/// Sets a removed bio again. Returns false when the person has set another since.
pub(super) async fn restore_bio(tx: &mut Tx, id: AccountId, bio: String) -> Result<bool, Error> {
    Ok(tx.execute(statement(RESTORE_BIO).bind(bio).bind(id.0)).await? == 1)
}

/// Sets a removed avatar again. Returns false when the person has set another since.
pub(super) async fn restore_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: MediaId,
) -> Result<bool, Error> {
    tx.execute(statement(READY_MEDIA).bind(avatar.0).bind(id.0)).await?;
    Ok(tx.execute(statement(RESTORE_AVATAR).bind(avatar.0).bind(id.0)).await? == 1)
}

/// Keeps what was removed of a profile.
pub(super) async fn insert_removed(
    tx: &mut Tx,
    id: AccountId,
    part: ProfilePart,
    removed: RemovedPart,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_REMOVED)
            .bind(id.0)
            .bind(part.as_str())
            .bind(removed.bio)
            .bind(removed.avatar.map(|avatar| avatar.0))
            .bind(removed.removed_at.0),
    )
    .await
}

/// What was removed of a profile since a time.
pub(super) async fn find_removed(
    tx: &mut Tx,
    id: AccountId,
    part: ProfilePart,
    since: Timestamp,
) -> Result<Option<RemovedPart>, Error> {
    let statement = statement(FIND_REMOVED).bind(id.0).bind(part.as_str()).bind(since.0);
    tx.optional(statement).await?.as_ref().map(removed).transpose()
}

/// The parts that were removed of a profile since a time, each with its name in storage;
/// `None` when no account has the name.
pub(super) async fn list_removed(
    db: &Db,
    username: &str,
    since: Timestamp,
) -> Result<Option<Vec<(String, RemovedPart)>>, Error> {
    let rows = db.all(statement(LIST_REMOVED).bind(since.0).bind(name_key(username))).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for row in &rows {
        if let Some(part) = row.value::<Option<String>>("part")? {
            parts.push((part, removed(row)?));
        }
    }
    Ok(Some(parts))
}

fn removed(row: &Row) -> Result<RemovedPart, Error> {
    Ok(RemovedPart {
        bio: row.value("bio")?,
        avatar: row.optional_id("media_id")?,
        removed_at: row.time("removed_at")?,
    })
}

/// Forgets what was removed of a profile; there may be nothing.
pub(super) async fn delete_removed(tx: &mut Tx, id: AccountId, part: &str) -> Result<(), Error> {
    tx.execute(statement(DELETE_REMOVED).bind(id.0).bind(part.to_owned())).await.map(drop)
}

/// A removed part that is old: of which account, which part, and the picture.
#[derive(Debug)]
pub(super) struct OldPart {
    pub(super) account: AccountId,
    pub(super) part: String,
    pub(super) avatar: Option<MediaId>,
}

/// Some parts that were removed before a time.
pub(super) async fn old_removed(
    tx: &mut Tx,
    before: Timestamp,
    most: u32,
) -> Result<Vec<OldPart>, Error> {
    let rows = tx.all(statement(OLD_REMOVED).bind(before.0).bind(most)).await?;
    let old = |row: &Row| {
        Ok(OldPart {
            account: row.id("account_id")?,
            part: row.value("part")?,
            avatar: row.optional_id("media_id")?,
        })
    };
    rows.iter().map(old).collect()
}
