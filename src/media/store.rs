//! The statements on pictures, and the predicate that says who sees one.

use uuid::Uuid;

use super::model::{MediaState, Record, Uploaded};
use crate::{
    accounts::profile_hidden,
    bans::{looking, moderates, viewer},
    base::{
        actor::Viewer,
        clock::Timestamp,
        ids::{AccountId, MediaId},
        page::PageRequest,
    },
    comments::comment_readable,
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    pictures::MediaType,
    posts::post_visible,
};

macro_rules! columns {
    () => {
        "m.id, m.owner_id, m.state, m.media_type, m.width, m.height, m.bytes, m.digest,
         m.used_by is not null as is_used, m.sized, m.created_at "
    };
}

/// Whether the viewer may see the place of the picture `m` in the post `p` or in a
/// comment on it: what waits with a text is below nothing, for those who moderate.
macro_rules! placed {
    () => {
        concat!("(m.position >= 0 or ", moderates!("p.community_id"), ")")
    };
}

/// Whether the viewer may see the picture `m`.
macro_rules! media_visible {
    () => {
        concat!(
            "((m.owner_id = (select id from viewer) and (m.used_by is null or m.used_by <> m.id))
              or (select is_admin from viewer)
              or exists (select 1 from frozen_pictures f
                         join frozen_copies e on e.id = f.copy_id
                         join review_items i on i.id = e.item_id
                         where f.media_id = m.id and ",
            moderates!("i.community_id"),
            ")
              or (m.state = 'ready' and (
                  (m.used_as = 'avatar' and not ",
            profile_hidden!("m.used_by", "(select now from viewer)"),
            ")
                  or (m.used_as = 'post' and exists (
                      select 1 from posts p where p.id = m.used_by and ",
            post_visible!(),
            " and ",
            placed!(),
            "))
                  or (m.used_as = 'comment' and exists (
                      select 1 from comments k join posts p on p.id = k.post_id
                      where k.id = m.used_by and ",
            post_visible!(),
            " and ",
            comment_readable!(),
            " and ",
            placed!(),
            ")))))"
        )
    };
}

sql! { FIND =
concat!(viewer!(), "select ", columns!(), "from media m where m.id = ? and ", media_visible!()) }
sql! { LIST = concat!(
    "select ",
    columns!(),
    ", case m.state
         when 'held' then (select r.reason from review_items r indexed by review_items_target
                           where r.target_id = m.id and r.state = 'open'
                           order by r.id desc limit 1)
         when 'refused' then (select r.resolution_reason from review_items r indexed by review_items_target
                              where r.target_id = m.id and r.state = 'removed'
                              order by r.id desc limit 1)
       end as reason
     from media m
     where m.owner_id = ? and (m.used_by is null or m.used_by <> m.id) and m.id < ?
     order by m.id desc limit ?"
) }
sql! { FIND_ANY = concat!("select ", columns!(), "from media m where m.id = ?") }
// Unless its owner has enough that nothing uses.
sql! { INSERT = "
    insert into media
        (id, owner_id, state, media_type, width, height, bytes, digest, created_at, unused_since)
    select ?, a.id, ?, ?, ?, ?, ?, ?, ?, ? from accounts a
    where a.id = ? and (select count(*) from media m
                        where m.owner_id = a.id and m.used_by is null) < ?" }
sql! { SETTLE = "
update media set state = ?, unused_since = ? where id = ? and state = 'held'" }
sql! { SET_SIZED = "update media set sized = 1 where id = ?" }
// As many as are asked for at once.
sql! { KNOWN = "select id from media where id in (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }
/// Ids in [`KNOWN`].
const KNOWN_AT_ONCE: usize = 10;

/// A picture as the viewer may see it.
pub(super) async fn find(
    db: &Db,
    viewer: Viewer<'_>,
    id: MediaId,
    now: Timestamp,
) -> Result<Option<Record>, Error> {
    db.optional(looking(FIND, viewer, now).bind(id.0)).await?.as_ref().map(record).transpose()
}

/// Somebody's pictures, the newest first.
pub(super) async fn list(
    db: &Db,
    owner: AccountId,
    page: &PageRequest<MediaId>,
) -> Result<Vec<Uploaded>, Error> {
    let before = page.after.map_or(Uuid::max(), |after| after.0);
    let rows = db.all(statement(LIST).bind(owner.0).bind(before).bind(page.rows())).await?;
    let uploaded = |row: &Row| Ok(Uploaded { record: record(row)?, reason: row.value("reason")? });
    rows.iter().map(uploaded).collect()
}

/// A picture, whoever may see it.
pub(super) async fn find_any(db: &Db, id: MediaId) -> Result<Option<Record>, Error> {
    db.optional(statement(FIND_ANY).bind(id.0)).await?.as_ref().map(record).transpose()
}

/// Whether the picture was inserted: not when its owner has `most` that nothing
/// uses.
pub(super) async fn insert(tx: &mut Tx, media: &Record, most: u32) -> Result<bool, Error> {
    let unused_since = (media.state != MediaState::Held).then_some(media.created_at.0);
    let statement = statement(INSERT)
        .bind(media.id.0)
        .bind(media.state.as_str())
        .bind(media.media_type.as_str())
        .bind(i64::from(media.width))
        .bind(i64::from(media.height))
        .bind(media.bytes)
        .bind(media.digest.clone())
        .bind(media.created_at.0)
        .bind(unused_since)
        .bind(media.owner.0)
        .bind(most);
    Ok(tx.execute(statement).await? == 1)
}

/// Whether the picture waited. Now it does not, and nothing uses it yet.
pub(super) async fn settle(
    tx: &mut Tx,
    id: MediaId,
    state: MediaState,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(statement(SETTLE).bind(state.as_str()).bind(now.0).bind(id.0)).await? == 1)
}

/// The smaller copies are there; the picture may be gone.
pub(super) async fn set_sized(tx: &mut Tx, id: MediaId) -> Result<(), Error> {
    tx.execute(statement(SET_SIZED).bind(id.0)).await.map(drop)
}

/// Which of some ids are pictures'.
pub(super) async fn known(db: &Db, ids: &[MediaId]) -> Result<Vec<MediaId>, Error> {
    let mut known = Vec::new();
    for some in ids.chunks(KNOWN_AT_ONCE) {
        let mut find = statement(KNOWN);
        for place in 0..KNOWN_AT_ONCE {
            find = find.bind(some.get(place).map(|id| id.0));
        }
        for row in db.all(find).await? {
            known.push(row.id("id")?);
        }
    }
    Ok(known)
}

fn pixels(row: &Row, column: &'static str) -> Result<u32, Error> {
    u32::try_from(row.value::<i64>(column)?).map_err(|_| Error::Inconsistent { column })
}

fn record(row: &Row) -> Result<Record, Error> {
    let media_type: &str = row.value("media_type")?;
    Ok(Record {
        id: row.id("id")?,
        owner: row.id("owner_id")?,
        state: MediaState::from_stored(row.value("state")?),
        media_type: MediaType::from_stored(media_type)
            .ok_or(Error::Inconsistent { column: "media_type" })?,
        width: pixels(row, "width")?,
        height: pixels(row, "height")?,
        bytes: row.value("bytes")?,
        digest: row.value("digest")?,
        is_used: row.value("is_used")?,
        is_sized: row.value("sized")?,
        created_at: row.time("created_at")?,
    })
}
