//! The statements on envelopes.

use super::model::Envelope;
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, CommunityId},
    },
    db::{Columns, Db, Error, Row, Tx, statement},
};

const FIND: &str = "select community_id, envelope from plugin_envelopes where community_id = ?";
const ALL: &str = "select community_id, envelope from plugin_envelopes";
const SET: &str = "
    insert into plugin_envelopes (community_id, envelope, changed_at, changed_by)
    values (?, ?, ?, ?)
    on conflict (community_id) do update
    set envelope = excluded.envelope, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by";
/// What is at work depends on envelopes: other processes are to notice.
const NEXT_GENERATION: &str =
    "update plugin_generation set generation = generation + 1 where id = 1";

pub(super) async fn find(db: &Db, community: CommunityId) -> Result<Option<Envelope>, Error> {
    let row = db.optional(statement(FIND).bind(community.0)).await?;
    Ok(row.as_ref().map(envelope).transpose()?.map(|(_, envelope)| envelope))
}

pub(super) async fn all(db: &Db) -> Result<Vec<(CommunityId, Envelope)>, Error> {
    db.all(statement(ALL)).await?.iter().map(envelope).collect()
}

pub(super) async fn set(
    tx: &mut Tx,
    community: CommunityId,
    envelope: &Envelope,
    (by, now): (AccountId, Timestamp),
) -> Result<(), Error> {
    // Names, numbers and lists of them: serialising them cannot fail.
    let envelope = serde_json::to_string(envelope).unwrap_or_default();
    let set = statement(SET).bind(community.0).bind(envelope).bind(now.0).bind(by.0);
    tx.execute_one(set).await?;
    tx.execute_one(statement(NEXT_GENERATION)).await
}

fn envelope(row: &Row) -> Result<(CommunityId, Envelope), Error> {
    let envelope = serde_json::from_str(row.value("envelope")?)
        .map_err(|_| Error::Inconsistent { column: "envelope" })?;
    Ok((row.id("community_id")?, envelope))
}
