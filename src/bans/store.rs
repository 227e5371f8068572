//! The statements on bans, and the predicates about viewers that all statements
//! on content include.

use uuid::Uuid;

use super::model::{Ban, Deed, Deeds, NewBan, Scope, Struck};
use crate::{
    base::{
        actor::{Actor, Agent, Viewer},
        clock::Timestamp,
        ids::{AccountId, BanId},
        page::PageRequest,
        text::name_key,
    },
    db::{Columns, Db, Error, Row, SITE, Sql, Statement, Tx, sql, statement},
    sessions::to_actor,
};

/// The table `viewer`, of one row: who looks (zeros for nobody), the same again
/// if there are bans to look at (null for nobody, for admins, whom nobody can
/// ban, and for almost everybody else), whether it is an admin, and when.
/// Statements that begin with it are made by [`looking`].
macro_rules! viewer {
    () => {
        "with viewer (id, banned, is_admin, now) as
            (select ?, (select u.account_id from bans u
                        where u.account_id = ? and u.lifted_at is null limit 1), ?, ?) "
    };
}

/// The same for somebody of whom only the id is known; takes it three times, and the
/// time.
macro_rules! viewer_known_by_id {
    () => {
        "with viewer (id, banned, is_admin, now) as
            (select ?, (select u.account_id from bans u join accounts a on a.id = u.account_id
                        where u.account_id = ? and u.lifted_at is null and a.role <> 'admin'
                        limit 1),
             (select a.role = 'admin' from accounts a where a.id = ?), ?) "
    };
}

/// Bans in force on the viewer in the scopes that an SQL list names; the whole
/// site is always among them. Every list asks for each of its rows, so the index is named:
/// a planner that takes the table for small would read all of it.
macro_rules! bans_in_force {
    ($scopes:literal) => {
        concat!(
            "bans b indexed by bans_account where b.account_id = (select banned from viewer)
               and b.scope_id in (x'00000000000000000000000000000000', ",
            $scopes,
            ") and b.lifted_at is null
               and (b.until is null or b.until > (select now from viewer))"
        )
    };
}

/// The deeds that bans forbid the viewer, as [`Deeds`] stores them.
macro_rules! denied {
    ($scopes:literal) => {
        concat!(
            "(select coalesce(max(b.deeds & 1) | max(b.deeds & 2) | max(b.deeds & 4)
                              | max(b.deeds & 8), 0) from ",
            $crate::bans::bans_in_force!($scopes),
            ")"
        )
    };
}

/// Whether no ban forbids the viewer any of the deeds: 1 view, 2 comment,
/// 4 vote, 8 post, added up.
macro_rules! allowed {
    ($deeds:literal, $scopes:literal) => {
        concat!(
            "((select banned from viewer) is null or not exists (select 1 from ",
            $crate::bans::bans_in_force!($scopes),
            " and (b.deeds & ",
            $deeds,
            ") <> 0))"
        )
    };
}

/// Whether the viewer moderates the community whose id an SQL expression gives.
macro_rules! moderates {
    ($community:literal) => {
        concat!(
            "((select is_admin from viewer) or exists
               (select 1 from community_members m where m.community_id = ",
            $community,
            " and m.account_id = (select id from viewer) and m.role = 'moderator'))"
        )
    };
}

pub(crate) use {allowed, bans_in_force, denied, moderates, viewer, viewer_known_by_id};

/// A statement that begins with `viewer!()`.
pub(crate) fn looking(sql: impl Into<Sql>, viewer: Viewer<'_>, now: Timestamp) -> Statement {
    let id = viewer.map_or(SITE, |actor| actor.id.0);
    let is_admin = viewer.is_some_and(Actor::is_admin);
    let banned = if is_admin { SITE } else { id };
    statement(sql).bind(id).bind(banned).bind(is_admin).bind(now.0)
}

sql! { FIND_TARGET = "
    select a.id, a.username,
           a.role = 'admin' or a.id = ? or exists
               (select 1 from community_members m
                where m.community_id = ? and m.account_id = a.id and m.role = 'moderator')
               as moderates
    from accounts a where a.name_key = ? and a.state <> 'held'" }
sql! { STRUCK = "
    select a.id, a.username, a.role, a.verified_at, a.post_count,
           a.comment_count, a.score, a.strikes, a.labels, a.created_at,
           exists (select 1 from community_members m where m.community_id = ?
                   and m.account_id = a.id and m.role = 'moderator') as moderates,
           exists (select 1 from community_members m where m.community_id = ?
                   and m.account_id = ? and m.role = 'moderator') as agent_moderates,
           (select count(*) from bans b where b.account_id = a.id and b.lifted_at is null)
               as prior_bans,
           (select slug from communities where id = ?) as slug
    from accounts a where a.name_key = ? and a.state <> 'held'" }
sql! { NAME = "select username from accounts where id = ?" }
sql! { INSERT = "
    insert into bans
        (id, scope, scope_id, account_id, deeds, reason, created_by, plugin, created_at, until)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }
sql! { INSERT_REMOVAL =
"insert into content_removals (ban_id, since, state, created_at) values (?, ?, 'waiting', ?)" }
sql! { REMOVES_SINCE = "select since from content_removals where ban_id = ?" }
sql! { LIFT = "
    update bans set lifted_by = ?, lifted_at = ?
    where id = ? and lifted_at is null and (until is null or until > ?)" }
sql! { FIND = "
    select b.scope, b.scope_id, b.account_id, p.community_id, p.author_id
    from bans b left join posts p on p.id = b.scope_id
    where b.id = ?" }
sql! { STRICTEST = "
    select reason, until from bans
    where account_id = ? and scope_id in (?, ?, ?) and (deeds & ?) <> 0
      and lifted_at is null and (until is null or until > ?)
    order by until is null desc, until desc limit 1" }

macro_rules! select {
    ($which:literal) => {
        concat!(
            "select b.id, b.scope, b.scope_id, b.deeds, b.reason, b.created_at, b.until,
                    b.lifted_at, b.plugin, a.username, c.username as created_by, l.username as lifted_by,
                    co.slug as community
             from bans b
             join accounts a on a.id = b.account_id
             left join accounts c on c.id = b.created_by
             left join accounts l on l.id = b.lifted_by
             left join communities co on co.id = b.scope_id
             where ",
            $which,
            " = ? and b.id < ? order by b.id desc limit ?"
        )
    };
}

sql! { LIST = select!("b.scope_id") }
sql! { LIST_OF_ACCOUNT = select!("b.account_id") }

/// Somebody who may be banned.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) id: AccountId,
    pub(super) username: String,
    /// Whether they moderate the scope.
    pub(super) moderates: bool,
}

/// Who has a name, as seen from a scope.
pub(super) async fn find_target(
    tx: &mut Tx,
    scope: &Scope,
    username: &str,
) -> Result<Option<Target>, Error> {
    let (author, community) = match scope {
        Scope::Site => (SITE, SITE),
        Scope::Community(id) => (SITE, id.0),
        Scope::Post { community, author, .. } => (author.0, community.0),
    };
    let key = name_key(username);
    let row = tx.optional(statement(FIND_TARGET).bind(author).bind(community).bind(key)).await?;
    row.map(|row| {
        Ok(Target {
            id: row.id("id")?,
            username: row.value("username")?,
            moderates: row.value("moderates")?,
        })
    })
    .transpose()
}

/// Who has a name, with what rules and plugins ask for, as `agent` sees it from
/// a scope.
pub(super) async fn struck(
    db: &Db,
    agent: Agent<'_>,
    scope: &Scope,
    username: &str,
) -> Result<Option<Struck>, Error> {
    let community = scope.community().map_or(SITE, |community| community.0);
    let statement = statement(STRUCK)
        .bind(community)
        .bind(community)
        .bind(agent.person().map(|actor| actor.id.0))
        .bind(community)
        .bind(name_key(username));
    let Some(row) = db.optional(statement).await? else { return Ok(None) };
    Ok(Some(Struck {
        // Nobody is signed in here: these are the facts alone.
        facts: to_actor(&row, SITE.into())?,
        moderates: row.value("moderates")?,
        agent_moderates: row.value("agent_moderates")?,
        prior_bans: row.value("prior_bans")?,
        slug: row.value("slug")?,
    }))
}

/// Name of an account.
pub(super) async fn name(db: &Db, account: AccountId) -> Result<Option<String>, Error> {
    let row = db.optional(statement(NAME).bind(account.0)).await?;
    row.map(|row| row.value("username")).transpose()
}

/// Where a ban holds, and whom it is on, outside a transaction.
pub(super) async fn read(db: &Db, id: BanId) -> Result<Option<(Scope, AccountId)>, Error> {
    db.optional(statement(FIND).bind(id.0)).await?.as_ref().map(found).transpose()
}

/// A ban's row, but for what [`NewBan`] says.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) id: BanId,
    pub(super) scope: &'a Scope,
    pub(super) target: AccountId,
    pub(super) agent: Agent<'a>,
    pub(super) now: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, placed: &Placed<'_>, new: &NewBan) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(placed.id.0)
            .bind(placed.scope.as_str())
            .bind(placed.scope.id())
            .bind(placed.target.0)
            .bind(new.deeds.bits())
            .bind(new.reason.clone())
            .bind(placed.agent.person().map(|actor| actor.id.0))
            .bind(placed.agent.plugin().map(|automation| automation.plugin.clone()))
            .bind(placed.now.0)
            .bind(new.until.map(|until| until.0)),
    )
    .await
}

/// Notes that what the account wrote since a time is to be removed with a ban.
pub(super) async fn insert_removal(
    tx: &mut Tx,
    id: BanId,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(INSERT_REMOVAL).bind(id.0).bind(since.0).bind(now.0)).await
}

/// Since when what the account wrote is removed with a ban, if it is.
pub(super) async fn removes_since(tx: &mut Tx, id: BanId) -> Result<Option<Timestamp>, Error> {
    let row = tx.optional(statement(REMOVES_SINCE).bind(id.0)).await?;
    row.map(|row| row.time("since")).transpose()
}

/// Whether the ban was in force.
pub(super) async fn lift(
    tx: &mut Tx,
    id: BanId,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<bool, Error> {
    let by = by.map(|by| by.0);
    let statement = statement(LIFT).bind(by).bind(now.0).bind(id.0).bind(now.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Where a ban holds, and whom it is on.
pub(super) async fn find(tx: &mut Tx, id: BanId) -> Result<Option<(Scope, AccountId)>, Error> {
    tx.optional(statement(FIND).bind(id.0)).await?.as_ref().map(found).transpose()
}

fn found(row: &Row) -> Result<(Scope, AccountId), Error> {
    let scope: String = row.value("scope")?;
    let scope = match scope.as_str() {
        "post" => Scope::Post {
            id: row.id("scope_id")?,
            community: row.id("community_id")?,
            author: row.id("author_id")?,
        },
        "community" => Scope::Community(row.id("scope_id")?),
        _ => Scope::Site,
    };
    Ok((scope, row.id("account_id")?))
}

/// Reason and end of the ban that forbids a deed for the longest time.
pub(super) async fn strictest(
    db: &Db,
    account: AccountId,
    (community, post): (Uuid, Uuid),
    deed: Deed,
    now: Timestamp,
) -> Result<Option<(String, Option<Timestamp>)>, Error> {
    let statement = statement(STRICTEST)
        .bind(account.0)
        .bind(SITE)
        .bind(community)
        .bind(post)
        .bind(deed.bit())
        .bind(now.0);
    let row = db.optional(statement).await?;
    row.map(|row| Ok((row.value("reason")?, row.optional_time("until")?))).transpose()
}

/// Bans of a scope, newest first.
pub(super) async fn list(
    db: &Db,
    scope: &Scope,
    page: &PageRequest<BanId>,
) -> Result<Vec<Ban>, Error> {
    list_by(db, LIST, scope.id(), page).await
}

/// Bans on an account, newest first.
pub(super) async fn list_of_account(
    db: &Db,
    account: AccountId,
    page: &PageRequest<BanId>,
) -> Result<Vec<Ban>, Error> {
    list_by(db, LIST_OF_ACCOUNT, account.0, page).await
}

async fn list_by(
    db: &Db,
    sql: Sql,
    which: Uuid,
    page: &PageRequest<BanId>,
) -> Result<Vec<Ban>, Error> {
    let before = page.after.map_or(Uuid::max(), |after| after.0);
    let rows = db.all(statement(sql).bind(which).bind(before).bind(page.rows())).await?;
    rows.iter().map(ban).collect()
}

fn ban(row: &Row) -> Result<Ban, Error> {
    let scope: String = row.value("scope")?;
    let post = (scope == "post").then(|| row.id("scope_id")).transpose()?;
    Ok(Ban {
        id: row.id("id")?,
        scope,
        community: row.value("community")?,
        post,
        username: row.value("username")?,
        deeds: Deeds::from_stored(row.value("deeds")?),
        reason: row.value("reason")?,
        created_by: row.value("created_by")?,
        plugin: row.value("plugin")?,
        created_at: row.time("created_at")?,
        until: row.optional_time("until")?,
        lifted_by: row.value("lifted_by")?,
        lifted_at: row.optional_time("lifted_at")?,
    })
}
