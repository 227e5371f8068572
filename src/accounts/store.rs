//! The statements on accounts.

use uuid::Uuid;

use super::model::{Account, AccountState, Username};
use crate::{
    base::{
        actor::{Actor, SiteRole},
        clock::Timestamp,
        ids::{AccountId, MediaId, SessionId},
        page::PageRequest,
        text::look_alike_key,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
    sessions::{Verified, to_actor},
};

macro_rules! columns {
    () => {
        "id, username, email, verified_at, pending_email, role, state, bio, \
         post_count, comment_count, score, created_at, bot, avatar_id"
    };
}

/// The bans from the whole site that are in force on an account at a time: both are SQL
/// expressions.
macro_rules! site_bans {
    ($account:literal, $now:literal) => {
        concat!(
            "bans b where b.account_id = ",
            $account,
            " and b.scope_id = x'00000000000000000000000000000000' and b.lifted_at is null
               and (b.until is null or b.until > ",
            $now,
            ")"
        )
    };
}

/// Whether bans from the whole site forbid an account everything at a time: then only the
/// person and admins see its bio and avatar.
macro_rules! profile_hidden {
    ($account:literal, $now:literal) => {
        concat!(
            "((select coalesce(max(b.deeds & 1) | max(b.deeds & 2) | max(b.deeds & 4)
                               | max(b.deeds & 8), 0) from ",
            $crate::accounts::site_bans!($account, $now),
            ") = 15)"
        )
    };
}

/// Whether a profile can be changed: the account is active, and no ban from the site is
/// in force. Admins cannot be banned. Takes the account and the time.
macro_rules! changeable {
    () => {
        concat!(
            "id = ? and state = 'active'
               and (role = 'admin' or not exists (select 1 from ",
            site_bans!("accounts.id", "?"),
            "))"
        )
    };
}

pub(crate) use {profile_hidden, site_bans};

sql! { INSERT = "
    insert into accounts
        (id, username, username_key, email, email_key, password_hash, role, state, created_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)" }
// No unique rule, for there may be such names from before. Write transactions take turns.
sql! { FIND_LOOK_ALIKE = "select 1 from accounts where look_alike_key = ? limit 1" }
// Programs of the last release look for this key, which joins more names than are refused:
// of two that it joins, they find the first.
sql! { FIND_USERNAME_KEY = "select 1 from accounts where username_key = ?" }
sql! { INSERT_BOT = "
    insert into accounts (id, username, username_key, role, state, created_at, bot)
    values (?, ?, ?, 'member', 'active', ?, ?)" }
sql! { FIND_BOT = concat!("select ", columns!(), " from accounts where bot = ?") }
sql! { FIND = concat!("select ", columns!(), " from accounts where id = ?") }
sql! { FIND_ACTOR = "
    select id, username, verified_at, role, state, post_count, comment_count, score, strikes,
           labels, created_at
    from accounts where id = ?" }
sql! { FIND_BY_KEY = concat!(
    "select ",
    columns!(),
    ", ",
    profile_hidden!("accounts.id", "?"),
    " as hidden from accounts where name_key = ? and state = 'active'"
) }
sql! { LIST = concat!(
    "select ",
    columns!(),
    ", name_key, ",
    profile_hidden!("accounts.id", "?"),
    " as hidden from accounts
     where state = 'active' and name_key >= ? and name_key < ? and name_key > ?
     order by name_key limit ?"
) }
sql! { UPDATE_BIO = concat!("update accounts set bio = ? where ", changeable!()) }
sql! { FIND_AVATAR = "select avatar_id from accounts where id = ? and state = 'active'" }
sql! { UPDATE_AVATAR = concat!("update accounts set avatar_id = ? where ", changeable!()) }
sql! { SITE_BAN = concat!(
    "select b.reason, b.until from ",
    site_bans!("?", "?"),
    " order by b.until is null desc, b.until desc limit 1"
) }
sql! { FORGET_REMOVED = "delete from removed_profiles where account_id = ?" }
// Unless another account has a name that is drawn alike.
sql! { RENAME = "
    update accounts set username = ?, username_key = ?
    where id = ? and state = 'active' and role <> 'admin' and bot is null" }
sql! { OTHER_LOOK_ALIKE =
"select 1 from accounts where look_alike_key = ? and id <> ? limit 1" }
// Not when it was changed since the old one was given.
sql! { UPDATE_PASSWORD = "
    update accounts set password_hash = ?
    where id = ? and state = 'active' and password_hash = ?" }
// Only by somebody who is an admin still. Nobody changes their own role: an admin is left.
sql! { UPDATE_ROLE = "
    update accounts set role = ?
    where id = ? and state = 'active'
      and exists (select 1 from (select id from accounts
                                 where id = ? and role = 'admin' and state = 'active' limit 1) last)" }
sql! { UPDATE_STATE = "update accounts set state = ? where id = ? and state = ?" }
// Never the last admin; not when the password was changed since it was given.
sql! { CLOSE = "
    update accounts
    set state = 'closed', username = ?, username_key = ?, email = null, email_key = null,
        verified_key = null, pending_email = null, password_hash = null, verified_at = null,
        bio = '', role = 'member', avatar_id = null
    where id = ? and state <> 'closed' and (? is null or password_hash = ?)
      and (role <> 'admin'
           or exists (select 1 from (select id from accounts
                                     where role = 'admin' and state = 'active' limit 2) last
                      where last.id <> ?))" }
sql! { IS_ADMIN = "select 1 from accounts where id = ? and role = 'admin' and password_hash = ?" }
sql! { FIND_LEAVING = "
    select username, email, pending_email, strikes > 0 or exists
        (select 1 from bans b where b.account_id = accounts.id and b.lifted_at is null
                                and (b.until is null or b.until > ?)) as is_sanctioned
    from accounts where id = ? and state <> 'closed'" }

/// A new account's row.
pub(super) struct NewAccount<'a> {
    pub(super) id: AccountId,
    pub(super) username: &'a str,
    pub(super) look_alike_key: String,
    pub(super) email: Option<&'a str>,
    pub(super) email_key: Option<String>,
    pub(super) password_hash: &'a str,
    pub(super) role: SiteRole,
    pub(super) state: AccountState,
    pub(super) created_at: Timestamp,
}

impl<'a> NewAccount<'a> {
    pub(super) fn new(account: &'a Account, username: &Username, password_hash: &'a str) -> Self {
        Self {
            id: account.id,
            username: &account.username,
            look_alike_key: username.look_alike_key(),
            email: account.email.as_deref(),
            email_key: account.email.as_ref().map(|email| email.to_ascii_lowercase()),
            password_hash,
            role: account.role,
            state: account.state,
            created_at: account.created_at,
        }
    }
}

/// Whether the name was free.
pub(super) async fn insert(tx: &mut Tx, account: &NewAccount<'_>) -> Result<bool, Error> {
    let alike = statement(FIND_LOOK_ALIKE).bind(account.look_alike_key.clone());
    if tx.optional(alike).await?.is_some() {
        return Ok(false);
    }
    let mut username_key = look_alike_key(account.username);
    let joined = statement(FIND_USERNAME_KEY).bind(username_key.clone());
    if tx.optional(joined).await?.is_some() {
        username_key = format!("{username_key} {}", account.id);
    }
    let statement = statement(INSERT)
        .bind(account.id.0)
        .bind(account.username.to_owned())
        .bind(username_key)
        .bind(account.email.map(str::to_owned))
        .bind(account.email_key.clone())
        .bind(account.password_hash.to_owned())
        .bind(account.role.as_str())
        .bind(account.state.as_str())
        .bind(account.created_at.0);
    match tx.execute(statement).await {
        Err(error) if error.is_unique("accounts.name_key") => Ok(false),
        other => Ok(other? == 1),
    }
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

/// The same in a transaction.
pub(super) async fn find_in(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, Error> {
    tx.optional(statement(FIND).bind(id.0)).await?.as_ref().map(account).transpose()
}

pub(super) async fn find_by_key(
    db: &Db,
    key: String,
    now: Timestamp,
) -> Result<Option<Account>, Error> {
    let row = db.optional(statement(FIND_BY_KEY).bind(now.0).bind(key)).await?;
    row.as_ref().map(shown).transpose()
}

/// Active accounts whose key begins with `prefix`, with that key.
pub(super) async fn list(
    db: &Db,
    prefix: &str,
    page: &PageRequest<String>,
    now: Timestamp,
) -> Result<Vec<(Account, String)>, Error> {
    let rows = db
        .all(
            statement(LIST)
                .bind(now.0)
                .bind(prefix.to_owned())
                // No key has a character after this one.
                .bind(format!("{prefix}\u{10ffff}"))
                .bind(page.after.clone().unwrap_or_default())
                .bind(page.rows()),
        )
        .await?;
    rows.iter().map(|row| Ok((shown(row)?, row.value("name_key")?))).collect()
}

/// Sets a bio. Returns whether the profile can be changed.
pub(super) async fn update_bio(
    tx: &mut Tx,
    id: AccountId,
    bio: String,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(statement(UPDATE_BIO).bind(bio).bind(id.0).bind(now.0)).await? == 1)
}

/// The reason and the end of the longest ban of an account from the site, if one is in
/// force.
pub(super) async fn site_ban(
    tx: &mut Tx,
    id: AccountId,
    now: Timestamp,
) -> Result<Option<(String, Option<Timestamp>)>, Error> {
    let row = tx.optional(statement(SITE_BAN).bind(id.0).bind(now.0)).await?;
    row.map(|row| Ok((row.value("reason")?, row.optional_time("until")?))).transpose()
}

/// Sets another name. Returns `None` when another account has the name or one that is
/// drawn alike, and otherwise whether the account is one that can be renamed.
pub(super) async fn rename(
    tx: &mut Tx,
    id: AccountId,
    name: &Username,
) -> Result<Option<bool>, Error> {
    let alike = statement(OTHER_LOOK_ALIKE).bind(name.look_alike_key()).bind(id.0);
    if tx.optional(alike).await?.is_some() {
        return Ok(None);
    }
    // Unique whatever programs of the last release join.
    let username_key = format!("{} {id}", look_alike_key(name.as_str()));
    let statement = statement(RENAME).bind(name.as_str().to_owned()).bind(username_key).bind(id.0);
    match tx.execute(statement).await {
        Err(error) if error.is_unique("accounts.name_key") => Ok(None),
        other => Ok(Some(other? == 1)),
    }
}

/// Forgets what admins removed of a profile; there may be nothing. Its pictures go with
/// those of the account.
pub(super) async fn forget_removed(tx: &mut Tx, id: AccountId) -> Result<(), Error> {
    tx.execute(statement(FORGET_REMOVED).bind(id.0)).await.map(drop)
}

/// The picture beside an account's name.
pub(super) async fn find_avatar(tx: &mut Tx, id: AccountId) -> Result<Option<MediaId>, Error> {
    let row = tx.optional(statement(FIND_AVATAR).bind(id.0)).await?;
    row.map_or(Ok(None), |row| row.optional_id("avatar_id"))
}

/// Sets an avatar, or none. Returns whether the profile can be changed.
pub(super) async fn update_avatar(
    tx: &mut Tx,
    id: AccountId,
    avatar: Option<MediaId>,
    now: Timestamp,
) -> Result<bool, Error> {
    let avatar = avatar.map(|avatar| avatar.0);
    Ok(tx.execute(statement(UPDATE_AVATAR).bind(avatar).bind(id.0).bind(now.0)).await? == 1)
}

/// Whether the password that was verified was the account's still.
pub(super) async fn update_password(
    tx: &mut Tx,
    (id, verified): (AccountId, &Verified),
    hash: String,
) -> Result<bool, Error> {
    let statement = statement(UPDATE_PASSWORD).bind(hash).bind(id.0).bind(verified.hash());
    Ok(tx.execute(statement).await? == 1)
}

/// Whether there was such an account, and `by` was an admin still.
pub(super) async fn update_role(
    tx: &mut Tx,
    (by, id): (AccountId, AccountId),
    role: SiteRole,
) -> Result<bool, Error> {
    let statement = statement(UPDATE_ROLE).bind(role.as_str()).bind(id.0).bind(by.0);
    Ok(tx.execute(statement).await? == 1)
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

/// Erases what an account is known by; whether it may be closed, by the password that was
/// verified if its owner does it.
pub(super) async fn close(
    tx: &mut Tx,
    (id, verified): (AccountId, Option<&Verified>),
    name: String,
) -> Result<bool, Error> {
    let hash = verified.map(Verified::hash);
    let statement = statement(CLOSE)
        .bind(name.clone())
        .bind(name)
        .bind(id.0)
        .bind(hash.clone())
        .bind(hash)
        .bind(id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Whether an account with this password is an admin's.
pub(super) async fn is_admin(
    tx: &mut Tx,
    id: AccountId,
    verified: &Verified,
) -> Result<bool, Error> {
    let statement = statement(IS_ADMIN).bind(id.0).bind(verified.hash());
    Ok(tx.optional(statement).await?.is_some())
}

/// The names and addresses of an account that is about to be closed.
pub(super) struct Leaving {
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) pending_email: Option<String>,
    /// Whether a ban on it is in force, or a strike counts.
    pub(super) is_sanctioned: bool,
}

pub(super) async fn find_leaving(
    tx: &mut Tx,
    id: AccountId,
    now: Timestamp,
) -> Result<Option<Leaving>, Error> {
    let row = tx.optional(statement(FIND_LEAVING).bind(now.0).bind(id.0)).await?;
    row.map(|row| {
        Ok(Leaving {
            username: row.value("username")?,
            email: row.value("email")?,
            pending_email: row.value("pending_email")?,
            is_sanctioned: row.value("is_sanctioned")?,
        })
    })
    .transpose()
}

/// An account as others see it.
fn shown(row: &Row) -> Result<Account, Error> {
    Ok(Account { is_hidden: row.value("hidden")?, ..account(row)? })
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
        is_hidden: false,
    })
}
