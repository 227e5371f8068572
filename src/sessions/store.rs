//! The statements on sessions and refresh tokens.

use super::model::{Credentials, Session, StoredToken, TokenState, Verified};
use crate::{
    base::{
        actor::{Actor, SiteRole},
        clock::Timestamp,
        ids::{AccountId, SessionId},
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
};

sql! { CREDENTIALS = "
    select a.id, a.state, a.password_hash,
           exists (select 1 from known_networks k
                   where k.account_id = a.id and k.hash = ? and k.used_at > ?) as is_known
    from accounts a where a.name_key = ?" }
sql! { PASSWORD_HASH = "select password_hash from accounts where id = ? and state = 'active'" }
sql! { RENEW_HASH = "update accounts set password_hash = ? where id = ? and password_hash = ?" }
// `cross join` keeps the order of tables: else a planner that takes `accounts` for small goes
// through all of them for every request.
sql! { ACTOR = "
    select s.id as session_id, a.id, a.username, a.role, a.verified_at,
           a.post_count, a.comment_count, a.score, a.strikes, a.labels, a.created_at
    from sessions s
    cross join accounts a on a.id = s.account_id
    where s.id = ? and s.ended_at is null and s.expires_at > ? and a.state = 'active'" }
// Not when the password was changed, or the account closed, since it was looked at.
sql! { INSERT = "
    insert into sessions (id, account_id, user_agent, created_at, used_at, expires_at)
    select ?, a.id, ?, ?, ?, ? from accounts a
    where a.id = ? and a.state = 'active' and a.password_hash = ?" }
// Sessions before one that all began on other devices.
sql! { IS_NEW_DEVICE = "
    select 1 as found from sessions o
    where o.account_id = ? and o.id <> ?
      and not exists (select 1 from sessions s
                      where s.account_id = o.account_id and s.id <> ? and s.user_agent = ?)
    limit 1" }
sql! { LIST = "
    select id, user_agent, created_at, used_at, expires_at
    from sessions
    where account_id = ? and ended_at is null and expires_at > ?
    order by used_at desc, id desc
    limit ?" }
sql! { TOUCH =
"update sessions set used_at = ?, expires_at = ? where id = ? and ended_at is null" }
sql! { END =
"update sessions set ended_at = ? where id = ? and account_id = ? and ended_at is null" }
sql! { END_ALL =
"update sessions set ended_at = ? where account_id = ? and id <> ? and ended_at is null" }
sql! { INSERT_TOKEN =
"insert into refresh_tokens (hash, session_id, state, created_at) values (?, ?, 'live', ?)" }
sql! { FIND_TOKEN = "
    select t.session_id, s.account_id, t.state, t.successor, n.state as successor_state,
           n.created_at as succeeded_at,
           s.ended_at is null and s.expires_at > ? and a.state = 'active' as alive
    from refresh_tokens t
    join sessions s on s.id = t.session_id
    join accounts a on a.id = s.account_id
    left join refresh_tokens n on n.hash = t.successor
    where t.hash = ?" }
sql! { MOVE_TOKEN = "update refresh_tokens set state = ?, successor = ? where hash = ?" }
sql! { PUT_NETWORK = "
    insert into known_networks (account_id, hash, used_at) values (?, ?, ?)
    on conflict (account_id, hash) do update set used_at = excluded.used_at" }
// All that are used no later than the one that is one too many.
sql! { TRIM_NETWORKS = "
    delete from known_networks
    where account_id = ? and used_at <=
        (select used_at from (select used_at from known_networks where account_id = ?
                              order by used_at desc limit 1 offset ?) last)" }
sql! { ERASE_NETWORKS = "delete from known_networks where account_id = ?" }
sql! { FORGET_NETWORKS = "delete from known_networks where used_at < ?" }
sql! { FORGET = "delete from refresh_tokens where session_id in
(select id from sessions where expires_at < ?)" }
sql! { FORGET_SESSIONS = "delete from sessions where expires_at < ?" }

/// The credentials of the account that has a name. A network, given by its hash, counts as
/// known if the account was signed in to from there since.
pub(super) async fn credentials(
    db: &Db,
    name_key: &str,
    network: &[u8],
    since: Timestamp,
) -> Result<Option<Credentials>, Error> {
    let statement = statement(CREDENTIALS).bind(network.to_vec()).bind(since.0);
    let row = db.optional(statement.bind(name_key.to_owned())).await?;
    row.map(|row| {
        Ok(Credentials {
            id: row.id("id")?,
            active: row.value::<&str>("state")? == "active",
            password_hash: row.value("password_hash")?,
            is_known_network: row.value("is_known")?,
        })
    })
    .transpose()
}

/// The hash of the password of an account that can be used.
pub(super) async fn password_hash(db: &Db, id: AccountId) -> Result<Option<String>, Error> {
    let row = db.optional(statement(PASSWORD_HASH).bind(id.0)).await?;
    row.map_or(Ok(None), |row| row.value("password_hash"))
}

/// Puts another hash of the same password in the place of one.
pub(super) async fn renew_hash(
    tx: &mut Tx,
    id: AccountId,
    verified: &Verified,
    hash: String,
) -> Result<(), Error> {
    let statement = statement(RENEW_HASH).bind(hash).bind(id.0).bind(verified.hash());
    tx.execute(statement).await.map(drop)
}

/// Who acts through a session that is still going on.
pub(super) async fn actor(db: &Db, id: SessionId, now: Timestamp) -> Result<Option<Actor>, Error> {
    let row = db.optional(statement(ACTOR).bind(id.0).bind(now.0)).await?;
    row.as_ref().map(|row| to_actor(row, row.id("session_id")?)).transpose()
}

/// Whether the account can be used, by the password that was verified.
pub(super) async fn insert(
    tx: &mut Tx,
    (account, verified): (AccountId, &Verified),
    session: &Session,
) -> Result<bool, Error> {
    let statement = statement(INSERT)
        .bind(session.id.0)
        .bind(session.user_agent.clone())
        .bind(session.created_at.0)
        .bind(session.used_at.0)
        .bind(session.expires_at.0)
        .bind(account.0)
        .bind(verified.hash());
    Ok(tx.execute(statement).await? == 1)
}

/// Notes that an account was signed in to from a network, by its hash, and keeps so many
/// of its networks, those used last.
pub(super) async fn put_network(
    tx: &mut Tx,
    account: AccountId,
    (network, most): (&[u8], i64),
    now: Timestamp,
) -> Result<(), Error> {
    let put = statement(PUT_NETWORK).bind(account.0).bind(network.to_vec()).bind(now.0);
    tx.execute(put).await?;
    let trim = statement(TRIM_NETWORKS).bind(account.0).bind(account.0).bind(most);
    tx.execute(trim).await.map(drop)
}

/// Deletes all known networks of an account.
pub(super) async fn erase_networks(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(statement(ERASE_NETWORKS).bind(account.0)).await.map(drop)
}

/// Deletes networks that were last used before a time.
pub(super) async fn forget_networks(tx: &mut Tx, before: Timestamp) -> Result<(), Error> {
    tx.execute(statement(FORGET_NETWORKS).bind(before.0)).await.map(drop)
}

/// Whether an account has had sessions before, and none on the device of this one.
pub(super) async fn is_new_device(
    tx: &mut Tx,
    account: AccountId,
    session: &Session,
) -> Result<bool, Error> {
    let statement = statement(IS_NEW_DEVICE)
        .bind(account.0)
        .bind(session.id.0)
        .bind(session.id.0)
        .bind(session.user_agent.clone());
    Ok(tx.optional(statement).await?.is_some())
}

pub(super) async fn list(
    db: &Db,
    account: AccountId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Session>, Error> {
    let rows = db.all(statement(LIST).bind(account.0).bind(now.0).bind(limit)).await?;
    rows.iter().map(to_session).collect()
}

/// Notes that a session was used, and when it now expires.
pub(super) async fn touch(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(TOUCH).bind(now.0).bind(expires_at.0).bind(id.0)).await
}

/// Whether there was such a session to end.
pub(super) async fn end(
    tx: &mut Tx,
    account: AccountId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(statement(END).bind(now.0).bind(id.0).bind(account.0)).await? == 1)
}

/// Ends all sessions of an account but `keep`.
pub(super) async fn end_all(
    tx: &mut Tx,
    account: AccountId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<u64, Error> {
    let keep = keep.map(|id| id.0).unwrap_or_default();
    tx.execute(statement(END_ALL).bind(now.0).bind(account.0).bind(keep)).await
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    hash: [u8; 32],
    session: SessionId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(INSERT_TOKEN).bind(hash.to_vec()).bind(session.0).bind(now.0)).await
}

pub(super) async fn find_token(
    tx: &mut Tx,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<StoredToken>, Error> {
    let row = tx.optional(statement(FIND_TOKEN).bind(now.0).bind(hash.to_vec())).await?;
    row.as_ref().map(to_token).transpose()
}

/// Marks a token as used and names its successor.
pub(super) async fn use_token(
    tx: &mut Tx,
    hash: [u8; 32],
    successor: [u8; 32],
) -> Result<(), Error> {
    tx.execute_one(
        statement(MOVE_TOKEN)
            .bind(TokenState::Used.as_str())
            .bind(successor.to_vec())
            .bind(hash.to_vec()),
    )
    .await
}

/// Marks a token whose place another takes.
pub(super) async fn supersede_token(
    tx: &mut Tx,
    hash: Vec<u8>,
    successor: [u8; 32],
) -> Result<(), Error> {
    tx.execute_one(
        statement(MOVE_TOKEN)
            .bind(TokenState::Superseded.as_str())
            .bind(successor.to_vec())
            .bind(hash),
    )
    .await
}

/// Forgets sessions that ended before `before`, with their tokens.
pub(super) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    tx.execute(statement(FORGET).bind(before.0)).await?;
    tx.execute(statement(FORGET_SESSIONS).bind(before.0)).await
}

/// Whose account a row is: `id`, `username`, `role`, `created_at`, `verified_at`,
/// `post_count`, `comment_count`, `score`, `strikes` and `labels`. Who acts through
/// no session has the id that is nil.
pub fn to_actor(row: &Row, session: SessionId) -> Result<Actor, Error> {
    Ok(Actor {
        id: row.id("id")?,
        session,
        username: row.value("username")?,
        role: SiteRole::from_stored(row.value("role")?),
        created_at: row.time("created_at")?,
        verified: row.optional_time("verified_at")?.is_some(),
        post_count: row.value("post_count")?,
        comment_count: row.value("comment_count")?,
        score: row.value("score")?,
        strikes: row.value("strikes")?,
        labels: row.value::<&str>("labels")?.split_whitespace().map(str::to_owned).collect(),
        bot_of: None,
    })
}

fn to_session(row: &Row) -> Result<Session, Error> {
    Ok(Session {
        id: row.id("id")?,
        user_agent: row.value("user_agent")?,
        created_at: row.time("created_at")?,
        used_at: row.time("used_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn to_token(row: &Row) -> Result<StoredToken, Error> {
    Ok(StoredToken {
        session: row.id("session_id")?,
        account: row.id("account_id")?,
        alive: row.value("alive")?,
        state: TokenState::from_stored(row.value("state")?),
        successor: row.value("successor")?,
        successor_state: row.value::<Option<&str>>("successor_state")?.map(TokenState::from_stored),
        succeeded_at: row.optional_time("succeeded_at")?,
    })
}
