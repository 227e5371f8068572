//! The statements on communities and their members.

use super::model::{
    Community, CommunityAccess, CommunityEdit, MemberRole, Moderator, ModeratorKey, NEVER,
    NewCommunity,
};
use crate::{
    bans::{Deeds, Standing, denied, looking, moderates, viewer},
    base::{
        actor::{Actor, Viewer},
        clock::Timestamp,
        ids::{AccountId, CommunityId},
        page::PageRequest,
        text::name_key,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
};

/// Whether the viewer may see the community `c`.
macro_rules! community_visible {
    () => {
        $crate::bans::allowed!("1", "c.id")
    };
}

macro_rules! columns {
    () => {
        "c.id, c.slug, c.name, c.description, c.member_count, c.post_count, c.created_at,
         m.role as my_role "
    };
}

macro_rules! from {
    () => {
        "from communities c
         left join community_members m
             on m.community_id = c.id and m.account_id = (select id from viewer) "
    };
}

sql! { ACCESS = concat!(
    viewer!(),
    "select ",
    columns!(),
    ", ",
    moderates!("c.id"),
    " as moderates, ",
    denied!("c.id"),
    " as denied ",
    from!(),
    "where c.slug = ? and ",
    community_visible!()
) }
sql! { LIST = concat!(
    viewer!(),
    "select ",
    columns!(),
    from!(),
    "where c.slug > ? and ",
    community_visible!(),
    " order by c.slug limit ?"
) }
sql! { EXISTS = "select 1 from communities where slug = ?" }
sql! { INSERT = "
    insert into communities (id, slug, name, description, member_count, created_by, created_at)
    values (?, ?, ?, ?, ?, ?, ?)" }
sql! { UPDATE = "
    update communities set name = coalesce(?, name), description = coalesce(?, description)
    where id = ?" }
sql! { INSERT_MEMBER = "
    insert into community_members (community_id, account_id, role, joined_at, appointed_at)
    values (?, ?, ?, ?, ?)" }
sql! { DELETE_MEMBER =
"delete from community_members where community_id = ? and account_id = ?" }
/// Whether an admin acts, or a moderator of the community. Takes whether that is an admin,
/// the community and the account. `MySQL` reads a table that the statement changes only
/// within a table that it makes first.
macro_rules! actor_moderates {
    () => {
        "(? or exists (select 1 from
             (select o.account_id from community_members o
              where o.community_id = ? and o.account_id = ? and o.role = 'moderator'
              limit 1) x))"
    };
}
sql! { LAST_APPOINTED = "
    select max(appointed_at) as last from community_members
    where community_id = ? and role = 'moderator' and appointed_at < ?" }
sql! { APPOINT_STRANGER = concat!(
    "insert into community_members (community_id, account_id, role, joined_at, appointed_at)
     select ?, a.id, 'moderator', ?, ? from accounts a where a.id = ? and ",
    actor_moderates!()
) }
sql! { APPOINT_MEMBER = concat!(
    "update community_members set role = 'moderator', appointed_at = ?
     where community_id = ? and account_id = ? and role = 'member' and ",
    actor_moderates!()
) }
// By an admin, by the moderator themselves, or by a moderator of higher rank.
sql! { DISMISS = "
    update community_members set role = 'member', appointed_at = ?
    where community_id = ? and account_id = ? and role = 'moderator'
      and (? or account_id = ? or exists (select 1 from
          (select o.appointed_at, o.account_id from community_members o
           where o.community_id = ? and o.account_id = ? and o.role = 'moderator'
           limit 1) x
          where x.appointed_at < community_members.appointed_at
             or (x.appointed_at = community_members.appointed_at
                 and x.account_id < community_members.account_id)))" }
sql! { MEMBER_ROLE =
"select role from community_members where community_id = ? and account_id = ?" }
sql! { FIND_MEMBER = "
    select a.id, m.role from accounts a
    left join community_members m on m.account_id = a.id and m.community_id = ?
    where a.name_key = ? and a.state = 'active'" }
sql! { COUNT_MEMBERS = "update communities set member_count = member_count + ? where id = ?" }
sql! { MODERATORS = "
    select a.id, a.username, m.joined_at, m.appointed_at,
           (select count(*) from community_members o
            where o.community_id = m.community_id and o.role = 'moderator'
              and o.appointed_at <= m.appointed_at
              and (o.appointed_at < m.appointed_at or o.account_id <= m.account_id)) as place
    from community_members m
    join accounts a on a.id = m.account_id
    where m.community_id = ?1 and m.role = 'moderator'
      and m.appointed_at >= ?2 and (m.appointed_at > ?2 or m.account_id > ?3)
    order by m.appointed_at, m.account_id limit ?4" }

/// A community as the viewer may see it.
pub(super) async fn access(
    db: &Db,
    viewer: Viewer<'_>,
    slug: &str,
    now: Timestamp,
) -> Result<Option<CommunityAccess>, Error> {
    let row = db.optional(looking(ACCESS, viewer, now).bind(slug.to_owned())).await?;
    row.as_ref().map(read_access).transpose()
}

/// [`access`] in a transaction.
pub(super) async fn access_in(
    tx: &mut Tx,
    viewer: Viewer<'_>,
    slug: &str,
    now: Timestamp,
) -> Result<Option<CommunityAccess>, Error> {
    let row = tx.optional(looking(ACCESS, viewer, now).bind(slug.to_owned())).await?;
    row.as_ref().map(read_access).transpose()
}

fn read_access(row: &Row) -> Result<CommunityAccess, Error> {
    Ok(CommunityAccess {
        community: community(row)?,
        standing: Standing {
            moderates: row.value("moderates")?,
            denied: Deeds::from_stored(row.value("denied")?),
        },
    })
}

/// Communities that the viewer may see, by slug.
pub(super) async fn list(
    db: &Db,
    viewer: Viewer<'_>,
    page: &PageRequest<String>,
    now: Timestamp,
) -> Result<Vec<Community>, Error> {
    let after = page.after.clone().unwrap_or_default();
    let rows = db.all(looking(LIST, viewer, now).bind(after).bind(page.rows())).await?;
    rows.iter().map(community).collect()
}

pub(super) async fn exists(db: &Db, slug: &'static str) -> Result<bool, Error> {
    Ok(db.optional(statement(EXISTS).bind(slug)).await?.is_some())
}

/// Makes a community, without members if nobody creates it.
pub(super) async fn insert(
    tx: &mut Tx,
    id: CommunityId,
    new: &NewCommunity,
    creator: Option<AccountId>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(id.0)
            .bind(new.slug.clone())
            .bind(new.name.clone())
            .bind(new.description.clone())
            .bind(i64::from(creator.is_some()))
            .bind(creator.map(|creator| creator.0))
            .bind(now.0),
    )
    .await
}

pub(super) async fn update(tx: &mut Tx, id: CommunityId, edit: CommunityEdit) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE).bind(edit.name).bind(edit.description).bind(id.0)).await
}

/// Inserts a member, who is appointed now if a moderator. The caller counts the member.
pub(super) async fn insert_member(
    tx: &mut Tx,
    community: CommunityId,
    account: AccountId,
    role: MemberRole,
    now: Timestamp,
) -> Result<(), Error> {
    let appointed = if role == MemberRole::Moderator { now } else { NEVER };
    let statement = statement(INSERT_MEMBER).bind(community.0).bind(account.0);
    tx.execute_one(statement.bind(role.as_str()).bind(now.0).bind(appointed.0)).await
}

/// Whether there was such a member.
pub(super) async fn delete_member(
    tx: &mut Tx,
    community: CommunityId,
    account: AccountId,
) -> Result<bool, Error> {
    Ok(tx.execute(statement(DELETE_MEMBER).bind(community.0).bind(account.0)).await? == 1)
}

/// A time of appointment after all others in the community, whatever the clock says.
pub(super) async fn next_appointment(
    tx: &mut Tx,
    community: CommunityId,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let row = tx.optional(statement(LAST_APPOINTED).bind(community.0).bind(NEVER.0)).await?;
    let last: Option<i64> = row.map_or(Ok(None), |row| row.value("last"))?;
    Ok(last.map_or(now, |last| now.max(Timestamp(last.saturating_add(1)))))
}

/// An appointment or a dismissal: who acts, where, and on whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appointment<'a> {
    pub(super) actor: &'a Actor,
    pub(super) community: CommunityId,
    pub(super) account: AccountId,
}

/// Makes somebody who is no member a moderator, if the actor moderates. Returns whether
/// that was so.
pub(super) async fn appoint_stranger(
    tx: &mut Tx,
    appointment: Appointment<'_>,
    (now, appointed): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let Appointment { actor, community, account } = appointment;
    let statement = statement(APPOINT_STRANGER)
        .bind(community.0)
        .bind(now.0)
        .bind(appointed.0)
        .bind(account.0)
        .bind(actor.is_admin())
        .bind(community.0)
        .bind(actor.id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Makes a member a moderator, if the actor moderates. Returns whether that was so.
pub(super) async fn appoint_member(
    tx: &mut Tx,
    appointment: Appointment<'_>,
    appointed: Timestamp,
) -> Result<bool, Error> {
    let Appointment { actor, community, account } = appointment;
    let statement = statement(APPOINT_MEMBER)
        .bind(appointed.0)
        .bind(community.0)
        .bind(account.0)
        .bind(actor.is_admin())
        .bind(community.0)
        .bind(actor.id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Makes a moderator a member, if the actor may dismiss the moderator. Returns whether
/// that was so.
pub(super) async fn dismiss(tx: &mut Tx, appointment: Appointment<'_>) -> Result<bool, Error> {
    let Appointment { actor, community, account } = appointment;
    let statement = statement(DISMISS)
        .bind(NEVER.0)
        .bind(community.0)
        .bind(account.0)
        .bind(actor.is_admin())
        .bind(actor.id.0)
        .bind(community.0)
        .bind(actor.id.0);
    Ok(tx.execute(statement).await? == 1)
}

/// The role of an account in a community; `None` for no member.
pub(super) async fn member_role(
    tx: &mut Tx,
    community: CommunityId,
    account: AccountId,
) -> Result<Option<MemberRole>, Error> {
    let row = tx.optional(statement(MEMBER_ROLE).bind(community.0).bind(account.0)).await?;
    row.map_or(Ok(None), |row| role(&row, "role"))
}

/// Who has a name, and what they are in a community.
pub(super) async fn find_member(
    tx: &mut Tx,
    community: CommunityId,
    username: &str,
) -> Result<Option<(AccountId, Option<MemberRole>)>, Error> {
    let statement = statement(FIND_MEMBER).bind(community.0).bind(name_key(username));
    let row = tx.optional(statement).await?;
    row.map(|row| Ok((row.id("id")?, role(&row, "role")?))).transpose()
}

pub(super) async fn count_members(
    tx: &mut Tx,
    community: CommunityId,
    change: i64,
) -> Result<(), Error> {
    tx.execute_one(statement(COUNT_MEMBERS).bind(change).bind(community.0)).await
}

/// The moderators of a community, by rank.
pub(super) async fn moderators(
    db: &Db,
    community: CommunityId,
    page: &PageRequest<ModeratorKey>,
) -> Result<Vec<Moderator>, Error> {
    let first = ModeratorKey(Timestamp(0), uuid::Uuid::nil().into());
    let ModeratorKey(appointed, account) = page.after.unwrap_or(first);
    let statement = statement(MODERATORS).bind(community.0).bind(appointed.0).bind(account.0);
    let statement = statement.bind(page.rows());
    let rows = db.all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(Moderator {
                id: row.id("id")?,
                username: row.value("username")?,
                rank: row.value("place")?,
                appointed_at: row.time("appointed_at")?,
                joined_at: row.time("joined_at")?,
            })
        })
        .collect()
}

fn role(row: &Row, column: &str) -> Result<Option<MemberRole>, Error> {
    Ok(row.value::<Option<&str>>(column)?.map(MemberRole::from_stored))
}

fn community(row: &Row) -> Result<Community, Error> {
    Ok(Community {
        id: row.id("id")?,
        slug: row.value("slug")?,
        name: row.value("name")?,
        description: row.value("description")?,
        member_count: row.value("member_count")?,
        post_count: row.value("post_count")?,
        created_at: row.time("created_at")?,
        my_role: role(row, "my_role")?,
    })
}
