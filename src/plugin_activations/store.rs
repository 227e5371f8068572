//! The statements on activations, and on the events that candidates are tried on.

use uuid::Uuid;

use super::model::{Activation, Candidate, Probe, Refusal, Step};
use crate::{
    base::{
        clock::Timestamp,
        ids::{BindingId, CommunityId},
        secret::sha256_hex,
    },
    db::{Columns, Db, Error, Row, SITE, Tx, sql, statement},
    hooks::HookPoint,
};

sql! { INSERT = "
    insert into plugin_activations
        (id, binding_id, digest, settings_hash, state, step, started_at)
    values (?, ?, ?, ?, 'running', ?, ?)" }
sql! { ADVANCE = "
update plugin_activations set step = ?, probe = coalesce(?, probe) where id = ?" }
sql! { FINISH = "
    update plugin_activations set state = ?, step = ?, code = ?, error = ?, finished_at = ?
    where id = ?" }
sql! { IS_ANY_ABANDONED = "
    select exists (select 1 from plugin_activations
                   where state = 'running' and started_at <= ?) as found" }
// The step stays: it is the last one done.
sql! { END_ABANDONED = "
    update plugin_activations
    set state = 'refused', code = 'interrupted', finished_at = ?,
        error = 'the server stopped before it was done'
    where state = 'running' and started_at <= ?" }
sql! { FORGET = "
    delete from plugin_activations
    where binding_id = ?1 and id <> ?2 and id not in
        (select id from (select id from plugin_activations where binding_id = ?1
                         order by id desc limit 20) kept)" }
sql! { LAST = "
    select digest, settings_hash, state, step, code, error, probe, started_at, finished_at
    from plugin_activations where binding_id = ? order by id desc limit 1" }
// Only what is recent: a rare hook is not looked for in all that is on record.
sql! { RECORDED = "
    select input, outcome from hook_events
    where number > (select max(number) from hook_events) - 5000
      and hook = ?1 and input is not null and (?2 = x'00000000000000000000000000000000'
                                              or community_id = ?2)
    order by number desc limit ?3" }

/// An event that plugins were asked about, and what came of it.
pub(super) struct Recorded {
    pub(super) input: String,
    pub(super) outcome: String,
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    candidate: &Candidate<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    let row = statement(INSERT)
        .bind(id)
        .bind(candidate.binding.0)
        .bind(candidate.digest.to_owned())
        .bind(sha256_hex(candidate.settings.as_bytes()))
        .bind(Step::Received.as_str())
        .bind(now.0);
    tx.execute_one(row).await?;
    tx.execute(statement(FORGET).bind(candidate.binding.0).bind(id)).await.map(drop)
}

pub(super) async fn advance(
    tx: &mut Tx,
    id: Uuid,
    step: Step,
    probe: Option<&Probe>,
) -> Result<(), Error> {
    // Four numbers: serialising them cannot fail.
    let probe = probe.map(|probe| serde_json::to_string(probe).unwrap_or_default());
    tx.execute_one(statement(ADVANCE).bind(step.as_str()).bind(probe).bind(id)).await
}

pub(super) async fn finish(
    tx: &mut Tx,
    id: Uuid,
    result: Result<(), &Refusal>,
    now: Timestamp,
) -> Result<(), Error> {
    let refusal = result.err();
    tx.execute_one(
        statement(FINISH)
            .bind(if refusal.is_some() { "refused" } else { "active" })
            .bind(refusal.map_or(Step::Active, |refusal| refusal.step).as_str())
            .bind(refusal.map(|refusal| refusal.code.clone()))
            .bind(refusal.map(|refusal| refusal.message.clone()))
            .bind(now.0)
            .bind(id),
    )
    .await
}

/// Whether something began so long ago and is not over.
pub(super) async fn is_any_abandoned(db: &Db, begun: Timestamp) -> Result<bool, Error> {
    let row = db.optional(statement(IS_ANY_ABANDONED).bind(begun.0)).await?;
    row.map_or(Ok(false), |row| row.value("found"))
}

/// Ends what began so long ago and is not over. How many.
pub(super) async fn end_abandoned(
    tx: &mut Tx,
    begun: Timestamp,
    now: Timestamp,
) -> Result<u64, Error> {
    tx.execute(statement(END_ABANDONED).bind(now.0).bind(begun.0)).await
}

/// The last attempt to put something to work as a binding.
pub(super) async fn last(db: &Db, binding: BindingId) -> Result<Option<Activation>, Error> {
    let row = db.optional(statement(LAST).bind(binding.0)).await?;
    row.as_ref().map(activation).transpose()
}

/// Events of a hook, the last first.
pub(super) async fn recorded(
    db: &Db,
    hook: HookPoint,
    scope: Option<CommunityId>,
    most: i64,
) -> Result<Vec<Recorded>, Error> {
    let rows = statement(RECORDED)
        .bind(hook.name())
        .bind(scope.map_or(SITE, |community| community.0))
        .bind(most);
    let recorded =
        |row: &Row| Ok(Recorded { input: row.value("input")?, outcome: row.value("outcome")? });
    db.all(rows).await?.iter().map(recorded).collect()
}

fn activation(row: &Row) -> Result<Activation, Error> {
    let (code, error): (Option<String>, Option<String>) = (row.value("code")?, row.value("error")?);
    let probe: Option<String> = row.value("probe")?;
    let probe = probe.map(|probe| serde_json::from_str(&probe)).transpose();
    Ok(Activation {
        digest: row.value("digest")?,
        settings_hash: row.value("settings_hash")?,
        progress: word("state", row)?,
        step: word("step", row)?,
        error: code.zip(error),
        probe: probe.map_err(|_| Error::Inconsistent { column: "probe" })?,
        started_at: row.time("started_at")?,
        finished_at: row.optional_time("finished_at")?,
    })
}

fn word<T: serde::de::DeserializeOwned>(column: &'static str, row: &Row) -> Result<T, Error> {
    let text: String = row.value(column)?;
    serde_json::from_value(text.into()).map_err(|_| Error::Inconsistent { column })
}
