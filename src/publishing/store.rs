//! The statements on revisions of posts and comments. Of one content, at most
//! one edit waits.

use uuid::Uuid;

use super::model::Revision;
use crate::{
    base::{clock::Timestamp, ids::new_uuid},
    db::{Columns, Error, Tx, sql, statement},
};

/// Why the content `x` waits or is gone, and which act removed it: the columns
/// `reason` and `removal`. What people reported is not for its author.
macro_rules! why {
    ($content:literal) => {
        concat!(
            "coalesce(
                case when ",
            $content,
            ".state = 'removed' then
                    (select m.reason from mod_actions m
                     where m.target_id = ",
            $content,
            ".id and m.kind = 'remove'
                       and m.undone_at is null order by m.id desc limit 1) end,
                (select r.reason from review_items r
                 where r.target_id = ",
            $content,
            ".id and r.kind <> 'report'
                 order by r.id desc limit 1)) as reason,
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
sql! { FIND_PENDING =
"select title, body from revisions where content_id = ? and state = 'pending'" }
sql! { DELETE_PENDING = "delete from revisions where content_id = ? and state = 'pending'" }

/// Keeps a text that has been replaced.
pub async fn keep_past(
    tx: &mut Tx,
    content: Uuid,
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    insert(tx, content, "past", text, now).await
}

/// Lets an edit wait, in place of one that waits already.
pub(super) async fn put_pending(
    tx: &mut Tx,
    content: Uuid,
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    drop_pending(tx, content).await?;
    insert(tx, content, "pending", text, now).await
}

/// Takes the edit that waits, if one does.
pub async fn take_pending(tx: &mut Tx, content: Uuid) -> Result<Option<Revision>, Error> {
    let Some(row) = tx.optional(statement(FIND_PENDING).bind(content)).await? else {
        return Ok(None);
    };
    let pending = Revision { title: row.value("title")?, body: row.value("body")? };
    drop_pending(tx, content).await?;
    Ok(Some(pending))
}

/// Drops the edit that waits; whether one did.
pub async fn drop_pending(tx: &mut Tx, content: Uuid) -> Result<bool, Error> {
    Ok(tx.execute(statement(DELETE_PENDING).bind(content)).await? > 0)
}

async fn insert(
    tx: &mut Tx,
    content: Uuid,
    state: &'static str,
    text: Revision,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(new_uuid(now))
            .bind(content)
            .bind(state)
            .bind(text.title)
            .bind(text.body)
            .bind(now.0),
    )
    .await
}
