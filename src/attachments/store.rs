//! The statements on what uses a picture.

use uuid::Uuid;

use super::model::{Attached, Use, Wanted};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, MediaId},
    },
    db::{Columns, Db, Error, Tx, sql, statement},
};

sql! { FIND =
"select owner_id, state, used_by, media_type, width, height from media where id = ?" }
sql! { ATTACH = "
    update media set used_as = ?, used_by = ?, position = ?, unused_since = null
    where id = ? and state = 'ready' and used_by is null" }
sql! { DELETE = "delete from media where id = ?" }
sql! { OF_ACCOUNT =
"select id from media where owner_id = ? and (used_by is null or used_as = 'avatar')" }
sql! { OF_CONTENT = "select id from media where used_by = ?" }
// Of one that waits it is not said since when.
sql! { UNUSED = "select id from media where unused_since < ? limit ?" }
sql! { IS_UNUSED = "select 1 from media where id = ? and unused_since < ?" }

/// A picture that somebody wants to use.
pub(super) async fn find(tx: &mut Tx, id: MediaId) -> Result<Option<Wanted>, Error> {
    let Some(row) = tx.optional(statement(FIND).bind(id.0)).await? else { return Ok(None) };
    let used_by: Option<AccountId> = row.optional_id("used_by")?;
    let shown = Attached {
        id,
        media_type: row.value("media_type")?,
        width: row.value("width")?,
        height: row.value("height")?,
    };
    let (owner, state) = (row.id("owner_id")?, row.value("state")?);
    Ok(Some(Wanted { owner, state, is_used: used_by.is_some(), shown }))
}

/// Uses a picture that is free, at a place among others.
pub(super) async fn attach(
    tx: &mut Tx,
    id: MediaId,
    (usage, place): (Use, usize),
) -> Result<(), Error> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let statement = statement(ATTACH).bind(usage.as_str()).bind(usage.id()).bind(place);
    tx.execute_one(statement.bind(id.0)).await
}

/// Whether there was such a picture.
pub(super) async fn delete(tx: &mut Tx, id: MediaId) -> Result<bool, Error> {
    Ok(tx.execute(statement(DELETE).bind(id.0)).await? == 1)
}

/// The pictures of an account that are not part of what it wrote.
pub(super) async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<MediaId>, Error> {
    let rows = tx.all(statement(OF_ACCOUNT).bind(account.0)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// The pictures of a post or a comment.
pub(super) async fn of_content(tx: &mut Tx, content: Uuid) -> Result<Vec<MediaId>, Error> {
    let rows = tx.all(statement(OF_CONTENT).bind(content)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Some pictures that nobody has used since `before`.
pub(super) async fn unused(db: &Db, before: Timestamp, most: u32) -> Result<Vec<MediaId>, Error> {
    let rows = db.all(statement(UNUSED).bind(before.0).bind(most)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Whether nobody has used a picture since `before`.
pub(super) async fn is_unused(tx: &mut Tx, id: MediaId, before: Timestamp) -> Result<bool, Error> {
    Ok(tx.optional(statement(IS_UNUSED).bind(id.0).bind(before.0)).await?.is_some())
}
