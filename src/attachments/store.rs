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
    where id = ? and state = 'ready' and (used_by is null or used_by = ?)" }
sql! { DELETE = "delete from media where id = ?" }
sql! { OF_ACCOUNT =
"select id from media where owner_id = ? and (used_by is null or used_as = 'avatar')" }
sql! { OF_CONTENT = "select id from media where used_by = ?" }
sql! { RELEASE = "
    update media set used_as = null, used_by = null, position = 0, unused_since = ?
    where id = ?" }
// What waits has its place below nothing.
sql! { RELEASE_WAITING = "
    update media set used_as = null, used_by = null, position = 0, unused_since = ?
    where used_by = ? and position < 0" }
sql! { KEEP = "
    update media set unused_since = ?
    where id = ? and owner_id = ? and used_by is null and unused_since < ?" }
sql! { INSERT_WANTED = "insert into wanted_media (id, media, created_at) values (?, ?, ?)" }
sql! { FIND_WANTED = "select media from wanted_media where id = ?" }
sql! { DELETE_WANTED = "delete from wanted_media where id = ?" }
sql! { FORGET_WANTED = "
    delete from wanted_media
    where created_at < ? and not exists (select 1 from revisions r where r.id = wanted_media.id)" }
// A picture that is used by itself is used by nothing else: only frozen copies keep it.
sql! { KEEP_FOR_STAFF = "
    update media set used_as = null, used_by = id, position = 0, unused_since = ?
    where id = ?" }
// Of one that waits it is not said since when.
sql! { UNUSED = "
    select m.id from media m
    where m.unused_since < ?
      and not exists (select 1 from frozen_pictures f where f.media_id = m.id) limit ?" }
sql! { IS_UNUSED = "
    select 1 from media m
    where m.id = ? and m.unused_since < ?
      and not exists (select 1 from frozen_pictures f where f.media_id = m.id)" }

/// A picture that somebody wants to use.
pub(super) async fn find(tx: &mut Tx, id: MediaId) -> Result<Option<Wanted>, Error> {
    let Some(row) = tx.optional(statement(FIND).bind(id.0)).await? else { return Ok(None) };
    let shown = Attached {
        id,
        media_type: row.value("media_type")?,
        width: row.value("width")?,
        height: row.value("height")?,
    };
    let (owner, state) = (row.id("owner_id")?, row.value("state")?);
    Ok(Some(Wanted { owner, state, used_by: row.value("used_by")?, shown }))
}

/// Uses a picture that is free or used there already, at a place among others.
pub(super) async fn attach(
    tx: &mut Tx,
    id: MediaId,
    (usage, place): (Use, i64),
) -> Result<(), Error> {
    let statement = statement(ATTACH).bind(usage.as_str()).bind(usage.id()).bind(place);
    tx.execute_one(statement.bind(id.0).bind(usage.id())).await
}

/// Nothing uses a picture from now on.
pub(super) async fn release(tx: &mut Tx, id: MediaId, now: Timestamp) -> Result<(), Error> {
    tx.execute_one(statement(RELEASE).bind(now.0).bind(id.0)).await
}

/// Nothing uses the pictures from now on that waited with a text of some content.
pub(super) async fn release_waiting(
    tx: &mut Tx,
    content: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(statement(RELEASE_WAITING).bind(now.0).bind(content)).await.map(drop)
}

/// Nothing but frozen copies uses a picture from now on.
pub(super) async fn keep_for_staff(tx: &mut Tx, id: MediaId, now: Timestamp) -> Result<(), Error> {
    tx.execute(statement(KEEP_FOR_STAFF).bind(now.0).bind(id.0)).await.map(drop)
}

/// Keeps an account's picture that nothing uses as if it had been used until then.
pub(super) async fn keep(
    tx: &mut Tx,
    owner: AccountId,
    id: MediaId,
    until: Timestamp,
) -> Result<(), Error> {
    let statement = statement(KEEP).bind(until.0).bind(id.0).bind(owner.0).bind(until.0);
    tx.execute(statement).await.map(drop)
}

/// Remembers what a text wants.
pub(super) async fn insert_wanted(
    tx: &mut Tx,
    id: Uuid,
    media: String,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(INSERT_WANTED).bind(id).bind(media).bind(now.0)).await
}

/// What a text wants, as stored.
pub(super) async fn wanted(tx: &mut Tx, id: Uuid) -> Result<Option<String>, Error> {
    let row = tx.optional(statement(FIND_WANTED).bind(id)).await?;
    row.map(|row| row.value("media")).transpose()
}

/// Forgets what a text wants.
pub(super) async fn delete_wanted(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute(statement(DELETE_WANTED).bind(id)).await.map(drop)
}

/// Forgets what refused texts wanted.
pub(super) async fn forget_wanted(tx: &mut Tx, before: Timestamp) -> Result<(), Error> {
    tx.execute(statement(FORGET_WANTED).bind(before.0)).await.map(drop)
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
