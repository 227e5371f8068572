//! The statements on revisions of posts and comments. Of one content, at most
//! one edit waits.

use uuid::Uuid;

use super::model::Revision;
use crate::{
    base::{clock::Timestamp, ids::new_uuid},
    db::{Columns, Error, Tx, statement},
};

const INSERT: &str = "
    insert into revisions (id, content_id, state, title, body, created_at)
    values (?, ?, ?, ?, ?, ?)";
const FIND_PENDING: &str =
    "select title, body from revisions where content_id = ? and state = 'pending'";
const DELETE_PENDING: &str = "delete from revisions where content_id = ? and state = 'pending'";

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
