//! The statements on what plugins remember.

use uuid::Uuid;

use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, BindingId},
    },
    db::{Columns, Db, Engine, Error, Row, Sql, Statement, Tx, Value, sql, statement},
    hooks::{StateWrite, ports::Usage, quota},
};

/// Rows that one transaction forgets: a few milliseconds of the writer.
pub(super) const EXPIRED_AT_ONCE: u64 = 1_000;

sql! { COUNT = "
    select coalesce(sum(amount), 0) as total from plugin_state
    where binding_id = ? and kind = 'counter' and `key` = ? and starts_at + width > ?" }
sql! { VALUE = "
    select value from plugin_state
    where binding_id = ? and kind = 'value' and `key` = ?
      and (expires_at is null or expires_at > ?)" }
sql! { CONTAINS = "
    select 1 from plugin_state
    where binding_id = ? and kind = 'member' and `key` = ? and member = ?
      and (expires_at is null or expires_at > ?)" }
sql! { SIZE = "
    select count(*) as size from plugin_state
    where binding_id = ? and kind = 'member' and `key` = ?
      and (expires_at is null or expires_at > ?)" }
sql! { USAGE = "
    select u.value_count - coalesce(sum(s.kind = 'value'), 0) as value_count,
           u.bytes - coalesce(sum(s.bytes), 0) as bytes
    from plugin_state_usage u
    left join plugin_state s on s.binding_id = u.binding_id and s.expires_at <= ?
    where u.binding_id = ?
    group by u.binding_id" }

sql! { IS_BOUND = "select 1 from plugin_bindings where id = ? and removed_at is null" }
sql! { USED = "select value_count, bytes from plugin_state_usage where binding_id = ?" }
sql! { HAS_VALUE =
"select 1 from plugin_state where binding_id = ? and kind = 'value' and `key` = ?" }
sql! { INCREMENT = "
    insert into plugin_state
        (binding_id, kind, `key`, bytes, subject, expires_at, starts_at, width, amount)
    values (?, 'counter', ?, ?, ?, ?, ?, ?, ?)
    on conflict (binding_id, kind, `key`, member, starts_at, width) do update
    set amount = amount + excluded.amount, subject = coalesce(excluded.subject, subject),
        expires_at = max(expires_at, excluded.expires_at)" }
sql! { PUT = "
    insert into plugin_state (binding_id, kind, `key`, bytes, subject, expires_at, value)
    values (?, 'value', ?, ?, ?, ?, ?)
    on conflict (binding_id, kind, `key`, member, starts_at, width) do update
    set value = excluded.value, bytes = excluded.bytes, subject = excluded.subject,
        expires_at = excluded.expires_at" }
sql! { ADD = "
    insert into plugin_state (binding_id, kind, `key`, bytes, subject, expires_at, member)
    values (?, 'member', ?, ?, ?, ?, ?)
    on conflict (binding_id, kind, `key`, member, starts_at, width) do update
    set subject = excluded.subject, expires_at = excluded.expires_at" }
sql! { DELETE =
"delete from plugin_state where binding_id = ? and kind = 'value' and `key` = ?" }
sql! { REMOVE = "
    delete from plugin_state
    where binding_id = ? and kind = 'member' and `key` = ? and member = ?" }
sql! { DELETE_EXPIRED = "delete from plugin_state
 where rowid in (select rowid from plugin_state where expires_at <= ? limit ?)",
"delete from plugin_state where expires_at <= ? order by expires_at limit ?" }
sql! { DELETE_EXPIRED_OF = "delete from plugin_state where expires_at <= ? and binding_id = ?" }
sql! { DELETE_SUBJECT = "delete from plugin_state where subject = ?" }
sql! { DELETE_BINDING = "delete from plugin_state where binding_id = ?" }
sql! { DELETE_USAGE = "delete from plugin_state_usage where binding_id = ?" }

/// Adds to what bindings have stored what certain entries come to: with a minus
/// before they change, and again afterwards. On `SQLite` triggers do this.
macro_rules! add_usage {
    ($sign:literal, $entries:literal) => {
        concat!(
            "insert into plugin_state_usage (binding_id, value_count, bytes)
             select binding_id, ",
            $sign,
            "sum(kind = 'value'), ",
            $sign,
            "sum(bytes) from ",
            $entries,
            " group by binding_id
             on conflict (binding_id) do update
             set value_count = plugin_state_usage.value_count + excluded.value_count,
                 bytes = plugin_state_usage.bytes + excluded.bytes"
        )
    };
}
macro_rules! entry {
    ($sign:literal) => {
        add_usage!(
            $sign,
            "plugin_state where binding_id = ? and kind = ? and `key` = ? and member = ?
                            and starts_at = ? and width = ?"
        )
    };
}
sql! { LESS_ENTRY = entry!("-") }
sql! { MORE_ENTRY = entry!("") }
sql! { LESS_SUBJECT = add_usage!("-", "plugin_state where subject = ?") }
sql! { LESS_EXPIRED_OF =
add_usage!("-", "plugin_state where expires_at <= ? and binding_id = ?") }
sql! { LESS_EXPIRED = add_usage!(
    "-",
    "(select binding_id, kind, bytes from plugin_state where expires_at <= ?
      order by expires_at limit ?) x"
) }

pub(super) async fn count(db: &Db, binding: Uuid, key: &str, since: i64) -> Result<u64, Error> {
    let statement = statement(COUNT).bind(binding).bind(key.to_owned()).bind(since);
    number(db, statement, "total").await
}

pub(super) async fn value(
    db: &Db,
    binding: Uuid,
    key: &str,
    now: i64,
) -> Result<Option<String>, Error> {
    let statement = statement(VALUE).bind(binding).bind(key.to_owned()).bind(now);
    db.optional(statement).await?.map(|row| row.value("value")).transpose()
}

pub(super) async fn contains(
    db: &Db,
    binding: Uuid,
    (set, member): (&str, &str),
    now: i64,
) -> Result<bool, Error> {
    let statement = statement(CONTAINS).bind(binding).bind(set.to_owned());
    Ok(db.optional(statement.bind(member.to_owned()).bind(now)).await?.is_some())
}

pub(super) async fn size(db: &Db, binding: Uuid, set: &str, now: i64) -> Result<u64, Error> {
    number(db, statement(SIZE).bind(binding).bind(set.to_owned()).bind(now), "size").await
}

async fn number(db: &Db, statement: Statement, column: &'static str) -> Result<u64, Error> {
    let row = db.optional(statement).await?.ok_or(Error::Inconsistent { column })?;
    unsigned(row.value(column)?, column)
}

fn unsigned(number: i64, column: &'static str) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Inconsistent { column })
}

pub(super) async fn usage(db: &Db, binding: Uuid, now: i64) -> Result<Usage, Error> {
    let Some(row) = db.optional(statement(USAGE).bind(now).bind(binding)).await? else {
        return Ok(Usage::default());
    };
    used(&row)
}

fn used(row: &Row) -> Result<Usage, Error> {
    Ok(Usage {
        values: unsigned(row.value("value_count")?, "value_count")?,
        bytes: unsigned(row.value("bytes")?, "bytes")?,
    })
}

/// Whether a binding is still there.
pub(super) async fn is_bound(tx: &mut Tx, binding: BindingId) -> Result<bool, Error> {
    Ok(tx.optional(statement(IS_BOUND).bind(binding.0)).await?.is_some())
}

/// Makes one change; false when it would go over the quota.
pub(super) async fn write(
    tx: &mut Tx,
    binding: BindingId,
    write: &StateWrite,
) -> Result<bool, Error> {
    let is_less = matches!(write, StateWrite::Delete { .. } | StateWrite::Remove { .. });
    if !is_less && !fits(tx, binding, write).await? {
        return Ok(false);
    }
    add_usage(tx, LESS_ENTRY, entry(binding, write)).await?;
    let changed = tx.execute(change(binding, write)).await?;
    add_usage(tx, MORE_ENTRY, entry(binding, write)).await?;
    Ok(is_less || changed == 1)
}

/// The statement that makes a change.
fn change(binding: BindingId, write: &StateWrite) -> Statement {
    match write {
        StateWrite::Delete { key } => statement(DELETE).bind(binding.0).bind(key.clone()),
        StateWrite::Remove { set, member } => {
            statement(REMOVE).bind(binding.0).bind(set.clone()).bind(member.clone())
        }
        StateWrite::Increment { key, by, start, width, expires_at, subject } => {
            insert(INCREMENT, (binding, key), write, subject.as_deref())
                .bind(signed(*expires_at))
                .bind(signed(*start))
                .bind(signed(*width))
                .bind(i64::from(*by))
        }
        StateWrite::Put { key, value, expires_at, subject } => {
            insert(PUT, (binding, key), write, subject.as_deref())
                .bind(expires_at.map(signed))
                .bind(value.clone())
        }
        StateWrite::Add { set, member, expires_at, subject } => {
            insert(ADD, (binding, set), write, subject.as_deref())
                .bind(expires_at.map(signed))
                .bind(member.clone())
        }
    }
}

/// The entry that a change is made to, as its key in the table.
fn entry(binding: BindingId, write: &StateWrite) -> Vec<Value> {
    let (kind, key, member, (start, width)) = match write {
        StateWrite::Put { key, .. } | StateWrite::Delete { key } => ("value", key, "", (0, 0)),
        StateWrite::Add { set, member, .. } | StateWrite::Remove { set, member } => {
            ("member", set, member.as_str(), (0, 0))
        }
        StateWrite::Increment { key, start, width, .. } => ("counter", key, "", (*start, *width)),
    };
    vec![
        binding.0.into(),
        kind.into(),
        key.clone().into(),
        member.to_owned().into(),
        signed(start).into(),
        signed(width).into(),
    ]
}

/// What `SQLite` does by itself.
async fn add_usage(tx: &mut Tx, sql: Sql, which: Vec<Value>) -> Result<(), Error> {
    if tx.engine() == Engine::Sqlite {
        return Ok(());
    }
    tx.execute(which.into_iter().fold(statement(sql), Statement::bind)).await.map(drop)
}

fn insert(
    sql: Sql,
    (binding, key): (BindingId, &str),
    write: &StateWrite,
    subject: Option<&str>,
) -> Statement {
    statement(sql)
        .bind(binding.0)
        .bind(key.to_owned())
        .bind(signed(write.bytes()))
        .bind(subject.map(str::to_owned))
}

/// Whether a new entry fits into the quota of its binding.
async fn fits(tx: &mut Tx, binding: BindingId, write: &StateWrite) -> Result<bool, Error> {
    let Some(row) = tx.optional(statement(USED).bind(binding.0)).await? else {
        return Ok(true);
    };
    let used = used(&row)?;
    if used.bytes + write.bytes() > quota::BYTES {
        return Ok(false);
    }
    let StateWrite::Put { key, .. } = write else { return Ok(true) };
    if used.values < quota::VALUES {
        return Ok(true);
    }
    let has = statement(HAS_VALUE).bind(binding.0).bind(key.clone());
    Ok(tx.optional(has).await?.is_some())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Deletes up to [`EXPIRED_AT_ONCE`] entries of anybody.
pub(super) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    let most = signed(EXPIRED_AT_ONCE);
    add_usage(tx, LESS_EXPIRED, vec![now.0.into(), most.into()]).await?;
    tx.execute(statement(DELETE_EXPIRED).bind(now.0).bind(most)).await
}

pub(super) async fn delete_expired_of(
    tx: &mut Tx,
    binding: BindingId,
    now: Timestamp,
) -> Result<(), Error> {
    add_usage(tx, LESS_EXPIRED_OF, vec![now.0.into(), binding.0.into()]).await?;
    tx.execute(statement(DELETE_EXPIRED_OF).bind(now.0).bind(binding.0)).await.map(drop)
}

pub(super) async fn delete_subject(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    add_usage(tx, LESS_SUBJECT, vec![account.to_string().into()]).await?;
    tx.execute(statement(DELETE_SUBJECT).bind(account.to_string())).await.map(drop)
}

pub(super) async fn delete_binding(tx: &mut Tx, binding: BindingId) -> Result<(), Error> {
    tx.execute(statement(DELETE_BINDING).bind(binding.0)).await?;
    tx.execute(statement(DELETE_USAGE).bind(binding.0)).await.map(drop)
}
