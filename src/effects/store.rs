//! The statements on effects.

use uuid::Uuid;

use super::model::{ContentFacts, EffectState, Inverse, NewEffect, Terms, Wish};
use crate::{
    bans::Scope,
    base::{
        clock::Timestamp,
        ids::{AccountId, CommunityId},
    },
    db::{Columns, Db, Error, Row, SITE, Tx, sql, statement},
    events::Content,
    hooks::{self, EffectKind, Sanction},
};

/// Effects of one binding in an hour that hurt, unless its limits say otherwise.
const EFFECTS_PER_HOUR: u32 = 60;

sql! { WISHES = "
    select d.id, d.event_id, d.binding_id, d.revision, d.effects, e.target_id, e.actor_id,
           e.community_id, b.plugin, b.scope_id, b.removed_at, b.quarantined_at, r.mode,
           r.grants, r.limits
    from decisions d
    join hook_events e on e.id = d.event_id
    join plugin_bindings b on b.id = d.binding_id
    join plugin_binding_revisions r on r.binding_id = b.id and r.revision = b.revision
    where d.event_id = ? and d.mode = 'enforce' and d.effects is not null
    order by d.id" }
sql! { POST = "
    select p.author_id, p.community_id, p.id as post_id, p.state, p.state as post_state, p.title,
           p.body, a.bot
    from posts p join accounts a on a.id = p.author_id where p.id = ?" }
sql! { COMMENT = "
    select k.author_id, p.community_id, p.id as post_id, k.state, p.state as post_state,
           '' as title, k.body, a.bot
    from comments k join posts p on p.id = k.post_id join accounts a on a.id = k.author_id
    where k.id = ?" }
sql! { ACCOUNT = "select username from accounts where id = ? and state = 'active'" }
sql! { COMMUNITY = "select id from communities where slug = ?" }
sql! { POST_SCOPE =
"select id, community_id, author_id from posts where id = ? and state = 'published'" }
sql! { MODERATORS = "
select account_id as id from community_members where community_id = ? and role = 'moderator'" }
sql! { ADMINS = "select id from accounts where role = 'admin' and state = 'active'" }

sql! { IS_RECORDED = "select 1 from effects where decision_id = ? and number = ?" }
sql! { HAS_ACTED =
"select 1 from effects where binding_id = ? and once = ? and state <> 'refused'" }
sql! { SPENT = "
    select coalesce(sum(state <> 'queued'), 0) as applied,
           coalesce(sum(state = 'queued'), 0) as queued
    from effects
    where binding_id = ? and applied_at > ? and state <> 'refused'
      and kind in ('remove', 'ban', 'warn')" }
sql! { INSERT = "
    insert into effects
        (id, decision_id, number, event_id, binding_id, revision, kind, payload, target_id,
         community_id, once, state, inverse, reason, applied_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" }

/// The decisions on an event that want effects, with the terms of their bindings
/// as they are now.
pub(super) async fn wishes(db: &Db, event: Uuid) -> Result<Vec<Wish>, Error> {
    db.all(statement(WISHES).bind(event)).await?.iter().map(wish).collect()
}

fn wish(row: &Row) -> Result<Wish, Error> {
    let limits: serde_json::Value = row.json("limits")?;
    let per_hour = limits["effects_per_hour"].as_u64().and_then(|n| u32::try_from(n).ok());
    let mode: String = row.value("mode")?;
    let is_gone = row.optional_time("removed_at")?.is_some();
    let is_quarantined = row.optional_time("quarantined_at")?.is_some();
    let scope: Uuid = row.value("scope_id")?;
    Ok(Wish {
        decision: row.id("id")?,
        event: row.value("event_id")?,
        revision: row.value("revision")?,
        terms: Terms {
            binding: row.id("binding_id")?,
            plugin: row.value("plugin")?,
            scope: (scope != SITE).then(|| scope.into()),
            is_obeyed: mode == "enforce" && !is_gone && !is_quarantined,
            grants: row.json("grants")?,
            effects_per_hour: per_hour.unwrap_or(EFFECTS_PER_HOUR),
        },
        effects: row.json("effects")?,
        about: row.value("target_id")?,
        actor: row.optional_id("actor_id")?,
        community: row.optional_id("community_id")?,
    })
}

/// Content, whatever its state.
pub(super) async fn content(tx: &mut Tx, content: Content) -> Result<Option<ContentFacts>, Error> {
    let statement = match content {
        Content::Post(id) => statement(POST).bind(id),
        Content::Comment(id) => statement(COMMENT).bind(id),
    };
    let row = tx.optional(statement).await?;
    row.map(|row| {
        let (state, post): (String, String) = (row.value("state")?, row.value("post_state")?);
        let (title, body): (String, String) = (row.value("title")?, row.value("body")?);
        Ok(ContentFacts {
            author: row.id("author_id")?,
            community: row.id("community_id")?,
            post: row.value("post_id")?,
            is_published: state == "published" && post == "published",
            is_held: state == "held",
            bot: row.value("bot")?,
            text: format!("{title}\n{body}"),
        })
    })
    .transpose()
}

/// The name of an account that can be used.
pub(super) async fn username(tx: &mut Tx, id: AccountId) -> Result<Option<String>, Error> {
    let row = tx.optional(statement(ACCOUNT).bind(id.0)).await?;
    row.map(|row| row.value("username")).transpose()
}

/// The same, outside of a transaction.
pub(super) async fn name(db: &Db, id: AccountId) -> Result<Option<String>, Error> {
    let row = db.optional(statement(ACCOUNT).bind(id.0)).await?;
    row.map(|row| row.value("username")).transpose()
}

/// Where a ban is to hold, if there is such a place.
pub(super) async fn ban_scope(db: &Db, sanction: &Sanction) -> Result<Option<Scope>, Error> {
    let place = sanction.place.clone().unwrap_or_default();
    let row = match (sanction.scope, Uuid::parse_str(&place)) {
        (hooks::Scope::Site, _) => return Ok(Some(Scope::Site)),
        (hooks::Scope::Community, _) => db.optional(statement(COMMUNITY).bind(place)).await?,
        (hooks::Scope::Post, Ok(id)) => db.optional(statement(POST_SCOPE).bind(id)).await?,
        (hooks::Scope::Post, Err(_)) => None,
    };
    let Some(row) = row else { return Ok(None) };
    Ok(Some(match sanction.scope {
        hooks::Scope::Post => Scope::Post {
            id: row.id("id")?,
            community: row.id("community_id")?,
            author: row.id("author_id")?,
        },
        _ => Scope::Community(row.id("id")?),
    }))
}

/// Those who keep order in a community; admins where there is none.
pub(super) async fn moderators(
    tx: &mut Tx,
    community: Option<CommunityId>,
) -> Result<Vec<AccountId>, Error> {
    let found = match community {
        Some(community) => tx.all(statement(MODERATORS).bind(community.0)).await?,
        None => Vec::new(),
    };
    let found = if found.is_empty() { tx.all(statement(ADMINS)).await? } else { found };
    found.iter().map(|row| row.id("id")).collect()
}

/// Whether an effect has been settled.
pub(super) async fn is_recorded(tx: &mut Tx, wish: &Wish, number: usize) -> Result<bool, Error> {
    let recorded = statement(IS_RECORDED).bind(wish.decision.0).bind(index(number));
    Ok(tx.optional(recorded).await?.is_some())
}

/// Whether the binding has done the same.
pub(super) async fn has_acted(tx: &mut Tx, new: &NewEffect<'_>) -> Result<bool, Error> {
    let acted = statement(HAS_ACTED).bind(new.wish.terms.binding.0).bind(new.once.to_vec());
    Ok(tx.optional(acted).await?.is_some())
}

/// How many effects that hurt a binding has had since a time: done, and queued.
pub(super) async fn spent(tx: &mut Tx, wish: &Wish, since: Timestamp) -> Result<(u32, u32), Error> {
    let row = tx.optional(statement(SPENT).bind(wish.terms.binding.0).bind(since.0)).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.value("applied")?, row.value("queued")?)))
}

/// Writes down what became of an effect.
pub(super) async fn insert(
    tx: &mut Tx,
    new: &NewEffect<'_>,
    (state, inverse, reason): (EffectState, Option<Inverse>, Option<String>),
    now: Timestamp,
) -> Result<(), Error> {
    let wish = new.wish;
    tx.execute_one(
        statement(INSERT)
            .bind(new.id)
            .bind(wish.decision.0)
            .bind(index(new.number))
            .bind(wish.event)
            .bind(wish.terms.binding.0)
            .bind(wish.revision)
            .bind(EffectKind::as_str(new.effect.kind()))
            // Strings and numbers: serialising them cannot fail.
            .bind(serde_json::to_string(new.effect).unwrap_or_default())
            .bind(new.target)
            .bind(wish.community.map(|community| community.0))
            .bind(new.once.to_vec())
            .bind(state.as_str())
            .bind(inverse.map(|inverse| serde_json::to_string(&inverse).unwrap_or_default()))
            .bind(reason)
            .bind(now.0),
    )
    .await
}

fn index(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
