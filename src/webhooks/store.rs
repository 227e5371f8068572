//! The statements on webhooks and what they are told.

use uuid::Uuid;

use super::model::{Delivery, NewWebhook, Published, SigningSecret, Webhook};
use crate::{
    bans::{looking, viewer},
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, WebhookId},
        page::PageRequest,
    },
    comments::comment_readable,
    db::{Columns, Db, Error, Row, SITE, Sql, Tx, sql, statement},
    posts::post_visible,
};

/// Whether the one who asks may manage the webhook `w`. Takes whether that is an
/// admin, and the id.
macro_rules! may_manage {
    () => {
        "(? or exists (select 1 from community_members m
                       where m.community_id = w.scope_id and m.account_id = ?
                         and m.role = 'moderator'))"
    };
}

sql! { INSERT = "
    insert into webhooks (id, scope_id, url, events, secret, created_by, created_at)
    values (?, ?, ?, ?, ?, ?, ?)" }
sql! { COUNT = "select count(*) as webhooks from webhooks where scope_id = ?" }
sql! { ANY = "select 1 from webhooks where disabled_at is null limit 1" }
sql! { LIST = concat!(
    "select w.id, w.url, w.events, c.slug, a.username as created_by, w.created_at,
            w.failing_since, w.last_error, w.disabled_at
     from webhooks w
     join accounts a on a.id = w.created_by
     left join communities c on c.id = w.scope_id
     where ",
    may_manage!(),
    " and (? is null or c.slug = ?) and w.id < ? order by w.id desc limit ?"
) }
sql! { FIND_MANAGED =
concat!("select w.secret, w.scope_id from webhooks w where w.id = ? and ", may_manage!()) }
sql! { DELETE_DELIVERIES = "delete from webhook_deliveries where webhook_id = ?" }
sql! { DELETE = "delete from webhooks where id = ?" }
sql! { ROTATE =
"update webhooks set old_secret = ?, old_secret_until = ?, secret = ? where id = ?" }
// Webhooks that want an event. Who set one up must still be who may.
sql! { LIST_LISTENING = "
    select w.id from webhooks w
    cross join accounts a on a.id = w.created_by and a.state = 'active'
    where w.scope_id in (?, ?) and w.disabled_at is null and instr(w.events, ?) > 0
      and (a.role = 'admin' or exists (select 1 from community_members m
               where m.community_id = w.scope_id and m.account_id = a.id
                 and m.role = 'moderator'))" }
sql! { INSERT_DELIVERY = "
    insert into webhook_deliveries (id, webhook_id, cause_id, name, body, state, created_at)
    values (?, ?, ?, ?, ?, 'waiting', ?)
    on conflict (webhook_id, cause_id, name) do nothing" }
sql! { FIND_DELIVERY = "
    select d.id, d.webhook_id, d.body, d.attempts, w.url, w.secret, w.old_secret,
           w.old_secret_until, w.failing_since
    from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where d.id = ? and d.state = 'waiting' and w.disabled_at is null" }
sql! { SETTLE_DELIVERY = "
    update webhook_deliveries set state = ?, body = '', attempts = attempts + 1
    where id = ? and state = 'waiting'" }
sql! { COUNT_ATTEMPT = "
    update webhook_deliveries set attempts = attempts + 1
    where id = ? and state = 'waiting' and attempts = ?" }
// What webhooks are told because of something, which was made at a certain time.
sql! { LIST_CAUSED = "
    select d.id, d.state from webhook_deliveries d
    where d.created_at between ? and ? and d.cause_id = ?" }
sql! { DELETE_WAITING = "delete from webhook_deliveries where id = ? and state = 'waiting'" }
sql! { NOTE_SUCCESS = "
    update webhooks set failing_since = null, last_error = null
    where id = ? and (failing_since is not null or last_error is not null)" }
sql! { NOTE_FAILURE = "
update webhooks set failing_since = coalesce(failing_since, ?), last_error = ? where id = ?" }
sql! { DISABLE = "update webhooks set disabled_at = ? where id = ? and disabled_at is null" }
sql! { FORGET = "delete from webhook_deliveries where created_at < ?" }
sql! { LIST_ADMINS = "select id from accounts where role = 'admin' and state = 'active'" }
// Content as somebody sees it who is not signed in. Takes its id three times.
sql! { FIND_PUBLISHED = concat!(
    viewer!(),
    "select p.community_id, c.slug, p.id as post_id, k.id as comment_id, k.parent_id,
            a.username as author, p.title, substr(coalesce(k.body, p.body), 1, 1024) as excerpt
     from posts p
     cross join communities c on c.id = p.community_id
     left join comments k on k.id = ? and k.post_id = p.id
     cross join accounts a on a.id = coalesce(k.author_id, p.author_id)
     where p.id = coalesce((select post_id from comments where id = ?), ?)
       and (k.id is null or ",
    comment_readable!(),
    ") and ",
    post_visible!()
) }
// Where content is, whoever may see it. Takes its id twice.
sql! { FIND_PLACE = "
    select p.community_id, c.slug, p.id as post_id
    from posts p cross join communities c on c.id = p.community_id
    where p.id = coalesce((select post_id from comments where id = ?), ?)" }

// Where a report is.
sql! { pub(super) REPORT = "
    select c.id as community_id, c.slug from reports r
    join review_items i on i.id = r.item_id
    left join communities c on c.id = i.community_id where r.id = ?" }
// Where an action was done.
sql! { pub(super) MOD_ACTION = "
    select c.id as community_id, c.slug from mod_actions m
    left join communities c on c.id = m.community_id where m.id = ?" }
// Where an appeal belongs.
sql! { pub(super) APPEAL = "
    select c.id as community_id, c.slug from appeals a
    left join communities c on c.id = a.community_id where a.id = ?" }

/// A webhook that the one who asks may manage.
#[derive(Debug)]
pub(super) struct Managed {
    /// The community, or [`SITE`].
    pub(super) scope: Uuid,
    pub(super) secret: SigningSecret,
}

/// A webhook's row, but for what [`NewWebhook`] says.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) id: WebhookId,
    /// The community, or [`SITE`].
    pub(super) scope: Uuid,
    pub(super) secret: &'a SigningSecret,
    pub(super) by: AccountId,
    pub(super) now: Timestamp,
}

pub(super) async fn insert(
    tx: &mut Tx,
    placed: &Placed<'_>,
    new: &NewWebhook,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT)
            .bind(placed.id.0)
            .bind(placed.scope)
            .bind(new.url.clone())
            .bind(format!(" {} ", new.events.join(" ")))
            .bind(placed.secret.0.clone())
            .bind(placed.by.0)
            .bind(placed.now.0),
    )
    .await
}

/// Cancels what webhooks are still to be told because of something, which was made
/// between two times. Whether none has been told yet.
pub(super) async fn cancel(
    tx: &mut Tx,
    cause: Uuid,
    (since, until): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let mut is_untold = true;
    let caused = statement(LIST_CAUSED).bind(since.0).bind(until.0).bind(cause);
    for row in tx.all(caused).await? {
        let state: &str = row.value("state")?;
        is_untold &= state != "delivered";
        let id: Uuid = row.value("id")?;
        tx.execute(statement(DELETE_WAITING).bind(id)).await?;
    }
    Ok(is_untold)
}

/// How many webhooks a scope has.
pub(super) async fn count(tx: &mut Tx, scope: Uuid) -> Result<i64, Error> {
    let row = tx.optional(statement(COUNT).bind(scope)).await?;
    row.map_or(Ok(0), |row| row.value("webhooks"))
}

/// Whether there is a webhook at all.
pub(super) async fn any(db: &Db) -> Result<bool, Error> {
    Ok(db.optional(statement(ANY)).await?.is_some())
}

/// Webhooks that the actor may manage, newest first.
pub(super) async fn list(
    db: &Db,
    actor: &Actor,
    community: Option<&str>,
    page: &PageRequest<WebhookId>,
) -> Result<Vec<Webhook>, Error> {
    let statement = statement(LIST)
        .bind(actor.is_admin())
        .bind(actor.id.0)
        .bind(community.map(str::to_owned))
        .bind(community.map(str::to_owned))
        .bind(page.after.map_or(Uuid::max(), |after| after.0))
        .bind(page.rows());
    db.all(statement).await?.iter().map(webhook).collect()
}

/// The secret of a webhook that the actor may manage.
pub(super) async fn managed(
    tx: &mut Tx,
    actor: &Actor,
    id: WebhookId,
) -> Result<Option<Managed>, Error> {
    let statement = statement(FIND_MANAGED).bind(id.0).bind(actor.is_admin()).bind(actor.id.0);
    let row = tx.optional(statement).await?;
    let managed = |row: Row| {
        let secret = row.value("secret").map(SigningSecret)?;
        Ok(Managed { scope: row.value("scope_id")?, secret })
    };
    row.map(managed).transpose()
}

/// Deletes a webhook with what it was still to be told.
pub(super) async fn delete(tx: &mut Tx, id: WebhookId) -> Result<(), Error> {
    tx.execute(statement(DELETE_DELIVERIES).bind(id.0)).await?;
    tx.execute_one(statement(DELETE).bind(id.0)).await
}

/// Puts a new secret in place of the old one, which is good until `until`.
pub(super) async fn rotate(
    tx: &mut Tx,
    id: WebhookId,
    (old, until): (SigningSecret, Timestamp),
    new: &SigningSecret,
) -> Result<(), Error> {
    let statement = statement(ROTATE).bind(old.0).bind(until.0).bind(new.0.clone()).bind(id.0);
    tx.execute_one(statement).await
}

/// Webhooks that want an event of a community.
pub(super) async fn listening(
    tx: &mut Tx,
    community: Option<Uuid>,
    name: &str,
) -> Result<Vec<WebhookId>, Error> {
    let statement = statement(LIST_LISTENING)
        .bind(SITE)
        .bind(community.unwrap_or(SITE))
        .bind(format!(" {name} "));
    tx.all(statement).await?.iter().map(|row| row.id("id")).collect()
}

/// A delivery's row.
#[derive(Debug)]
pub(super) struct NewDelivery<'a> {
    pub(super) id: Uuid,
    pub(super) webhook: WebhookId,
    pub(super) cause: Uuid,
    pub(super) name: &'a str,
    pub(super) body: &'a str,
    pub(super) now: Timestamp,
}

/// Whether it was inserted: not when the webhook is told of it already.
pub(super) async fn insert_delivery(tx: &mut Tx, new: &NewDelivery<'_>) -> Result<bool, Error> {
    let statement = statement(INSERT_DELIVERY)
        .bind(new.id)
        .bind(new.webhook.0)
        .bind(new.cause)
        .bind(new.name.to_owned())
        .bind(new.body.to_owned())
        .bind(new.now.0);
    Ok(tx.execute(statement).await? == 1)
}

/// A delivery that waits, unless its webhook is gone or disabled.
pub(super) async fn delivery(db: &Db, id: Uuid) -> Result<Option<Delivery>, Error> {
    let row = db.optional(statement(FIND_DELIVERY).bind(id)).await?;
    row.map(|row| {
        let old: Option<Vec<u8>> = row.value("old_secret")?;
        Ok(Delivery {
            id: row.id("id")?,
            webhook: row.id("webhook_id")?,
            url: row.value("url")?,
            body: row.value("body")?,
            attempts: row.value("attempts")?,
            secret: SigningSecret(row.value("secret")?),
            old_secret: old.map(SigningSecret).zip(row.optional_time("old_secret_until")?),
            failing_since: row.optional_time("failing_since")?,
        })
    })
    .transpose()
}

/// Ends a delivery: it arrived, or never will.
pub(super) async fn settle(tx: &mut Tx, id: Uuid, arrived: bool) -> Result<bool, Error> {
    let state = if arrived { "delivered" } else { "failed" };
    Ok(tx.execute(statement(SETTLE_DELIVERY).bind(state).bind(id)).await? == 1)
}

/// Counts a failed attempt, unless it was counted already.
pub(super) async fn count_attempt(tx: &mut Tx, delivery: &Delivery) -> Result<bool, Error> {
    let statement = statement(COUNT_ATTEMPT).bind(delivery.id).bind(delivery.attempts);
    Ok(tx.execute(statement).await? == 1)
}

pub(super) async fn note_success(tx: &mut Tx, id: WebhookId) -> Result<(), Error> {
    tx.execute(statement(NOTE_SUCCESS).bind(id.0)).await.map(drop)
}

pub(super) async fn note_failure(
    tx: &mut Tx,
    id: WebhookId,
    error: &str,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(statement(NOTE_FAILURE).bind(now.0).bind(error.to_owned()).bind(id.0))
        .await
        .map(drop)
}

/// Whether it was not disabled yet.
pub(super) async fn disable(tx: &mut Tx, id: WebhookId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(statement(DISABLE).bind(now.0).bind(id.0)).await? == 1)
}

pub(super) async fn admins(tx: &mut Tx) -> Result<Vec<AccountId>, Error> {
    tx.all(statement(LIST_ADMINS)).await?.iter().map(|row| row.id("id")).collect()
}

/// Deletes deliveries that were made before `before`.
pub(super) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    tx.execute(statement(FORGET).bind(before.0)).await
}

/// Content that everybody may see.
pub(super) async fn published(
    db: &Db,
    content: Uuid,
    now: Timestamp,
) -> Result<Option<Published>, Error> {
    let statement = looking(FIND_PUBLISHED, None, now).bind(content).bind(content).bind(content);
    let row = db.optional(statement).await?;
    row.map(|row| {
        Ok(Published {
            community: row.value("community_id")?,
            slug: row.value("slug")?,
            post: row.value("post_id")?,
            comment: row.value("comment_id")?,
            parent: row.value("parent_id")?,
            author: row.value("author")?,
            title: row.value("title")?,
            excerpt: row.value("excerpt")?,
        })
    })
    .transpose()
}

/// The community of content, its slug, and the post.
pub(super) async fn place(db: &Db, content: Uuid) -> Result<Option<(Uuid, String, Uuid)>, Error> {
    let row = db.optional(statement(FIND_PLACE).bind(content).bind(content)).await?;
    row.map(|row| Ok((row.value("community_id")?, row.value("slug")?, row.value("post_id")?)))
        .transpose()
}

/// The community and its slug of something that only staff may see; none for
/// the whole site. `sql` is [`REPORT`], [`MOD_ACTION`] or [`APPEAL`].
pub(super) async fn staff_place(
    db: &Db,
    sql: Sql,
    id: Uuid,
) -> Result<Option<(Option<Uuid>, Option<String>)>, Error> {
    let row = db.optional(statement(sql).bind(id)).await?;
    row.map(|row| Ok((row.value("community_id")?, row.value("slug")?))).transpose()
}

fn webhook(row: &Row) -> Result<Webhook, Error> {
    Ok(Webhook {
        id: row.id("id")?,
        url: row.value("url")?,
        events: row.value::<&str>("events")?.split_whitespace().map(str::to_owned).collect(),
        community: row.value("slug")?,
        created_by: row.value("created_by")?,
        created_at: row.time("created_at")?,
        failing_since: row.optional_time("failing_since")?,
        last_error: row.value("last_error")?,
        disabled_at: row.optional_time("disabled_at")?,
    })
}
