//! The statements on reports, and on the items that they wait in.

use uuid::Uuid;

use super::model::Subject;
use crate::{
    base::{
        actor::Agent,
        clock::Timestamp,
        ids::{AccountId, ReportId, ReviewItemId},
        text::name_key,
    },
    db::{Columns, Db, Error, Tx, sql, statement},
    mod_actions::Target,
};

sql! { FIND_ACCOUNT = "select id from accounts where name_key = ? and state = 'active'" }
// Reports of a target that wait, newest first: at most 20, as plugins are told.
sql! { OPEN = "
    select r.id from reports r join review_items i on i.id = r.item_id
    where r.target_id = ? and i.state = 'open'
    order by r.id desc limit 20" }
sql! { IS_REPORTED = "
    select 1 from reports r join review_items i on i.id = r.item_id
    where r.target_id = ? and r.reporter_id = ? and i.state = 'open'" }
sql! { SUBJECT_POST = "
    select p.author_id as account_id, p.community_id from posts p
    where p.id = ? and p.state <> 'deleted'" }
sql! { SUBJECT_COMMENT = "
    select k.author_id as account_id, p.community_id from comments k
    join posts p on p.id = k.post_id where k.id = ? and k.state <> 'deleted'" }
sql! { SUBJECT_ACCOUNT = "
select id as account_id, null as community_id from accounts where id = ? and state <> 'closed'" }
sql! { FIND_ITEM =
"select id from review_items where target_id = ? and kind = 'report' and state = 'open'" }
sql! { INSERT_ITEM = "
    insert into review_items
        (id, kind, target_id, community_id, author_id, reason, state, created_at)
    values (?, 'report', ?, ?, ?, ?, 'open', ?)" }
sql! { RAISE_ITEM = "update review_items set priority = min(priority + 1, 100) where id = ?" }
sql! { INSERT = "
    insert into reports
        (id, item_id, target_kind, target_id, account_id, reporter_id, plugin, reason,
         merged_into, created_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }
sql! { FIND_BY_PLUGIN = "select id from reports where item_id = ? and plugin = ?" }

// The newest report by a plugin of something, and how many wait with it.
sql! { BY_PLUGIN = "
    select r.id, r.item_id, i.state, i.resolved_by is not null as is_settled,
           (select count(*) from reports o where o.item_id = r.item_id) as reports
    from reports r join review_items i on i.id = r.item_id
    where r.target_id = ? and r.plugin = ? order by r.id desc limit 1" }
sql! { CLOSE_ITEM =
"update review_items set state = 'superseded' where id = ? and state = 'open'" }
sql! { LOWER_ITEM = "update review_items set priority = max(priority - 1, -100) where id = ?" }
sql! { DELETE = "delete from reports where id = ?" }

/// A plugin's report.
pub(super) struct ByPlugin {
    pub(super) id: ReportId,
    pub(super) item: ReviewItemId,
    pub(super) is_open: bool,
    /// A person has settled it.
    pub(super) is_settled: bool,
    /// Nobody else reported the same.
    pub(super) is_alone: bool,
}

/// The newest report by a plugin of something.
pub(super) async fn by_plugin(
    tx: &mut Tx,
    target: Uuid,
    plugin: &str,
) -> Result<Option<ByPlugin>, Error> {
    let statement = statement(BY_PLUGIN).bind(target).bind(plugin.to_owned());
    let row = tx.optional(statement).await?;
    row.map(|row| {
        let (state, reports): (&str, i64) = (row.value("state")?, row.value("reports")?);
        Ok(ByPlugin {
            id: row.id("id")?,
            item: row.id("item_id")?,
            is_open: state == "open",
            is_settled: row.value("is_settled")?,
            is_alone: reports <= 1,
        })
    })
    .transpose()
}

/// Takes a plugin's report out of the queue: with its item, or from among others.
pub(super) async fn withdraw(tx: &mut Tx, report: &ByPlugin) -> Result<(), Error> {
    if report.is_alone {
        return tx.execute_one(statement(CLOSE_ITEM).bind(report.item.0)).await;
    }
    tx.execute(statement(LOWER_ITEM).bind(report.item.0)).await?;
    tx.execute_one(statement(DELETE).bind(report.id.0)).await
}

/// Who has a name.
pub(super) async fn find_account(db: &Db, username: &str) -> Result<Option<AccountId>, Error> {
    let row = db.optional(statement(FIND_ACCOUNT).bind(name_key(username))).await?;
    row.map(|row| row.id("id")).transpose()
}

/// Whether somebody's report of a target waits.
pub(super) async fn is_reported(
    db: &Db,
    target: Target,
    reporter: AccountId,
) -> Result<bool, Error> {
    let statement = statement(IS_REPORTED).bind(target.id()).bind(reporter.0);
    Ok(db.optional(statement).await?.is_some())
}

/// The reports of a target that wait, newest first.
pub(super) async fn open(db: &Db, target: Target) -> Result<Vec<ReportId>, Error> {
    let rows = db.all(statement(OPEN).bind(target.id())).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// What an effect wants to report, if it is there.
pub(super) async fn subject(tx: &mut Tx, target: Target) -> Result<Option<Subject>, Error> {
    let sql = match target {
        Target::Post(_) => SUBJECT_POST,
        Target::Comment(_) => SUBJECT_COMMENT,
        Target::Account(_) => SUBJECT_ACCOUNT,
        Target::Community(_) | Target::Site => return Ok(None),
    };
    let row = tx.optional(statement(sql).bind(target.id())).await?;
    row.map(|row| {
        Ok(Subject {
            target,
            account: row.id("account_id")?,
            community: row.optional_id("community_id")?,
            slug: None,
            moderates: false,
        })
    })
    .transpose()
}

/// The item in which reports of a subject wait: the open one, further to the
/// front, or a new one.
pub(super) async fn put_item(
    tx: &mut Tx,
    subject: &Subject,
    reason: &str,
    now: Timestamp,
) -> Result<ReviewItemId, Error> {
    let target = subject.target.id();
    if let Some(row) = tx.optional(statement(FIND_ITEM).bind(target)).await? {
        let id: ReviewItemId = row.id("id")?;
        tx.execute_one(statement(RAISE_ITEM).bind(id.0)).await?;
        return Ok(id);
    }
    let id = ReviewItemId::new(now);
    tx.execute_one(
        statement(INSERT_ITEM)
            .bind(id.0)
            .bind(target)
            .bind(subject.community.map(|community| community.0))
            .bind(subject.account.0)
            .bind(reason.to_owned())
            .bind(now.0),
    )
    .await?;
    Ok(id)
}

/// A report's row.
#[derive(Debug)]
pub(super) struct NewReport<'a> {
    pub(super) id: ReportId,
    pub(super) item: ReviewItemId,
    pub(super) subject: &'a Subject,
    pub(super) reason: &'a str,
    pub(super) merged_into: Option<Uuid>,
}

pub(super) async fn insert(
    tx: &mut Tx,
    agent: Agent<'_>,
    new: &NewReport<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(new.id.0)
            .bind(new.item.0)
            .bind(new.subject.target.kind())
            .bind(new.subject.target.id())
            .bind(new.subject.account.0)
            .bind(agent.person().map(|actor| actor.id.0))
            .bind(agent.plugin().map(|automation| automation.plugin.clone()))
            .bind(new.reason.to_owned())
            .bind(new.merged_into)
            .bind(now.0),
    )
    .await
}

/// A plugin's report that waits in an item.
pub(super) async fn find_by_plugin(
    tx: &mut Tx,
    item: ReviewItemId,
    plugin: &str,
) -> Result<Option<ReportId>, Error> {
    let statement = statement(FIND_BY_PLUGIN).bind(item.0).bind(plugin.to_owned());
    tx.optional(statement).await?.map(|row| row.id("id")).transpose()
}
