//! The statements on the log of actions, and on those that wait for a second.

use uuid::Uuid;

use super::{
    model::{ActionKind, Inverse, LogFilter, LoggedAction, Matter, NewAction, Target, Tie},
    rules,
};
use crate::{
    base::{
        actor::{Actor, Agent, Automation},
        clock::Timestamp,
        ids::{AccountId, ActionId},
        page::PageRequest,
        text::name_key,
    },
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
};

sql! { INSERT = "
    insert into mod_actions
        (id, kind, actor_id, plugin, binding_id, decision_id, target_kind, target_id, account_id,
         community_id, detail, reason, inverse, created_at, own_matter)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }
/// Whether the account `a` can decide a matter: it is in use, and none of three accounts.
macro_rules! is_free {
    () => {
        "a.state = 'active' and a.id not in (?, ?, ?)"
    };
}
sql! { CAN_OTHERS_DECIDE = concat!(
    "select exists (select 1 from accounts a where a.role = 'admin' and ",
    is_free!(),
    ") or exists (select 1 from community_members m join accounts a on a.id = m.account_id
                  where m.community_id = ? and m.role = 'moderator' and ",
    is_free!(),
    ") as others_can"
) }
sql! { DOER = "
    select actor_id from mod_actions
    where target_id = ? and kind = ? and undone_at is null order by id desc limit 1" }
// What was done and not taken back; whatever its inverse, or with a certain one.
sql! { UNDONE = "
    update mod_actions set undone_by = ?, undone_at = ?
    where target_id = ? and kind = ? and undone_at is null and (? is null or inverse = ?)" }
/// Whether a person has judged content, by acting on it or on what waited about
/// it, since a time: both are SQL expressions, and stand there twice.
macro_rules! decided_by_people {
    ($content:literal, $since:literal) => {
        concat!(
            "(exists (select 1 from mod_actions m
                      where m.target_id = ",
            $content,
            " and m.actor_id is not null and m.created_at >= ",
            $since,
            " and m.kind in ('remove', 'restore', 'lock', 'unlock', 'mark', 'unmark'))
              or exists (select 1 from review_items r
                         where r.target_id = ",
            $content,
            " and r.resolved_by is not null and r.resolved_at >= ",
            $since,
            "))"
        )
    };
}
pub(crate) use decided_by_people;

sql! { DECIDED_BY_PEOPLE = concat!("select ", decided_by_people!("?", "?"), " as decided") }

macro_rules! select {
    ($which:literal) => {
        concat!(
            "select d.id, d.kind, d.actor_id, a.username as actor, d.plugin, d.binding_id,
                    d.decision_id, d.target_kind, d.target_id, d.account_id,
                    s.username as account, d.community_id, c.slug as community, d.detail,
                    d.reason, d.inverse, d.created_at, d.undone_at, d.own_matter,
                    u.username as undone_by, i.ban_id
             from mod_actions d
             left join content_removal_items i on i.action_id = d.id
             left join accounts a on a.id = d.actor_id
             left join accounts s on s.id = d.account_id
             left join accounts u on u.id = d.undone_by
             left join communities c on c.id = d.community_id
             where ",
            $which
        )
    };
}

sql! { FIND = select!("d.id = ?") }
sql! { LIST = select!(
    "(? or d.community_id in (select m.community_id from community_members m
                              where m.account_id = ? and m.role = 'moderator'))
       and (? is null or c.slug = ?) and (? is null or d.kind = ?)
       and (? is null or s.name_key = ?) and (? is null or d.target_id = ?)
       and d.id < ?
     order by d.id desc limit ?"
) }

// The only detail that names an account is the one of a new name.
sql! { ERASE_NAMES =
"update mod_actions set detail = null where account_id = ? and kind = 'rename'" }
sql! { COUNT_SECONDS = "
    select count(*) as others from pending_actions
    where target_id = ? and kind = ? and scope_id = ? and actor_id <> ? and created_at > ?" }
sql! { DELETE_PENDING = "
    delete from pending_actions
    where target_id = ? and kind = ? and scope_id = ? and (? is null or actor_id = ?)" }
sql! { INSERT_PENDING = "
    insert into pending_actions (id, kind, target_id, scope_id, actor_id, message, created_at)
    values (?, ?, ?, ?, ?, ?, ?)" }
sql! { LIST_TAKEN_BACK = "
    select id from mod_actions
    where target_id = ? and kind = ? and undone_at is not null order by id desc limit 20" }

/// The person or the plugin that acted; neither for the server itself, and for a file of
/// the operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct By<'a> {
    pub(super) person: Option<AccountId>,
    pub(super) plugin: Option<&'a Automation>,
}

impl<'a> By<'a> {
    pub(super) fn agent(agent: Agent<'a>) -> Self {
        Self { person: agent.person().map(|actor| actor.id), plugin: agent.plugin() }
    }
}

/// Writes one row.
pub(super) async fn insert(
    tx: &mut Tx,
    id: ActionId,
    by: By<'_>,
    new: &NewAction,
    now: Timestamp,
) -> Result<(), Error> {
    let By { person, plugin } = by;
    tx.execute_one(
        statement(INSERT)
            .bind(id.0)
            .bind(new.kind.as_str())
            .bind(person.map(|person| person.0))
            .bind(plugin.map(|plugin| plugin.plugin.clone()))
            .bind(plugin.map(|plugin| plugin.binding.0))
            .bind(plugin.map(|plugin| plugin.decision.0))
            .bind(new.target.kind())
            .bind(new.target.id())
            .bind(new.account.map(|account| account.0))
            .bind(new.community.map(|community| community.0))
            .bind(new.detail.clone())
            .bind(new.reason.clone())
            .bind(new.inverse.as_ref().map(json))
            .bind(now.0)
            .bind(rules::is_own(person, new)),
    )
    .await
}

/// Forgets the names that an account had.
pub(super) async fn erase_names(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(statement(ERASE_NAMES).bind(account.0)).await.map(drop)
}

/// Whether an admin or a moderator can decide a matter to whom it is less close than to
/// `actor`.
pub(super) async fn can_others_decide(
    db: &Db,
    tie: Tie,
    actor: AccountId,
    matter: &Matter,
) -> Result<bool, Error> {
    let as_close =
        Tie::ALL.map(|other| matter.tied(other).filter(|_| other >= tie).unwrap_or(actor));
    let free = |statement: Statement| {
        as_close.iter().fold(statement, |statement, account| statement.bind(account.0))
    };
    let community = matter.community.map(|community| community.0);
    let statement = free(free(statement(CAN_OTHERS_DECIDE)).bind(community));
    db.optional(statement).await?.map_or(Ok(false), |row| row.value("others_can"))
}

/// The person who did the latest act of a kind that is still in force.
pub(super) async fn doer(
    db: &Db,
    target: Target,
    kind: ActionKind,
) -> Result<Option<AccountId>, Error> {
    let row = db.optional(statement(DOER).bind(target.id()).bind(kind.as_str())).await?;
    row.map_or(Ok(None), |row| row.optional_id("actor_id"))
}

/// Notes that actions were taken back; there may be none.
pub(super) async fn undone(
    tx: &mut Tx,
    by: Option<AccountId>,
    (target, kind): (Target, ActionKind),
    inverse: Option<&Inverse>,
    now: Timestamp,
) -> Result<(), Error> {
    let inverse = inverse.map(json);
    let statement = statement(UNDONE)
        .bind(by.map(|by| by.0))
        .bind(now.0)
        .bind(target.id())
        .bind(kind.as_str())
        .bind(inverse.clone())
        .bind(inverse);
    tx.execute(statement).await.map(drop)
}

/// Whether a person has judged content since a time.
pub(super) async fn is_decided_by_people(
    tx: &mut Tx,
    content: Uuid,
    since: Timestamp,
) -> Result<bool, Error> {
    let statement =
        statement(DECIDED_BY_PEOPLE).bind(content).bind(since.0).bind(content).bind(since.0);
    tx.optional(statement).await?.map_or(Ok(false), |row| row.value("decided"))
}

pub(super) async fn find(tx: &mut Tx, id: ActionId) -> Result<Option<LoggedAction>, Error> {
    tx.optional(statement(FIND).bind(id.0)).await?.as_ref().map(action).transpose()
}

/// The same outside a transaction.
pub(super) async fn read(db: &Db, id: ActionId) -> Result<Option<LoggedAction>, Error> {
    db.optional(statement(FIND).bind(id.0)).await?.as_ref().map(action).transpose()
}

/// Actions of a kind on something that were taken back, the last first.
pub(crate) async fn taken_back(
    tx: &mut Tx,
    target: Uuid,
    kind: ActionKind,
) -> Result<Vec<Uuid>, Error> {
    let rows = tx.all(statement(LIST_TAKEN_BACK).bind(target).bind(kind.as_str())).await?;
    rows.iter().map(|row| row.value("id")).collect()
}

/// The log as `viewer` may see it, newest first: admins all, moderators what was
/// done in their communities.
pub(super) async fn list(
    db: &Db,
    viewer: &Actor,
    filter: &LogFilter,
    page: &PageRequest<ActionId>,
) -> Result<Vec<LoggedAction>, Error> {
    let kind = filter.kind.map(ActionKind::as_str);
    let account = filter.account.as_deref().map(name_key);
    let statement = statement(LIST)
        .bind(viewer.is_admin())
        .bind(viewer.id.0)
        .bind(filter.community.clone())
        .bind(filter.community.clone())
        .bind(kind)
        .bind(kind)
        .bind(account.clone())
        .bind(account)
        .bind(filter.target)
        .bind(filter.target)
        .bind(page.after.map_or(Uuid::max(), |after| after.0))
        .bind(page.rows());
    db.all(statement).await?.iter().map(action).collect()
}

/// What two moderators have to want: what is done, to what, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) kind: ActionKind,
    pub(super) target: Uuid,
    pub(super) scope: Uuid,
}

/// How many others have wished for the same since a time.
pub(super) async fn count_seconds(
    db: &Db,
    wish: Wish,
    actor: AccountId,
    since: Timestamp,
) -> Result<u32, Error> {
    let statement = statement(COUNT_SECONDS)
        .bind(wish.target)
        .bind(wish.kind.as_str())
        .bind(wish.scope)
        .bind(actor.0)
        .bind(since.0);
    db.optional(statement).await?.map_or(Ok(0), |row| row.value("others"))
}

/// Keeps a moderator's wish, in place of an older one.
pub(super) async fn put_pending(
    tx: &mut Tx,
    id: Uuid,
    (wish, actor): (Wish, AccountId),
    message: &str,
    now: Timestamp,
) -> Result<(), Error> {
    drop_pending(tx, wish, Some(actor)).await?;
    tx.execute_one(
        statement(INSERT_PENDING)
            .bind(id)
            .bind(wish.kind.as_str())
            .bind(wish.target)
            .bind(wish.scope)
            .bind(actor.0)
            .bind(message.to_owned())
            .bind(now.0),
    )
    .await
}

/// Forgets wishes, of everybody or of one moderator.
pub(super) async fn drop_pending(
    tx: &mut Tx,
    wish: Wish,
    actor: Option<AccountId>,
) -> Result<(), Error> {
    let actor = actor.map(|actor| actor.0);
    let statement = statement(DELETE_PENDING)
        .bind(wish.target)
        .bind(wish.kind.as_str())
        .bind(wish.scope)
        .bind(actor)
        .bind(actor);
    tx.execute(statement).await.map(drop)
}

/// Names, ids and numbers: serialising them cannot fail.
fn json(inverse: &Inverse) -> String {
    serde_json::to_string(inverse).unwrap_or_default()
}

fn action(row: &Row) -> Result<LoggedAction, Error> {
    let kind: String = row.value("kind")?;
    let target_kind: String = row.value("target_kind")?;
    let inverse: Option<String> = row.value("inverse")?;
    let inconsistent = |column| Error::Inconsistent { column };
    Ok(LoggedAction {
        id: row.id("id")?,
        kind: ActionKind::from_stored(&kind).ok_or_else(|| inconsistent("kind"))?,
        actor: row.optional_id("actor_id")?,
        actor_name: row.value("actor")?,
        plugin: row.value("plugin")?,
        binding: row.optional_id("binding_id")?,
        decision: row.optional_id("decision_id")?,
        target: Target::from_stored(&target_kind, row.value("target_id")?)
            .ok_or_else(|| inconsistent("target_kind"))?,
        account: row.optional_id("account_id")?,
        account_name: row.value("account")?,
        community: row.optional_id("community_id")?,
        slug: row.value("community")?,
        detail: row.value("detail")?,
        reason: row.value("reason")?,
        inverse: inverse
            .map(|text| serde_json::from_str(&text).map_err(|_| inconsistent("inverse")))
            .transpose()?,
        ban: row.optional_id("ban_id")?,
        created_at: row.time("created_at")?,
        undone_at: row.optional_time("undone_at")?,
        undone_by: row.value("undone_by")?,
        own_matter: row.value("own_matter")?,
    })
}
