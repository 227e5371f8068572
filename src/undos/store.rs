//! The statements on batches.

use uuid::Uuid;

use super::model::{Cause, Counts, Item, ItemState, Order, Piece, Thing, Undo, UndoState};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BindingId},
        page::PageRequest,
    },
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
    mod_actions::decided_by_people,
};

/// Of the rows `f` of a binding, those of a cause. Takes what [`bind`] binds.
macro_rules! of_cause {
    ($at:literal) => {
        concat!(
            " f.binding_id = ? and ",
            $at,
            " >= ? and ",
            $at,
            " <= ?
              and (? is null or f.revision = ?)
              and (? is null or exists (
                  select 1 from plugin_binding_revisions r
                  where r.binding_id = f.binding_id and r.revision = f.revision
                    and r.digest = ?))"
        )
    };
}

/// What no other batch is about to take back.
macro_rules! free {
    ($thing:literal) => {
        concat!(
            " and not exists (select 1 from undo_items o
                              where o.thing_id = ",
            $thing,
            " and o.state = 'waiting')"
        )
    };
}

/// The effects of a cause that can be taken back, the newest first. On those that
/// people have decided about since, nothing is done: this is looked at before
/// anything is taken back, for that is a person's doing as well.
macro_rules! effects {
    () => {
        concat!(
            "select row_number() over
                        (order by f.applied_at desc, f.decision_id desc, f.number desc) as number,
                    f.id as thing_id, f.kind, f.target_id,
                    case when json_extract(f.inverse, '$.action') is not null and ",
            decided_by_people!("f.target_id", "f.applied_at"),
            " then 'kept' else 'waiting' end as state
             from effects f
             where f.state = 'applied' and f.inverse is not null and ",
            of_cause!("f.applied_at"),
            free!("f.id")
        )
    };
}

/// What waits because of a cause, and because of nobody else, the newest first.
macro_rules! held {
    () => {
        concat!(
            "select row_number() over (order by i.id desc) as number, i.id as thing_id,
                    'hold' as kind, i.target_id, 'waiting' as state
             from decisions f
             join hook_events e on e.id = f.event_id
             join review_items i on i.event_id = f.event_id and i.state = 'open'
             where f.mode = 'enforce' and f.verdict = 'hold' and ",
            of_cause!("e.created_at"),
            " and not exists (
                  select 1 from decisions o
                  where o.event_id = f.event_id and o.binding_id <> f.binding_id
                    and o.mode = 'enforce' and o.verdict = 'hold')",
            free!("i.id")
        )
    };
}

macro_rules! counted {
    ($of:expr) => {
        concat!(
            "select kind, state, count(*) as things from (",
            $of,
            ") x group by kind, state order by kind, state"
        )
    };
}
macro_rules! noted {
    ($of:expr) => {
        concat!(
            "insert into undo_items (undo_id, number, thing_id, kind, target_id, state)
             select ?, ? + x.number, x.thing_id, x.kind, x.target_id, x.state from (",
            $of,
            ") x"
        )
    };
}
macro_rules! shown {
    ($of:expr) => {
        concat!(
            "select x.number, x.thing_id, x.kind, x.target_id, x.state from (",
            $of,
            ") x order by x.number limit ?"
        )
    };
}

// The effects, and what waits: what would be, how much, and to be done.
sql! { SHOW[2] = [shown!(effects!()), shown!(held!())] }
sql! { COUNT[2] = [counted!(effects!()), counted!(held!())] }
sql! { NOTE[2] = [noted!(effects!()), noted!(held!())] }

/// Whether somebody manages the binding `b`, that is or was at work: admins all,
/// moderators those of their communities. Takes whether that is an admin, and
/// the id.
macro_rules! manages {
    () => {
        "(? or exists (select 1 from community_members m
                       where m.community_id = b.scope_id and m.account_id = ?
                         and m.role = 'moderator'))"
    };
}

sql! { MANAGED = concat!("select b.scope_id from plugin_bindings b where b.id = ? and ", manages!()) }
sql! { MARK =
"update effects set state = 'undone', undo_id = ? where id = ? and state = 'applied'" }
sql! { INSERT = "
    insert into undos (id, binding_id, request, state, total, result, created_by, created_at)
    values (?, ?, ?, 'waiting', 0, '{\"undone\": {}, \"kept\": 0}', ?, ?)" }
sql! { SET_TOTAL = "update undos set total = ?, result = ? where id = ?" }
sql! { BEGIN = "update undos set state = 'running' where id = ? and state = 'waiting'" }
sql! { ORDER = "select created_by, total from undos where id = ? and state <> 'done'" }
sql! { NEXT = "
    select i.number, i.thing_id, f.inverse
    from undo_items i left join effects f on f.id = i.thing_id
    where i.undo_id = ? and i.state = 'waiting' order by i.number limit ?" }
sql! { SETTLE = "
update undo_items set state = ? where undo_id = ? and number = ? and state = 'waiting'" }
sql! { COUNT_ITEMS = "
    select kind, state, count(*) as things from undo_items where undo_id = ?
    group by kind, state order by kind, state" }
sql! { PUT_COUNTS = "update undos set result = ? where id = ? and state <> 'done'" }
sql! { FINISH = "
update undos set state = 'done', result = ?, finished_at = ? where id = ? and state <> 'done'" }
// A batch, and a page of what is in it: a row for each, or one.
sql! { FIND = concat!(
    "select u.binding_id, u.state as undo_state, u.total, u.result, u.created_at, u.finished_at,
            i.number, i.thing_id, i.kind, i.target_id, i.state
     from undos u
     join plugin_bindings b on b.id = u.binding_id
     left join undo_items i on i.undo_id = u.id and i.number > ?
     where u.id = ? and ",
    manages!(),
    " order by i.number limit ?"
) }

fn bind(statement: Statement, cause: &Cause, until: Timestamp) -> Statement {
    statement
        .bind(cause.binding.0)
        .bind(cause.from.map_or(0, |time| time.0))
        .bind(cause.until.map_or(until, |time| time.min(until)).0)
        .bind(cause.revision)
        .bind(cause.revision)
        .bind(cause.digest.clone())
        .bind(cause.digest.clone())
}

/// Whether there is, or was, such a binding, and somebody manages it.
pub(super) async fn managed_scope(
    db: &Db,
    actor: &Actor,
    id: BindingId,
) -> Result<Option<Uuid>, Error> {
    let statement = statement(MANAGED).bind(id.0).bind(actor.is_admin()).bind(actor.id.0);
    db.optional(statement).await?.map(|row| row.value("scope_id")).transpose()
}

/// How much a cause comes to.
pub(super) async fn preview_counts(
    db: &Db,
    cause: &Cause,
    until: Timestamp,
) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for sql in COUNT {
        add_counts(&mut counts, &db.all(bind(statement(sql), cause, until)).await?, true)?;
    }
    Ok(counts)
}

/// What a cause comes to: the newest, at most so many of effects, and as many of
/// what waits.
pub(super) async fn preview_items(
    db: &Db,
    cause: &Cause,
    (until, most): (Timestamp, u32),
) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    for sql in SHOW {
        for row in db.all(bind(statement(sql), cause, until).bind(most)).await? {
            items.push(item(&row, row.value("number")?)?);
        }
    }
    Ok(items)
}

/// Writes down a batch and what is in it; how much that is, and how much of it
/// is settled already.
pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    (cause, by): (&Cause, AccountId),
    now: Timestamp,
) -> Result<(i64, Counts), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id)
            .bind(cause.binding.0)
            // Ids and numbers: serialising them cannot fail.
            .bind(serde_json::to_string(cause).unwrap_or_default())
            .bind(by.0)
            .bind(now.0),
    )
    .await?;
    let mut total: i64 = 0;
    for sql in NOTE {
        let noted = tx.execute(bind(statement(sql).bind(id).bind(total), cause, now)).await?;
        total = total.saturating_add(i64::try_from(noted).unwrap_or(i64::MAX));
    }
    let counts = counts(tx, id).await?;
    tx.execute_one(statement(SET_TOTAL).bind(total).bind(json(&counts)).bind(id)).await?;
    Ok((total, counts))
}

/// A batch that is not done.
pub(super) async fn order(tx: &mut Tx, id: Uuid) -> Result<Option<Order>, Error> {
    let Some(row) = tx.optional(statement(ORDER).bind(id)).await? else { return Ok(None) };
    Ok(Some(Order { id, created_by: row.id("created_by")?, total: row.value("total")? }))
}

/// Notes that a batch is being done; it may be so already.
pub(super) async fn begin(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute(statement(BEGIN).bind(id)).await.map(drop)
}

/// What is to be taken back next.
pub(super) async fn next(db: &Db, id: Uuid, most: u32) -> Result<Vec<Piece>, Error> {
    let rows = db.all(statement(NEXT).bind(id).bind(most)).await?;
    rows.iter()
        .map(|row| {
            let thing: Uuid = row.value("thing_id")?;
            let thing = match row.value::<Option<String>>("inverse")? {
                Some(inverse) => Thing::Effect(thing, parse("inverse", &inverse)?),
                None => Thing::Held(thing.into()),
            };
            Ok(Piece { number: row.value("number")?, thing })
        })
        .collect()
}

/// Notes what became of something; whether it was still to be settled.
pub(super) async fn settle(
    tx: &mut Tx,
    (undo, number): (Uuid, i64),
    state: ItemState,
) -> Result<bool, Error> {
    let statement = statement(SETTLE).bind(state.as_str()).bind(undo).bind(number);
    Ok(tx.execute(statement).await? > 0)
}

/// Whether the effect was still to be taken back.
pub(super) async fn mark(tx: &mut Tx, undo: Uuid, effect: Uuid) -> Result<bool, Error> {
    Ok(tx.execute(statement(MARK).bind(undo).bind(effect)).await? > 0)
}

/// How much of a batch came to what so far.
pub(super) async fn counts(tx: &mut Tx, id: Uuid) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    add_counts(&mut counts, &tx.all(statement(COUNT_ITEMS).bind(id)).await?, false)?;
    Ok(counts)
}

/// Keeps how far a batch is; with `finished_at`, it is done.
pub(super) async fn put_counts(
    tx: &mut Tx,
    id: Uuid,
    counts: &Counts,
    finished_at: Option<Timestamp>,
) -> Result<(), Error> {
    let statement = match finished_at {
        Some(at) => statement(FINISH).bind(json(counts)).bind(at.0).bind(id),
        None => statement(PUT_COUNTS).bind(json(counts)).bind(id),
    };
    tx.execute(statement).await.map(drop)
}

/// A batch and a page of what is in it, if `viewer` manages its binding.
pub(super) async fn find(
    db: &Db,
    viewer: &Actor,
    id: Uuid,
    page: &PageRequest<i64>,
) -> Result<Option<(Undo, Vec<Item>)>, Error> {
    let statement = statement(FIND)
        .bind(page.after.unwrap_or(0))
        .bind(id)
        .bind(viewer.is_admin())
        .bind(viewer.id.0)
        .bind(page.rows());
    let rows = db.all(statement).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let state: &str = first.value("undo_state")?;
    let undo = Undo {
        id: Some(id),
        binding: first.id("binding_id")?,
        state: UndoState::from_stored(state).ok_or(Error::Inconsistent { column: "state" })?,
        total: first.value("total")?,
        counts: parse("result", first.value("result")?)?,
        created_at: first.time("created_at")?,
        finished_at: first.optional_time("finished_at")?,
    };
    let mut items = Vec::new();
    for row in &rows {
        if let Some(number) = row.value::<Option<i64>>("number")? {
            items.push(item(row, number)?);
        }
    }
    Ok(Some((undo, items)))
}

/// Adds rows of kind, state and number; with `all`, what is to be taken back
/// counts as if it were.
fn add_counts(counts: &mut Counts, rows: &[Row], all: bool) -> Result<(), Error> {
    for row in rows {
        let things: i64 = row.value("things")?;
        match state(row)? {
            ItemState::Kept => counts.kept += things,
            ItemState::Waiting if !all => {}
            ItemState::Waiting | ItemState::Undone => {
                *counts.undone.entry(row.value("kind")?).or_default() += things;
            }
        }
    }
    Ok(())
}

fn item(row: &Row, number: i64) -> Result<Item, Error> {
    Ok(Item {
        number,
        id: row.value("thing_id")?,
        kind: row.value("kind")?,
        target: row.value("target_id")?,
        state: state(row)?,
    })
}

fn state(row: &Row) -> Result<ItemState, Error> {
    ItemState::from_stored(row.value("state")?).ok_or(Error::Inconsistent { column: "state" })
}

fn json(counts: &Counts) -> String {
    // Names and numbers: serialising them cannot fail.
    serde_json::to_string(counts).unwrap_or_default()
}

fn parse<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Inconsistent { column })
}
