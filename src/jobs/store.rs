//! The statements on jobs.

use std::time::Duration;

use uuid::Uuid;

use super::model::{Failure, Fate, JobRecord, JobState, NewJob, retry_delay};
use crate::{
    base::{clock::Timestamp, ids::new_uuid, page::PageRequest},
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement, up_to_four},
};

/// Kind of what stands for an event that could not be read.
pub(super) const UNREAD: &str = "unread";
/// How long a job that is kept is kept when it is done.
const KEEP_DONE: Duration = Duration::from_hours(24);
/// How long a job that failed can be tried again by hand.
pub const KEEP_FAILED: Duration = Duration::from_hours(24 * 30);
/// Most rows that are swept at once: some milliseconds of the writer.
const SWEEP: u32 = 500;

macro_rules! columns {
    () => {
        "id, kind, payload, state, priority, attempts, max_attempts, run_at, progress,
         last_error, keep, created_at, finished_at"
    };
}

macro_rules! insert {
    ($($row:literal),+) => {
        concat!(
            "insert into jobs
                 (id, kind, payload, state, priority, max_attempts, run_at, unique_key, keep,
                  created_at)
             values ",
            $($row,)+
            " on conflict (unique_key) do nothing"
        )
    };
}

// By the number of jobs, from one.
sql! { INSERT[4] = up_to_four!(insert, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") }
// Something that a queue beside the database does not tell of.
sql! { IS_DUE_BESIDE = "
    select exists (select 1 from outbox)
        or exists (select 1 from jobs where state = 'waiting'
                   and (offered_until is null or offered_until <= ?))
        or exists (select 1 from jobs where state = 'active' and lease_until <= ?) as due,
        (select min(run_at) from jobs where state = 'delayed') as next_at" }
sql! { IS_DUE = "
    select exists (select 1 from outbox)
        or exists (select 1 from jobs where state = 'waiting')
        or exists (select 1 from jobs where state = 'active' and lease_until <= ?) as due,
        (select min(run_at) from jobs where state = 'delayed') as next_at" }
// What is delayed until now, and what somebody had who is gone.
sql! { WAKE = "
    update jobs set state = 'waiting', lease_until = null
    where (state = 'delayed' and run_at <= ?) or (state = 'active' and lease_until <= ?)" }
sql! { NEXT = concat!(
    "select ",
    columns!(),
    " from jobs where state = 'waiting' order by priority desc, id limit ?"
) }
// Of those that are to be done next, those that no queue has a ticket for.
sql! { TO_OFFER = concat!(
    "select ",
    columns!(),
    ", offered_until from (
        select * from jobs where state = 'waiting' order by priority desc, id limit ?
     ) as front
     where offered_until is null or offered_until <= ?
     order by priority desc, id"
) }
sql! { SET_OFFERED = "update jobs set offered_until = ? where id = ? and state = 'waiting'" }
// 0: it was offered, and may be no more.
sql! { WITHDRAW_OFFERS =
"update jobs set offered_until = 0 where state = 'waiting' and offered_until > 0" }
sql! { CLAIM = "
    update jobs set state = 'active', attempts = attempts + 1, lease_until = ?, offered_until = 0
    where id = ? and state = 'waiting'" }
// Those that [`NEXT`] told of, in the same transaction.
sql! { CLAIM_NEXT = "
    update jobs set state = 'active', attempts = attempts + 1, lease_until = ?, offered_until = 0
    where id in (select id from (select id from jobs where state = 'waiting'
                                 order by priority desc, id limit ?) front)" }
sql! { SET_PARKED = "update jobs set state = 'parked' where id = ?" }
sql! { UNPARK =
"update jobs set state = 'waiting' where state = 'parked' and kind <> 'unread'" }
sql! { GIVE_BACK = "
    update jobs set state = 'waiting', attempts = attempts - 1, lease_until = null
    where id = ? and state = 'active' and attempts = ?" }
sql! { RENEW =
"update jobs set lease_until = ? where id = ? and state = 'active' and attempts = ?" }
// The number of the attempt is whose job it is: somebody else's is another.
sql! { DELETE_DONE =
"delete from jobs where id = ? and keep = 0 and state = 'active' and attempts = ?" }
sql! { DELETE_FOUR_DONE = "
    delete from jobs
    where keep = 0 and state = 'active'
      and (id = ? and attempts = ? or id = ? and attempts = ?
           or id = ? and attempts = ? or id = ? and attempts = ?)" }
sql! { COMPLETE = "
    update jobs set state = 'completed', progress = 100, lease_until = null, finished_at = ?,
        last_error = null
    where id = ? and state = 'active' and attempts = ?" }
sql! { DELAY = "
    update jobs set state = 'delayed', lease_until = null, run_at = ?, last_error = ?
    where id = ? and state = 'active' and attempts = ?" }
sql! { FAIL = "
    update jobs set state = 'failed', lease_until = null, finished_at = ?, last_error = ?
    where id = ? and state = 'active' and attempts = ?" }
sql! { PROGRESS = "update jobs set progress = ? where id = ? and state = 'active'" }
macro_rules! old {
    () => {
        "select id from jobs
         where (state = 'completed' and finished_at < ?) or (state = 'failed' and finished_at < ?)
         limit "
    };
}
sql! { IS_OLD = concat!(old!(), "1") }
sql! { SWEEP_DONE =
concat!("delete from jobs where id in (select id from (", old!(), "?) old)") }
sql! { FIND = concat!("select ", columns!(), " from jobs where id = ?") }
sql! { LIST = concat!(
    "select ",
    columns!(),
    " from jobs where (? is null or state = ?) and (? is null or kind = ?) and id < ?
      order by id desc limit ?"
) }
sql! { RETRY = "
    update jobs set state = 'waiting', attempts = 0, run_at = ?, finished_at = null
    where id = ? and state in ('failed', 'delayed')" }
sql! { REMOVE = "delete from jobs where id = ? and state <> 'active'" }
sql! { DEPTHS = "
    select state, count(*) as jobs, min(created_at) as oldest from jobs
    where state in ('waiting', 'active', 'delayed', 'failed', 'parked') group by state" }

/// Adds a job, in the transaction of its cause. Whether it was added: of jobs
/// with one key there is one. Returns the id that it has then.
pub async fn enqueue(tx: &mut Tx, job: NewJob, now: Timestamp) -> Result<Option<Uuid>, Error> {
    tx.wake_at_commit();
    let id = new_uuid(now);
    let [one, ..] = INSERT;
    let added = tx.execute(bind(statement(one), id, job, now)).await?;
    Ok((added > 0).then_some(id))
}

/// Adds jobs that have a key each.
pub(super) async fn enqueue_keyed(
    tx: &mut Tx,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<(), Error> {
    for some in jobs.chunks(INSERT.len()) {
        tx.wake_at_commit();
        let Some(insert) = INSERT.get(some.len().saturating_sub(1)) else { continue };
        let together = some
            .iter()
            .fold(statement(*insert), |all, job| bind(all, new_uuid(now), job.clone(), now));
        if tx.execute(together).await? != some.len() as u64 {
            // Some are there already, and one engine adds none then.
            for job in some {
                enqueue(tx, job.clone(), now).await?;
            }
        }
    }
    Ok(())
}

fn bind(insert: Statement, id: Uuid, job: NewJob, now: Timestamp) -> Statement {
    let run_at = job.run_at.unwrap_or(now);
    let state = if run_at > now { JobState::Delayed } else { JobState::Waiting };
    insert
        .bind(id)
        .bind(job.kind)
        .bind(job.payload)
        .bind(state.as_str())
        .bind(job.priority)
        .bind(job.max_attempts)
        .bind(run_at.0)
        .bind(job.unique_key)
        .bind(job.keep)
        .bind(now.0)
}

/// Keeps something that nobody here knows.
pub(super) async fn park(
    tx: &mut Tx,
    id: Uuid,
    (kind, payload): (&'static str, String),
    now: Timestamp,
) -> Result<(), Error> {
    let [one, ..] = INSERT;
    tx.execute_one(
        statement(one)
            .bind(id)
            .bind(kind)
            .bind(payload)
            .bind(JobState::Parked.as_str())
            .bind(0)
            .bind(0)
            .bind(now.0)
            .bind(None::<String>)
            .bind(true)
            .bind(now.0),
    )
    .await
}

/// Whether there is something to do.
#[derive(Clone, Copy)]
pub(super) struct Due {
    /// Now.
    pub(super) is_due: bool,
    /// When the first delayed job runs.
    pub(super) next_at: Option<Timestamp>,
}

impl Due {
    fn read(row: Option<&Row>, now: Timestamp) -> Result<Self, Error> {
        let Some(row) = row else { return Ok(Self { is_due: false, next_at: None }) };
        let next_at = row.optional_time("next_at")?;
        let is_due: bool = row.value("due")?;
        Ok(Self { is_due: is_due || next_at.is_some_and(|next_at| next_at <= now), next_at })
    }
}

/// Whether there is something to do.
pub(super) async fn due(db: &Db, now: Timestamp) -> Result<Due, Error> {
    Due::read(db.optional(statement(IS_DUE).bind(now.0)).await?.as_ref(), now)
}

/// Whether there is something to do that a queue beside the database does not
/// tell of.
pub(super) async fn due_beside(db: &Db, now: Timestamp) -> Result<Due, Error> {
    let statement = statement(IS_DUE_BESIDE).bind(now.0).bind(now.0);
    Due::read(db.optional(statement).await?.as_ref(), now)
}

/// What is to be put into a queue beside the database: among the `front` jobs
/// that are to be done next, those that are not there. It counts as there until
/// `until`, unless it is claimed.
pub(super) async fn offer(
    tx: &mut Tx,
    front: u32,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<(JobRecord, bool)>, Error> {
    let rows = tx.all(statement(TO_OFFER).bind(front).bind(now.0)).await?;
    let mut offered = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = record(row)?;
        tx.execute(statement(SET_OFFERED).bind(until.0).bind(job.id)).await?;
        offered.push((job, row.value::<Option<i64>>("offered_until")?.is_some()));
    }
    Ok(offered)
}

/// What was put into a queue may be there no more.
pub(super) async fn withdraw_offers(tx: &mut Tx) -> Result<(), Error> {
    tx.execute(statement(WITHDRAW_OFFERS)).await.map(drop)
}

/// Lets what is due by now wait for somebody.
pub(super) async fn wake(tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
    tx.execute(statement(WAKE).bind(now.0).bind(now.0)).await.map(drop)
}

/// Those that are to be done next.
pub(super) async fn next(tx: &mut Tx, most: usize) -> Result<Vec<JobRecord>, Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    tx.all(statement(NEXT).bind(most)).await?.iter().map(record).collect()
}

/// Takes a job that waits. Whether it did.
pub(super) async fn claim(tx: &mut Tx, id: Uuid, lease: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(statement(CLAIM).bind(lease.0).bind(id)).await? > 0)
}

/// Takes the first `count` of those that [`next`] told of and that still wait, in the
/// same transaction.
pub(super) async fn claim_next(tx: &mut Tx, count: usize, lease: Timestamp) -> Result<(), Error> {
    let expected = count as u64;
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    tx.execute_rows(statement(CLAIM_NEXT).bind(lease.0).bind(limit), expected).await
}

/// Lets somebody else have a job that was taken and not begun.
pub(super) async fn give_back(tx: &mut Tx, job: &JobRecord) -> Result<(), Error> {
    tx.execute(statement(GIVE_BACK).bind(job.id).bind(job.attempts + 1)).await.map(drop)
}

/// Nobody here knows what to do.
pub(super) async fn set_parked(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute_one(statement(SET_PARKED).bind(id)).await
}

/// Lets what was parked wait: who starts now may know what to do.
pub(super) async fn unpark(tx: &mut Tx) -> Result<u64, Error> {
    tx.execute(statement(UNPARK)).await
}

/// Keeps a job that is being done.
pub(super) async fn renew(tx: &mut Tx, job: &JobRecord, lease: Timestamp) -> Result<(), Error> {
    let attempts = job.attempts + 1;
    tx.execute(statement(RENEW).bind(lease.0).bind(job.id).bind(attempts)).await.map(drop)
}

/// Deletes jobs that were done and are not kept, as far as it is still their turn.
pub(super) async fn delete_done(tx: &mut Tx, jobs: &[&JobRecord]) -> Result<(), Error> {
    for some in jobs.chunks(4) {
        // Where there are fewer, the last is named again: it is deleted once.
        let four = some.iter().chain(some.last().into_iter().cycle()).take(4);
        let delete = four
            .fold(statement(DELETE_FOUR_DONE), |all, job| all.bind(job.id).bind(job.attempts + 1));
        tx.execute(delete).await?;
    }
    Ok(())
}

/// Writes down what came of a job, if it is still its turn.
pub(super) async fn finish(
    tx: &mut Tx,
    job: &JobRecord,
    result: Result<(), Failure>,
    now: Timestamp,
) -> Result<Fate, Error> {
    // The attempt that came to this counts.
    let attempts = job.attempts + 1;
    let fate = match result {
        Ok(()) => Fate::Done,
        Err(Failure::For(why)) => Fate::Failed(why),
        Err(Failure::Retry(why) | Failure::RetryAfter(_, why)) if attempts >= job.max_attempts => {
            Fate::Failed(why)
        }
        Err(Failure::Retry(why)) => Fate::Delayed(retry_delay(job.id, attempts), why),
        Err(Failure::RetryAfter(after, why)) => Fate::Delayed(after, why),
    };
    let write = match &fate {
        Fate::Done => {
            let delete = statement(DELETE_DONE).bind(job.id).bind(attempts);
            if tx.execute(delete).await? > 0 {
                return Ok(fate);
            }
            statement(COMPLETE).bind(now.0)
        }
        Fate::Failed(why) => statement(FAIL).bind(now.0).bind(why.clone()),
        Fate::Delayed(delay, why) => statement(DELAY).bind(now.plus(*delay).0).bind(why.clone()),
        Fate::Accepted(_) | Fate::Returned | Fate::Elsewhere => return Ok(fate),
    };
    let written = tx.execute(write.bind(job.id).bind(attempts)).await? > 0;
    Ok(if written { fate } else { Fate::Elsewhere })
}

/// Tells how far a job is, in percent.
pub async fn progress(db: &Db, id: Uuid, percent: u32) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.execute(statement(PROGRESS).bind(percent.min(100)).bind(id)).await?;
    tx.commit().await
}

/// Deletes some of what was done, or failed, long ago. Looks first, so that the
/// writer is not taken for nothing.
pub(super) async fn sweep(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let (done, failed) = (now.minus(KEEP_DONE), now.minus(KEEP_FAILED));
    if db.optional(statement(IS_OLD).bind(done.0).bind(failed.0)).await?.is_none() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let sweep = statement(SWEEP_DONE).bind(done.0).bind(failed.0).bind(SWEEP);
    let swept = tx.execute(sweep).await?;
    tx.commit().await?;
    Ok(swept)
}

/// One job.
pub async fn find(db: &Db, id: Uuid) -> Result<Option<JobRecord>, Error> {
    db.optional(statement(FIND).bind(id)).await?.as_ref().map(record).transpose()
}

/// One job, as a transaction sees it.
pub async fn find_in(tx: &mut Tx, id: Uuid) -> Result<Option<JobRecord>, Error> {
    tx.optional(statement(FIND).bind(id)).await?.as_ref().map(record).transpose()
}

/// Jobs, the newest first.
pub async fn list(
    db: &Db,
    (state, kind): (Option<JobState>, Option<String>),
    page: &PageRequest<Uuid>,
) -> Result<Vec<JobRecord>, Error> {
    let state = state.map(JobState::as_str);
    let rows = db
        .all(
            statement(LIST)
                .bind(state)
                .bind(state)
                .bind(kind.clone())
                .bind(kind)
                .bind(page.after.unwrap_or(Uuid::max()))
                .bind(page.rows()),
        )
        .await?;
    rows.iter().map(record).collect()
}

/// Has a job that failed, or is to be tried later, tried now. Whether it was one.
pub async fn retry(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    tx.wake_at_commit();
    Ok(tx.execute(statement(RETRY).bind(now.0).bind(id)).await? > 0)
}

/// Drops a job. Whether there was one that nobody is doing.
pub async fn remove(tx: &mut Tx, id: Uuid) -> Result<bool, Error> {
    Ok(tx.execute(statement(REMOVE).bind(id)).await? > 0)
}

/// How many jobs are in each state, and since when the oldest is there.
pub(super) async fn depths(db: &Db) -> Result<Vec<(JobState, u32, Timestamp)>, Error> {
    let rows = db.all(statement(DEPTHS)).await?;
    rows.iter().map(|row| Ok((state(row)?, row.value("jobs")?, row.time("oldest")?))).collect()
}

fn state(row: &Row) -> Result<JobState, Error> {
    JobState::from_stored(row.value("state")?).ok_or(Error::Inconsistent { column: "state" })
}

fn record(row: &Row) -> Result<JobRecord, Error> {
    Ok(JobRecord {
        id: row.value("id")?,
        kind: row.value("kind")?,
        payload: row.value("payload")?,
        state: state(row)?,
        priority: row.value("priority")?,
        attempts: row.value("attempts")?,
        max_attempts: row.value("max_attempts")?,
        run_at: row.time("run_at")?,
        progress: row.value("progress")?,
        last_error: row.value("last_error")?,
        keep: row.value("keep")?,
        created_at: row.time("created_at")?,
        finished_at: row.optional_time("finished_at")?,
    })
}
