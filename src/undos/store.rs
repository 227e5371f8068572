//! The statements on batches.

use uuid::Uuid;

use super::model::{Applied, BATCH, Cause, Held, Outcome, Undo};
use crate::{
    base::{clock::Timestamp, ids::AccountId},
    db::{Columns, Db, Error, Statement, Tx, statement},
};

/// The effects of a cause. Takes what [`bind`] binds.
const APPLIED: &str = "
    select f.id, f.kind, f.target_id, f.inverse, f.applied_at from effects f
    where f.binding_id = ? and f.applied_at >= ? and f.applied_at <= ?
      and (? is null or f.revision = ?)
      and (? is null or exists (
          select 1 from plugin_binding_revisions r
          where r.binding_id = f.binding_id and r.revision = f.revision and r.digest = ?))
      and f.state = 'applied' and f.inverse is not null
    order by f.applied_at desc, f.decision_id desc, f.number desc limit ?";
/// What waits because of a cause, and because of nobody else.
const HELD: &str = "
    select i.id, i.target_id from decisions f
    join hook_events e on e.id = f.event_id
    join review_items i on i.event_id = f.event_id and i.state = 'open'
    where f.binding_id = ? and e.created_at >= ? and e.created_at <= ?
      and (? is null or f.revision = ?)
      and (? is null or exists (
          select 1 from plugin_binding_revisions r
          where r.binding_id = f.binding_id and r.revision = f.revision and r.digest = ?))
      and f.mode = 'enforce' and f.verdict = 'hold'
      and not exists (
          select 1 from decisions o
          where o.event_id = f.event_id and o.binding_id <> f.binding_id
            and o.mode = 'enforce' and o.verdict = 'hold')
    order by i.id desc limit ?";
const IS_THERE: &str = "select 1 from plugin_bindings where id = ?";
const MARK: &str =
    "update effects set state = 'undone', undo_id = ? where id = ? and state = 'applied'";
const INSERT: &str = "
    insert into undos (id, binding_id, request, state, result, created_by, created_at)
    values (?, ?, ?, 'running', '{}', ?, ?)";
const FINISH: &str = "update undos set state = 'done', result = ?, finished_at = ? where id = ?";
const FIND: &str = "select request, result, created_at from undos where id = ? and state = 'done'";

fn bind(sql: &'static str, cause: &Cause) -> Statement {
    statement(sql)
        .bind(cause.binding.0)
        .bind(cause.from.map_or(0, |time| time.0))
        .bind(cause.until.map_or(i64::MAX, |time| time.0))
        .bind(cause.revision)
        .bind(cause.revision)
        .bind(cause.digest.clone())
        .bind(cause.digest.clone())
        .bind(BATCH)
}

/// Whether there is, or was, such a binding.
pub(super) async fn is_there(db: &Db, cause: &Cause) -> Result<bool, Error> {
    Ok(db.optional(statement(IS_THERE).bind(cause.binding.0)).await?.is_some())
}

/// What can be taken back, the newest first.
pub(super) async fn applied(db: &Db, cause: &Cause) -> Result<Vec<Applied>, Error> {
    let rows = db.all(bind(APPLIED, cause)).await?;
    rows.iter()
        .map(|row| {
            let inverse: String = row.value("inverse")?;
            Ok(Applied {
                id: row.value("id")?,
                kind: row.value("kind")?,
                target: row.value("target_id")?,
                inverse: json("inverse", &inverse)?,
                at: row.time("applied_at")?,
                is_settled: false,
            })
        })
        .collect()
}

/// What waits and may be let through.
pub(super) async fn held(db: &Db, cause: &Cause) -> Result<Vec<Held>, Error> {
    let rows = db.all(bind(HELD, cause)).await?;
    rows.iter()
        .map(|row| Ok(Held { item: row.id("id")?, target: row.value("target_id")? }))
        .collect()
}

/// Whether the effect was still to be taken back.
pub(super) async fn mark(tx: &mut Tx, undo: Uuid, effect: Uuid) -> Result<bool, Error> {
    Ok(tx.execute(statement(MARK).bind(undo).bind(effect)).await? > 0)
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    (cause, by): (&Cause, AccountId),
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id)
            .bind(cause.binding.0)
            // Ids and numbers: serialising them cannot fail.
            .bind(serde_json::to_string(cause).unwrap_or_default())
            .bind(by.0)
            .bind(now.0),
    )
    .await
}

pub(super) async fn finish(
    tx: &mut Tx,
    id: Uuid,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), Error> {
    let result = serde_json::to_string(outcome).unwrap_or_default();
    tx.execute_one(statement(FINISH).bind(result).bind(now.0).bind(id)).await
}

pub(super) async fn find(db: &Db, id: Uuid) -> Result<Option<Undo>, Error> {
    let Some(row) = db.optional(statement(FIND).bind(id)).await? else { return Ok(None) };
    let (request, result): (String, String) = (row.value("request")?, row.value("result")?);
    Ok(Some(Undo {
        id: Some(id),
        cause: json("request", &request)?,
        outcome: json("result", &result)?,
        created_at: row.time("created_at")?,
    }))
}

fn json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Inconsistent { column })
}
