//! What happened and has not been passed on to all who listen.

use crate::{
    db::{Error, Tx, statement},
    events::Occurrence,
};

const INSERT: &str = "insert into outbox (id, occurrence, created_at) values (?, ?, ?)";

/// Puts an event into the outbox, with what it is about.
pub async fn publish(tx: &mut Tx, occurrence: &Occurrence) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(occurrence.id)
            // Ids, numbers and names: serialising them cannot fail.
            .bind(serde_json::to_string(occurrence).unwrap_or_default())
            .bind(occurrence.at.0),
    )
    .await
}
