//! The statements on warnings, and on the strikes that accounts have of them.

use uuid::Uuid;

use super::model::{Warned, Warning};
use crate::{
    base::{
        actor::{Actor, Agent},
        clock::Timestamp,
        ids::{AccountId, CommunityId, WarningId},
        page::PageRequest,
        text::name_key,
    },
    db::{Columns, Db, Error, Row, SITE, Tx, sql, statement},
};

macro_rules! find_warned {
    ($which:literal) => {
        concat!(
            "select a.id, a.role = 'admin' or exists
                   (select 1 from community_members m where m.community_id = ?
                    and m.account_id = a.id and m.role = 'moderator') as moderates
             from accounts a where ",
            $which,
            " and a.state = 'active'"
        )
    };
}
sql! { FIND_WARNED_BY_NAME = find_warned!("a.name_key = ?") }
sql! { FIND_WARNED = find_warned!("a.id = ?") }
sql! { INSERT_WARNING = "
    insert into warnings (id, account_id, community_id, reason, created_by, plugin, created_at)
    values (?, ?, ?, ?, ?, ?, ?)" }
macro_rules! select {
    ($which:literal) => {
        concat!(
            "select w.id, w.account_id, a.username, w.community_id, c.slug, w.reason,
                    w.created_at, w.withdrawn_at
             from warnings w
             join accounts a on a.id = w.account_id
             left join communities c on c.id = w.community_id
             where ",
            $which
        )
    };
}
sql! { FIND_WARNING = select!("w.id = ?") }
sql! { LIST = select!("w.account_id = ? and w.id < ? order by w.id desc limit ?") }
sql! { MAY_WITHDRAW = "
    select 1 from warnings w where w.id = ? and (? or exists
        (select 1 from community_members m where m.community_id = w.community_id
         and m.account_id = ? and m.role = 'moderator'))" }
sql! { WITHDRAW = "
update warnings set withdrawn_by = ?, withdrawn_at = ? where id = ? and withdrawn_at is null" }
sql! { COUNT_STRIKES = "update accounts set strikes = strikes + ? where id = ?" }

/// Who has a name, as seen from a community or from the site.
pub(super) async fn find_warned_by_name(
    db: &Db,
    community: Option<CommunityId>,
    username: &str,
) -> Result<Option<Warned>, Error> {
    let place = community.map_or(SITE, |community| community.0);
    let statement = statement(FIND_WARNED_BY_NAME).bind(place).bind(name_key(username));
    db.optional(statement).await?.as_ref().map(warned).transpose()
}

/// An account, as seen from a community or from the site.
pub(super) async fn find_warned(
    tx: &mut Tx,
    community: Option<CommunityId>,
    account: AccountId,
) -> Result<Option<Warned>, Error> {
    let place = community.map_or(SITE, |community| community.0);
    let statement = statement(FIND_WARNED).bind(place).bind(account.0);
    tx.optional(statement).await?.as_ref().map(warned).transpose()
}

fn warned(row: &Row) -> Result<Warned, Error> {
    Ok(Warned { id: row.id("id")?, moderates: row.value("moderates")? })
}

/// A warning's row.
pub(super) struct NewWarning<'a> {
    pub(super) id: WarningId,
    pub(super) account: AccountId,
    pub(super) community: Option<CommunityId>,
    pub(super) reason: &'a str,
}

/// Writes a warning and counts the strike.
pub(super) async fn insert_warning(
    tx: &mut Tx,
    agent: Agent<'_>,
    new: &NewWarning<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    let (person, plugin) = author(agent);
    tx.execute_one(
        statement(INSERT_WARNING)
            .bind(new.id.0)
            .bind(new.account.0)
            .bind(new.community.map(|community| community.0))
            .bind(new.reason.to_owned())
            .bind(person)
            .bind(plugin)
            .bind(now.0),
    )
    .await?;
    tx.execute_one(statement(COUNT_STRIKES).bind(1_i64).bind(new.account.0)).await
}

/// Who or which plugin did something: exactly one of the two.
fn author(agent: Agent<'_>) -> (Option<Uuid>, Option<String>) {
    match agent {
        Agent::Person(actor) => (Some(actor.id.0), None),
        Agent::Plugin(automation) => (None, Some(automation.plugin.clone())),
    }
}

pub(super) async fn find_warning(tx: &mut Tx, id: WarningId) -> Result<Option<Warning>, Error> {
    let row = tx.optional(statement(FIND_WARNING).bind(id.0)).await?;
    row.as_ref().map(warning).transpose()
}

/// The same outside a transaction.
pub(super) async fn read_warning(db: &Db, id: WarningId) -> Result<Option<Warning>, Error> {
    let row = db.optional(statement(FIND_WARNING).bind(id.0)).await?;
    row.as_ref().map(warning).transpose()
}

/// Whether `actor` moderates where a warning was given.
pub(super) async fn may_withdraw(db: &Db, actor: &Actor, id: WarningId) -> Result<bool, Error> {
    let statement = statement(MAY_WITHDRAW).bind(id.0).bind(actor.is_admin()).bind(actor.id.0);
    Ok(db.optional(statement).await?.is_some())
}

/// Warnings of an account, newest first.
pub(super) async fn list(
    db: &Db,
    account: AccountId,
    page: &PageRequest<WarningId>,
) -> Result<Vec<Warning>, Error> {
    let before = page.after.map_or(Uuid::max(), |after| after.0);
    let statement = statement(LIST).bind(account.0).bind(before).bind(page.rows());
    db.all(statement).await?.iter().map(warning).collect()
}

fn warning(row: &Row) -> Result<Warning, Error> {
    Ok(Warning {
        id: row.id("id")?,
        account: row.id("account_id")?,
        username: row.value("username")?,
        community: row.optional_id("community_id")?,
        slug: row.value("slug")?,
        reason: row.value("reason")?,
        created_at: row.time("created_at")?,
        withdrawn_at: row.optional_time("withdrawn_at")?,
    })
}

/// Takes a warning back and the strike with it; whether it stood.
pub(super) async fn withdraw(
    tx: &mut Tx,
    agent: Agent<'_>,
    warning: &Warning,
    now: Timestamp,
) -> Result<bool, Error> {
    let by = agent.person().map(|actor| actor.id.0);
    let statement_of = statement(WITHDRAW).bind(by).bind(now.0).bind(warning.id.0);
    if tx.execute(statement_of).await? == 0 {
        return Ok(false);
    }
    tx.execute_one(statement(COUNT_STRIKES).bind(-1_i64).bind(warning.account.0)).await?;
    Ok(true)
}
