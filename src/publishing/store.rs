//! The statements on revisions of posts and comments. Of one content, at most
//! one edit waits.

use uuid::Uuid;

use super::model::Revision;
use crate::{
    attachments::{self, Attached},
    base::{self, clock::Timestamp, ids::new_uuid},
    db::{Columns, Error, Row, Tx, sql, statement},
};

/// Why the content `x` is in its present state, and which act removed it: the columns
/// `reason` and `removal`. Of removed content this is the reason of the removal in force, of
/// held content that of the open item, of an edit that waits that of the edit's open item.
/// Reports are not for the author.
macro_rules! why {
    ($content:literal) => {
        concat!(
            "case ",
            $content,
            ".state
                when 'removed' then
                    (select m.reason from mod_actions m
                     where m.target_id = ",
            $content,
            ".id and m.kind = 'remove'
                       and m.undone_at is null order by m.id desc limit 1)
                when 'held' then
                    (select r.reason from review_items r
                     where r.target_id = ",
            $content,
            ".id and r.state = 'open'
                       and r.kind in ('post', 'comment') order by r.id desc limit 1)
                else
                    (select r.reason from review_items r
                     where r.target_id = ",
            $content,
            ".id and r.state = 'open'
                       and r.kind = 'edit' order by r.id desc limit 1)
             end as reason,
             case when ",
            $content,
            ".state = 'removed' then
                (select m.id from mod_actions m
                 where m.target_id = ",
            $content,
            ".id and m.kind = 'remove'
                   and m.undone_at is null order by m.id desc limit 1) end as removal"
        )
    };
}
pub(crate) use why;

sql! { INSERT = "
    insert into revisions (id, content_id, state, title, body, created_at)
    values (?, ?, ?, ?, ?, ?)" }
sql! { FIND_PENDING = "
    select e.id, e.title, e.body, w.media
    from revisions e left join wanted_media w on w.id = e.id
    where e.content_id = ? and e.state = 'pending'" }
sql! { NOTE_DELETED = "
    insert into deleted_texts (content_id, deleted_at) values (?, ?)
    on conflict (content_id) do nothing" }
sql! { REPLACE_PENDING = "
    update revisions set title = ?, body = ?
    where content_id = ? and state = 'pending' and body = ? and (? is null or title = ?)" }
sql! { DELETE_PENDING = "delete from revisions where id = ?" }

/// Keeps a text that has been replaced.
pub async fn keep_past(
    tx: &mut Tx,
    content: Uuid,
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    insert(tx, (new_uuid(now), content), "past", text, now).await
}

/// Lets an edit wait where none does.
pub(super) async fn insert_pending(
    tx: &mut Tx,
    (id, content): (Uuid, Uuid),
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    insert(tx, (id, content), "pending", text, now).await
}

/// Takes the edit that waits, if one does; what is to become of its pictures, who
/// takes it has to say.
pub async fn take_pending(
    tx: &mut Tx,
    content: Uuid,
    now: Timestamp,
) -> Result<Option<Revision>, base::Error> {
    let Some(row) = tx.optional(statement(FIND_PENDING).bind(content)).await? else {
        return Ok(None);
    };
    let (id, title, body) = (row.value("id")?, row.value("title")?, row.value("body")?);
    let pending = Revision { title, body, media: pending_media(&row, "media")? };
    delete_pending(tx, (content, id), true, now).await?;
    Ok(Some(pending))
}

/// The body of the edit that waits, if one does.
pub async fn pending_body(tx: &mut Tx, content: Uuid) -> Result<Option<String>, Error> {
    let row = tx.optional(statement(FIND_PENDING).bind(content)).await?;
    row.map(|row| row.value("body")).transpose()
}

/// Reads the pictures of an edit that waits.
pub fn pending_media(row: &Row, column: &'static str) -> Result<Option<Vec<Attached>>, Error> {
    let stored: Option<&str> = row.value(column)?;
    let read = |text| Attached::from_stored(Some(text)).ok_or(Error::Inconsistent { column });
    stored.map(read).transpose()
}

/// Drops the edit that waits, with its pictures; whether one did.
pub async fn drop_pending(tx: &mut Tx, content: Uuid, now: Timestamp) -> Result<bool, base::Error> {
    let Some(row) = tx.optional(statement(FIND_PENDING).bind(content)).await? else {
        return Ok(false);
    };
    delete_pending(tx, (content, row.value("id")?), false, now).await?;
    Ok(true)
}

/// Puts another text in the place of the one that waits, if that still is the text
/// `seen`; whether it was.
pub async fn replace_pending(
    tx: &mut Tx,
    content: Uuid,
    (seen, text): (&Revision, &Revision),
) -> Result<bool, Error> {
    let statement = statement(REPLACE_PENDING)
        .bind(text.title.clone())
        .bind(text.body.clone())
        .bind(content)
        .bind(seen.body.clone())
        .bind(seen.title.clone())
        .bind(seen.title.clone());
    Ok(tx.execute(statement).await? == 1)
}

/// Notes that an author deleted a text, which is erased when it has been kept long enough.
pub(super) async fn note_deleted(tx: &mut Tx, content: Uuid, now: Timestamp) -> Result<(), Error> {
    tx.execute(statement(NOTE_DELETED).bind(content).bind(now.0)).await.map(drop)
}

async fn delete_pending(
    tx: &mut Tx,
    (content, id): (Uuid, Uuid),
    settled: bool,
    now: Timestamp,
) -> Result<(), base::Error> {
    attachments::drop_waiting(tx, (content, id), settled, now).await?;
    Ok(tx.execute_one(statement(DELETE_PENDING).bind(id)).await?)
}

async fn insert(
    tx: &mut Tx,
    (id, content): (Uuid, Uuid),
    state: &'static str,
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id)
            .bind(content)
            .bind(state)
            .bind(text.title)
            .bind(text.body)
            .bind(now.0),
    )
    .await
}
