//! The statements on accounts.

use uuid::Uuid;

use super::model::{Account, AccountState};
use crate::{
    base::{
        actor::{Actor, SiteRole},
        clock::Timestamp,
        ids::{AccountId, MediaId, SessionId},
        page::PageRequest,
        text::look_alike_key,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    sessions::to_actor,
};

macro_rules! columns {
    () => {
        "id, username, email, verified_at, pending_email, role, state, bio, \
         post_count, comment_count, score, created_at, bot, avatar_id"
    };
}

sql! { INSERT = "
    insert into accounts
        (id, username, username_key, email, email_key, password_hash, role, state, created_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)" }
sql! { INSERT_BOT = "
    insert into accounts (id, username, username_key, role, state, created_at, bot)
    values (?, ?, ?, 'member', 'active', ?, ?)" }
sql! { FIND_BOT = concat!("select ", columns!(), " from accounts where bot = ?") }
sql! { FIND = concat!("select ", columns!(), " from accounts where id = ?") }
sql! { FIND_ACTOR = "
    select id, username, verified_at, role, state, post_count, comment_count, score, strikes,
           labels, created_at
    from accounts where id = ?" }
sql! { FIND_BY_KEY =
concat!("select ", columns!(), " from accounts where username_key = ? and state = 'active'") }
sql! { LIST = concat!(
    "select ",
    columns!(),
    ", username_key from accounts
     where state = 'active' and username_key >= ? and username_key < ? and username_key > ?
     order by username_key limit ?"
) }
sql! { UPDATE_BIO = "update accounts set bio = ? where id = ? and state = 'active'" }
sql! { FIND_AVATAR = "select avatar_id from accounts where id = ? and state = 'active'" }
sql! { UPDATE_AVATAR = "update accounts set avatar_id = ? where id = ? and state = 'active'" }
sql! { UPDATE_PASSWORD =
"update accounts set password_hash = ? where id = ? and state = 'active'" }
sql! { UPDATE_ROLE =
"update accounts set role = ? where username_key = ? and state = 'active'" }
sql! { UPDATE_STATE = "update accounts set state = ? where id = ? and state = ?" }
sql! { CLOSE = "
    update accounts
    set state = 'closed', username = ?, username_key = ?, email = null, email_key = null,
        verified_key = null, pending_email = null, password_hash = null, verified_at = null,
        bio = '', role = 'member', avatar_id = null
    where id = ? and state <> 'closed'" }

/// A new account's row.
pub(super) struct NewAccount<'a> {
    pub(super) id: AccountId,
    pub(super) username: &'a str,
    pub(super) username_key: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) email_key: Option<String>,
    pub(super) password_hash: &'a str,
    pub(super) role: SiteRole,
    pub(super) state: AccountState,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, account: &NewAccount<'_>) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(account.id.0)
            .bind(account.username.to_owned())
            .bind(account.username_key.to_owned())
            .bind(account.email.map(str::to_owned))
            .bind(account.email_key.clone())
            .bind(account.password_hash.to_owned())
            .bind(account.role.as_str())
            .bind(account.state.as_str())
            .bind(account.created_at.0),
    )
    .await
}

/// Makes the account of a plugin's bot.
pub(super) async fn insert_bot(
    tx: &mut Tx,
    id: AccountId,
    (plugin, name): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_BOT)
            .bind(id.0)
            .bind(name.to_owned())
            .bind(look_alike_key(name))
            .bind(now.0)
            .bind(plugin.to_owned()),
    )
    .await
}

pub(super) async fn find_bot(tx: &mut Tx, plugin: &str) -> Result<Option<Account>, Error> {
    let row = tx.optional(statement(FIND_BOT).bind(plugin.to_owned())).await?;
    row.as_ref().map(account).transpose()
}

pub(super) async fn find(db: &Db, id: AccountId) -> Result<Option<Account>, Error> {
    db.optional(statement(FIND).bind(id.0)).await?.as_ref().map(account).transpose()
}

/// Whose account it is, as one who acts through no session, and whether the
/// account can be used.
pub(super) async fn find_actor(tx: &mut Tx, id: AccountId) -> Result<Option<(Actor, bool)>, Error> {
    let Some(row) = tx.optional(statement(FIND_ACTOR).bind(id.0)).await? else { return Ok(None) };
    let state: &str = row.value("state")?;
    let actor = to_actor(&row, SessionId(Uuid::nil()))?;
    Ok(Some((actor, state == AccountState::Active.as_str())))
}

pub(super) async fn find_by_key(db: &Db, key: String) -> Result<Option<Account>, Error> {
    db.optional(statement(FIND_BY_KEY).bind(key)).await?.as_ref().map(account).transpose()
}

/// Active accounts whose key begins with `prefix`, with that key.
pub(super) async fn list(
    db: &Db,
    prefix: &str,
    page: &PageRequest<String>,
) -> Result<Vec<(Account, String)>, Error> {
    let rows = db
        .all(
            statement(LIST)
                .bind(prefix.to_owned())
                // No key has a character after this one.
                .bind(format!("{prefix}\u{10ffff}"))
                .bind(page.after.clone().unwrap_or_default())
                .bind(page.rows()),
        )
        .await?;
    rows.iter().map(|row| Ok((account(row)?, row.value("username_key")?))).collect()
}

pub(super) async fn update_bio(tx: &mut Tx, id: AccountId, bio: String) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE_BIO).bind(bio).bind(id.0)).await
}

/// The picture beside an account's name.
pub(super) async fn find_avatar(tx: &mut Tx, id: AccountId) -> Result<Option<MediaId>, Error> {
    let row = tx.optional(statement(FIND_AVATAR).bind(id.0)).await?;
    row.map_or(Ok(None), |row| row.optional_id("avatar_id"))
}

pub(super) async fn update_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: Option<MediaId>,
) -> Result<(), Error> {
    let avatar = avatar.map(|avatar| avatar.0);
    tx.execute_one(statement(UPDATE_AVATAR).bind(avatar).bind(id.0)).await
}

pub(super) async fn update_password(tx: &mut Tx, id: AccountId, hash: String) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE_PASSWORD).bind(hash).bind(id.0)).await
}

/// Whether there was such an account.
pub(super) async fn update_role(tx: &mut Tx, key: String, role: SiteRole) -> Result<bool, Error> {
    Ok(tx.execute(statement(UPDATE_ROLE).bind(role.as_str()).bind(key)).await? == 1)
}

/// Whether it was in the state that it has to leave.
pub(super) async fn update_state(
    tx: &mut Tx,
    id: AccountId,
    from: AccountState,
    to: AccountState,
) -> Result<bool, Error> {
    let statement = statement(UPDATE_STATE).bind(to.as_str()).bind(id.0).bind(from.as_str());
    Ok(tx.execute(statement).await? == 1)
}

pub(super) async fn close(tx: &mut Tx, id: AccountId, name: String) -> Result<bool, Error> {
    Ok(tx.execute(statement(CLOSE).bind(name.clone()).bind(name).bind(id.0)).await? == 1)
}

fn account(row: &Row) -> Result<Account, Error> {
    Ok(Account {
        id: row.id("id")?,
        username: row.value("username")?,
        email: row.value("email")?,
        verified: row.optional_time("verified_at")?.is_some(),
        pending_email: row.value("pending_email")?,
        role: SiteRole::from_stored(row.value("role")?),
        state: AccountState::from_stored(row.value("state")?),
        bio: row.value("bio")?,
        post_count: row.value("post_count")?,
        comment_count: row.value("comment_count")?,
        score: row.value("score")?,
        created_at: row.time("created_at")?,
        is_bot: row.value::<Option<String>>("bot")?.is_some(),
        avatar: row.optional_id("avatar_id")?,
    })
}
