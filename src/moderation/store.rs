//! The statements on labels and slow modes, and on what rules need to know of
//! content.

use uuid::Uuid;

use super::model::{Facts, Slowed};
use crate::{
    base::{
        self,
        actor::Agent,
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId, same_millisecond},
    },
    db::{Columns, Error, Tx, sql, statement},
    events::Content,
    mod_actions::{SlowMode, Target},
    publishing::{self, ContentState, Marks},
};

sql! { POST = "
    select p.author_id, p.community_id, p.state, p.marks,
           coalesce(p.edited_at, p.created_at) as changed_at
    from posts p where p.id = ?" }
sql! { COMMENT = "
    select k.author_id, p.community_id, k.state, k.marks,
           coalesce(k.edited_at, k.created_at) as changed_at
    from comments k join posts p on p.id = k.post_id where k.id = ?" }
sql! { COMMUNITY_OF_POST = "select community_id from posts where id = ?" }
// A person settles what waits about content that they remove; a plugin's removal
// settles it as well, in nobody's name.
sql! { SETTLE_ITEMS = "
    update review_items set state = 'removed', resolved_by = ?, resolved_at = ?
    where target_id = ? and state = 'open'" }
// Items that the removal by a plugin settled which is to be taken back. An edit waits
// only where its text is kept.
sql! { REOPEN_ITEMS = "
    update review_items set state = 'open', resolved_at = null
    where target_id = ? and state = 'removed' and resolved_by is null
      and resolved_at >= (
          select max(m.created_at) from mod_actions m
          where m.target_id = ? and m.kind = 'remove' and m.undone_at is null
            and m.actor_id is null)
      and (kind <> 'edit' or exists (
          select 1 from revisions e where e.content_id = ? and e.state = 'pending'))" }
// What plugins were asked last about publishing content, if they let it through.
sql! { LET_THROUGH = "
    select id, outcome from hook_events
    where target_id = ? and hook = 'content.before-publish'
    order by number desc limit 1" }
// The decision whose effect removed content.
sql! { REMOVED_BY = "
    select m.decision_id from mod_actions m
    where m.target_id = ? and m.kind = 'remove' and m.undone_at is null
    order by m.id desc limit 1" }
// The event of a decision: it is of the same millisecond.
sql! { EVENT_OF = "
select event_id from decisions where event_id between ? and ? and id = ?" }

sql! { INSERT_LABEL = "
    insert into labels (target_id, target_kind, label, is_mark, created_by, plugin, created_at)
    values (?, ?, ?, ?, ?, ?, ?) on conflict (target_id, label) do nothing" }
sql! { DELETE_LABEL = "delete from labels where target_id = ? and label = ?" }
sql! { LABELS = "select label from labels where target_id = ? order by label" }
sql! { UPDATE_ACCOUNT_LABELS = "update accounts set labels = ? where id = ?" }
sql! { ACCOUNT_STATE = "select state from accounts where id = ?" }

sql! { FIND_SLOW_MODE = "select `interval`, until from slow_modes where scope_id = ?" }
sql! { DELETE_SLOW_MODE = "delete from slow_modes where scope_id = ?" }
sql! { INSERT_SLOW_MODE =
"insert into slow_modes (scope_id, `interval`, until) values (?, ?, ?)" }

sql! { FIND_PRIORITY =
"select max(priority) as priority from review_items where target_id = ? and state = 'open'" }
sql! { UPDATE_PRIORITY =
"update review_items set priority = ? where target_id = ? and state = 'open'" }

/// Content as far as rules need it.
pub(super) async fn facts(tx: &mut Tx, content: Content) -> Result<Option<Facts>, Error> {
    let statement = match content {
        Content::Post(id) => statement(POST).bind(id),
        Content::Comment(id) => statement(COMMENT).bind(id),
    };
    let row = tx.optional(statement).await?;
    row.map(|row| {
        Ok(Facts {
            author: row.id("author_id")?,
            community: row.id("community_id")?,
            state: ContentState::from_stored(row.value("state")?),
            marks: Marks(row.value("marks")?),
            changed_at: row.time("changed_at")?,
        })
    })
    .transpose()
}

/// Where a post is.
pub(super) async fn community_of(tx: &mut Tx, id: PostId) -> Result<Option<CommunityId>, Error> {
    let row = tx.optional(statement(COMMUNITY_OF_POST).bind(id.0)).await?;
    row.map(|row| row.id("community_id")).transpose()
}

/// Settles all that waits about content that is removed; there may be nothing. A person
/// drops an edit that waits. A plugin leaves its text, for the content may be restored.
pub(super) async fn settle_items(
    tx: &mut Tx,
    agent: Agent<'_>,
    target: Uuid,
    now: Timestamp,
) -> Result<(), base::Error> {
    let by = agent.person().map(|actor| actor.id.0);
    if by.is_some() {
        publishing::drop_pending(tx, target, now).await?;
    }
    tx.execute(statement(SETTLE_ITEMS).bind(by).bind(now.0).bind(target)).await?;
    Ok(())
}

/// Lets items wait again that a plugin's removal of content settled, before that removal
/// is noted as undone; there may be none.
pub(super) async fn reopen_items(tx: &mut Tx, target: Uuid) -> Result<(), Error> {
    tx.execute(statement(REOPEN_ITEMS).bind(target).bind(target).bind(target)).await.map(drop)
}

/// What plugins had been asked who let content through.
pub(super) async fn let_through(tx: &mut Tx, content: Uuid) -> Result<Option<Uuid>, Error> {
    let Some(row) = tx.optional(statement(LET_THROUGH).bind(content)).await? else {
        return Ok(None);
    };
    let outcome: String = row.value("outcome")?;
    let passed = matches!(outcome.as_str(), "allow" | "annotate" | "modify");
    Ok(Some(row.value("id")?).filter(|_| passed))
}

/// What the plugin had been asked whose effect removed content.
pub(super) async fn removed_by_plugin(tx: &mut Tx, content: Uuid) -> Result<Option<Uuid>, Error> {
    let Some(row) = tx.optional(statement(REMOVED_BY).bind(content)).await? else {
        return Ok(None);
    };
    let Some(decision) = row.optional_id::<Uuid>("decision_id")? else { return Ok(None) };
    let (first, last) = same_millisecond(decision);
    let statement = statement(EVENT_OF).bind(first).bind(last).bind(decision);
    let row = tx.optional(statement).await?;
    row.map(|row| row.value("event_id")).transpose()
}

/// Who or which plugin did something: exactly one of the two.
fn author(agent: Agent<'_>) -> (Option<Uuid>, Option<String>) {
    match agent {
        Agent::Person(actor) => (Some(actor.id.0), None),
        Agent::Plugin(automation) => (None, Some(automation.plugin.clone())),
    }
}

/// Whether the label was not there.
pub(super) async fn insert_label(
    tx: &mut Tx,
    agent: Agent<'_>,
    (target, label, is_mark): (Target, &str, bool),
    now: Timestamp,
) -> Result<bool, Error> {
    let (person, plugin) = author(agent);
    let statement = statement(INSERT_LABEL)
        .bind(target.id())
        .bind(target.kind())
        .bind(label.to_owned())
        .bind(is_mark)
        .bind(person)
        .bind(plugin)
        .bind(now.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Whether the label was there.
pub(super) async fn delete_label(tx: &mut Tx, target: Uuid, label: &str) -> Result<bool, Error> {
    let statement = statement(DELETE_LABEL).bind(target).bind(label.to_owned());
    Ok(tx.execute(statement).await? == 1)
}

/// The labels of something, in the order of letters.
pub(super) async fn labels(tx: &mut Tx, target: Uuid) -> Result<Vec<String>, Error> {
    let rows = tx.all(statement(LABELS).bind(target)).await?;
    rows.iter().map(|row| row.value("label")).collect()
}

/// Keeps an account's labels where its actor is read.
pub(super) async fn update_account_labels(
    tx: &mut Tx,
    account: AccountId,
    labels: String,
) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE_ACCOUNT_LABELS).bind(labels).bind(account.0)).await
}

/// Whether an account is there and was not closed.
pub(super) async fn is_account(tx: &mut Tx, account: AccountId) -> Result<bool, Error> {
    let Some(row) = tx.optional(statement(ACCOUNT_STATE).bind(account.0)).await? else {
        return Ok(false);
    };
    let state: String = row.value("state")?;
    Ok(state != "closed")
}

impl Slowed {
    fn scope(self) -> Uuid {
        match self {
            Self::Post(id) => id.0,
            Self::Community(id) => id.0,
        }
    }
}

pub(super) async fn find_slow_mode(tx: &mut Tx, place: Slowed) -> Result<Option<SlowMode>, Error> {
    let row = tx.optional(statement(FIND_SLOW_MODE).bind(place.scope())).await?;
    row.map(|row| {
        Ok(SlowMode { interval: row.value("interval")?, until: row.optional_time("until")? })
    })
    .transpose()
}

/// Sets the pause of a place, or ends it.
pub(super) async fn put_slow_mode(
    tx: &mut Tx,
    place: Slowed,
    mode: Option<SlowMode>,
) -> Result<(), Error> {
    tx.execute(statement(DELETE_SLOW_MODE).bind(place.scope())).await?;
    let Some(mode) = mode else { return Ok(()) };
    let until = mode.until.map(|until| until.0);
    tx.execute_one(statement(INSERT_SLOW_MODE).bind(place.scope()).bind(mode.interval).bind(until))
        .await
}

/// The place in the queue of what waits about something, if anything does.
pub(super) async fn find_priority(tx: &mut Tx, target: Uuid) -> Result<Option<i64>, Error> {
    let row = tx.optional(statement(FIND_PRIORITY).bind(target)).await?;
    row.map_or(Ok(None), |row| row.value("priority"))
}

pub(super) async fn update_priority(tx: &mut Tx, target: Uuid, priority: i64) -> Result<(), Error> {
    tx.execute(statement(UPDATE_PRIORITY).bind(priority).bind(target)).await.map(drop)
}
