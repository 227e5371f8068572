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
