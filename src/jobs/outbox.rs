//! What happened and has not been passed on to all who listen.

use super::{
    handlers::Handlers,
    model::NewJob,
    store::{self, UNREAD},
};
use crate::{
    base::clock::Timestamp,
    db::{Columns, Error, Tx, sql, statement},
    events::Occurrence,
};

sql! { INSERT = "insert into outbox (id, occurrence, created_at) values (?, ?, ?)" }
sql! { FIRST = "select id, occurrence from outbox order by id limit ?" }
// Within the transaction that read them, so nothing came in between.
sql! { DELETE_TO = "delete from outbox where id <= ?" }
// Those that could not be read go back, in case they can by now.
sql! { GIVE_BACK = "
    insert into outbox (id, occurrence, created_at)
    select id, payload, created_at from jobs where kind = 'unread' and state = 'parked'" }
sql! { DELETE_UNREAD = "delete from jobs where kind = 'unread' and state = 'parked'" }

/// Most that is passed on in one transaction: some milliseconds of the writer.
const BATCH: u32 = 200;

/// Puts an event into the outbox, with what it is about.
pub async fn publish(tx: &mut Tx, occurrence: &Occurrence) -> Result<(), Error> {
    tx.wake_at_commit();
    tx.execute_one(
        statement(INSERT)
            .bind(occurrence.id)
            // Ids, numbers and names: serialising them cannot fail.
            .bind(serde_json::to_string(occurrence).unwrap_or_default())
            .bind(occurrence.at.0),
    )
    .await
}

/// Makes jobs of what happened, one for each who listens, in the transaction
/// that takes it out of the outbox. True when there may be more.
pub(super) async fn pass_on(
    tx: &mut Tx,
    handlers: &Handlers,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx.all(statement(FIRST).bind(BATCH)).await?;
    let Some(last) = rows.last() else { return Ok(false) };
    let last: uuid::Uuid = last.value("id")?;
    let mut jobs = Vec::new();
    for row in &rows {
        let (id, text): (uuid::Uuid, String) = (row.value("id")?, row.value("occurrence")?);
        let Ok(occurrence) = serde_json::from_str::<Occurrence>(&text) else {
            tracing::warn!(%id, "an event of another version is kept until somebody knows it");
            store::park(tx, id, (UNREAD, text), now).await?;
            continue;
        };
        for name in handlers.listeners(&occurrence.event) {
            let job = NewJob { payload: text.clone(), ..NewJob::new(name, &()) };
            jobs.push(job.once(format!("{id}/{name}")));
        }
    }
    store::enqueue_keyed(tx, &jobs, now).await?;
    tx.execute(statement(DELETE_TO).bind(last)).await?;
    Ok(u32::try_from(rows.len()).is_ok_and(|rows| rows == BATCH))
}

/// Puts what another version could not read back into the outbox.
pub(super) async fn give_back(tx: &mut Tx) -> Result<(), Error> {
    tx.execute(statement(GIVE_BACK)).await?;
    tx.execute(statement(DELETE_UNREAD)).await.map(drop)
}
