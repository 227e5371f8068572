//! The statements on what is removed with bans.

use uuid::Uuid;

use super::model::{Removal, RemovalState, Removed, RemovedKind};
use crate::{
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{ActionId, BanId, first_uuid, new_uuid},
    },
    db::{Columns, Db, Error, Row, SITE, Statement, Tx, sql, statement},
    events::Content,
    votes::Cast,
};

macro_rules! find {
    ($which:literal) => {
        concat!(
            "select r.ban_id, r.since, r.state, r.total, r.posts, r.comments, r.votes,
                    r.finished_at, b.account_id, b.scope_id, b.created_by, b.created_at, b.reason
             from content_removals r
             join bans b on b.id = r.ban_id
             left join posts p on p.id = b.scope_id
             where r.ban_id = ? and b.created_by is not null",
            $which
        )
    };
}

sql! { FIND = find!("") }
// For admins, and for those who moderate the community of the ban's scope.
sql! { FIND_MANAGED = find!(
    " and (? or exists (select 1 from community_members m
                        where m.community_id = coalesce(p.community_id, b.scope_id)
                          and m.account_id = ? and m.role = 'moderator'))"
) }

/// Posts of an account in a scope, of a time, that a ban has not dealt with.
macro_rules! posts {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from posts p
             where p.author_id = ? and p.id >= ? and p.id < ? and p.state in ('published', 'held')
               and (? or p.community_id = ?)
               and not exists (select 1 from content_removal_items i
                               where i.ban_id = ? and i.content_id = p.id)",
            $rest
        )
    };
}

/// The same of comments.
macro_rules! comments {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from comments k join posts p on p.id = k.post_id
             where k.author_id = ? and k.id >= ? and k.id < ? and k.state in ('published', 'held')
               and (? or p.community_id = ? or p.id = ?)
               and not exists (select 1 from content_removal_items i
                               where i.ban_id = ? and i.content_id = k.id)",
            $rest
        )
    };
}

/// Votes of an account in a scope, of a time, on what others wrote.
macro_rules! votes {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from votes v
             left join posts p on p.id = v.content_id
             left join comments k on k.id = v.content_id
             left join posts o on o.id = k.post_id
             where v.account_id = ? and v.cast_at >= ? and v.cast_at <= ?
               and coalesce(p.author_id, k.author_id) <> v.account_id
               and (? or coalesce(p.community_id, o.community_id) = ?
                    or coalesce(p.id, o.id) = ?)
               and not exists (select 1 from content_removal_items i
                               where i.ban_id = ? and i.content_id = v.content_id)",
            $rest
        )
    };
}

sql! { LIST_POSTS = posts!("p.id", " order by p.id limit ?") }
sql! { LIST_COMMENTS = comments!("k.id", " order by k.id limit ?") }
sql! { LIST_VOTES = votes!("v.content_id, v.value, v.cast_at", " order by v.cast_at limit ?") }
sql! { COUNT_POSTS = posts!("count(*) as things", "") }
sql! { COUNT_COMMENTS = comments!("count(*) as things", "") }
sql! { COUNT_VOTES = votes!("count(*) as things", "") }
sql! { START = "
update content_removals set state = 'running', total = ? where ban_id = ? and state = 'waiting'" }
sql! { PUT = "
    update content_removals set state = ?, posts = ?, comments = ?, votes = ?, finished_at = ?
    where ban_id = ? and state = 'running'" }
sql! { STOP = "
    update content_removals set state = 'stopped', finished_at = ?
    where ban_id = ? and state in ('waiting', 'running')" }
sql! { INSERT = "
    insert into content_removal_items (id, ban_id, kind, content_id, action_id, value, cast_at)
    values (?, ?, ?, ?, ?, ?, ?)" }
sql! { FIND_ITEM = "
    select i.kind, i.content_id, i.action_id, i.value, i.cast_at, b.account_id
    from content_removal_items i join bans b on b.id = i.ban_id where i.id = ?" }

/// What was removed with the ban `?`, as rows of a batch that takes it back: the ids of
/// the items, `remove` or `vote`, and the contents.
macro_rules! removed_items {
    () => {
        "select i.id as thing_id,
                case i.kind when 'vote' then 'vote' else 'remove' end as kind,
                i.content_id as target_id
         from content_removal_items i where i.ban_id = ?"
    };
}
pub(crate) use removed_items;

/// How far the removal with a ban is, read where it stays so until the end of `tx`.
pub(super) async fn find(tx: &mut Tx, ban: BanId) -> Result<Option<Removal>, Error> {
    tx.optional(statement(FIND).bind(ban.0)).await?.as_ref().map(removal).transpose()
}

/// The same for somebody who may ban there.
pub(super) async fn find_managed(
    db: &Db,
    viewer: &Actor,
    ban: BanId,
) -> Result<Option<Removal>, Error> {
    let statement = statement(FIND_MANAGED).bind(ban.0).bind(viewer.is_admin()).bind(viewer.id.0);
    db.optional(statement).await?.as_ref().map(removal).transpose()
}

fn removal(row: &Row) -> Result<Removal, Error> {
    let state: &str = row.value("state")?;
    Ok(Removal {
        ban: row.id("ban_id")?,
        account: row.id("account_id")?,
        scope: row.value("scope_id")?,
        since: row.time("since")?,
        until: row.time("created_at")?,
        state: RemovalState::from_stored(state).ok_or(Error::Inconsistent { column: "state" })?,
        total: row.value("total")?,
        posts: row.value("posts")?,
        comments: row.value("comments")?,
        votes: row.value("votes")?,
        created_by: row.id("created_by")?,
        reason: row.value("reason")?,
        finished_at: row.optional_time("finished_at")?,
    })
}

/// A statement on contents: of whom, of which time, and where.
fn on_contents(statement: Statement, kind: RemovedKind, removal: &Removal) -> Statement {
    let (since, until) = (first_uuid(removal.since), first_uuid(after(removal.until)));
    let statement = statement.bind(removal.account.0).bind(since).bind(until);
    let statement = statement.bind(removal.scope == SITE).bind(removal.scope);
    let statement = match kind {
        RemovedKind::Comment => statement.bind(removal.scope),
        RemovedKind::Post | RemovedKind::Vote => statement,
    };
    statement.bind(removal.ban.0)
}

/// The millisecond after a time.
fn after(time: Timestamp) -> Timestamp {
    Timestamp(time.0.saturating_add(1))
}

fn on_votes(statement: Statement, removal: &Removal) -> Statement {
    statement
        .bind(removal.account.0)
        .bind(removal.since.0)
        .bind(removal.until.0)
        .bind(removal.scope == SITE)
        .bind(removal.scope)
        .bind(removal.scope)
        .bind(removal.ban.0)
}

/// Notes that the removal begins, and how much there is to remove.
pub(super) async fn start(tx: &mut Tx, removal: &Removal) -> Result<i64, Error> {
    let mut total: i64 = 0;
    for statement in [
        on_contents(statement(COUNT_POSTS), RemovedKind::Post, removal),
        on_contents(statement(COUNT_COMMENTS), RemovedKind::Comment, removal),
        on_votes(statement(COUNT_VOTES), removal),
    ] {
        let things: i64 = tx.optional(statement).await?.map_or(Ok(0), |row| row.value("things"))?;
        total = total.saturating_add(things);
    }
    tx.execute_one(statement(START).bind(total).bind(removal.ban.0)).await?;
    Ok(total)
}

/// What of a kind is to be removed next.
pub(super) async fn contents(
    tx: &mut Tx,
    removal: &Removal,
    (kind, most): (RemovedKind, u32),
) -> Result<Vec<Content>, Error> {
    let sql = if kind == RemovedKind::Post { LIST_POSTS } else { LIST_COMMENTS };
    let rows = tx.all(on_contents(statement(sql), kind, removal).bind(most)).await?;
    rows.iter()
        .map(|row| {
            let id = row.value("id")?;
            Ok(if kind == RemovedKind::Post { Content::Post(id) } else { Content::Comment(id) })
        })
        .collect()
}

/// Which votes are to be taken back next.
pub(super) async fn votes(tx: &mut Tx, removal: &Removal, most: u32) -> Result<Vec<Cast>, Error> {
    let rows = tx.all(on_votes(statement(LIST_VOTES), removal).bind(most)).await?;
    rows.iter()
        .map(|row| {
            Ok(Cast {
                account: removal.account,
                content: row.value("content_id")?,
                value: row.value("value")?,
                cast_at: row.time("cast_at")?,
            })
        })
        .collect()
}

/// Keeps how far the removal is; with `finished_at`, it is done.
pub(super) async fn put(
    tx: &mut Tx,
    removal: &Removal,
    finished_at: Option<Timestamp>,
) -> Result<(), Error> {
    let state = if finished_at.is_some() { RemovalState::Done } else { RemovalState::Running };
    let statement = statement(PUT)
        .bind(state.as_str())
        .bind(removal.posts)
        .bind(removal.comments)
        .bind(removal.votes)
        .bind(finished_at.map(|at| at.0))
        .bind(removal.ban.0);
    tx.execute(statement).await.map(drop)
}

/// Stops a removal that is not done; there may be none.
pub(super) async fn stop(tx: &mut Tx, ban: BanId, now: Timestamp) -> Result<(), Error> {
    tx.execute(statement(STOP).bind(now.0).bind(ban.0)).await.map(drop)
}

/// Something that was removed, as it is noted.
pub(super) struct NewRemoved {
    pub(super) kind: RemovedKind,
    pub(super) content: Uuid,
    pub(super) action: Option<ActionId>,
    pub(super) value: i64,
    pub(super) cast_at: Option<Timestamp>,
}

pub(super) async fn insert(
    tx: &mut Tx,
    ban: BanId,
    new: &NewRemoved,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(new_uuid(now))
            .bind(ban.0)
            .bind(new.kind.as_str())
            .bind(new.content)
            .bind(new.action.map(|action| action.0))
            .bind(new.value)
            .bind(new.cast_at.map(|at| at.0)),
    )
    .await
}

/// Something that was removed.
pub(super) async fn removed(tx: &mut Tx, item: Uuid) -> Result<Option<Removed>, Error> {
    let row = tx.optional(statement(FIND_ITEM).bind(item)).await?;
    row.map(|row| {
        let kind: &str = row.value("kind")?;
        Ok(Removed {
            kind: RemovedKind::from_stored(kind).ok_or(Error::Inconsistent { column: "kind" })?,
            action: row.optional_id("action_id")?,
            account: row.id("account_id")?,
            content: row.value("content_id")?,
            value: row.value("value")?,
            cast_at: row.optional_time("cast_at")?.unwrap_or(Timestamp(0)),
        })
    })
    .transpose()
}
