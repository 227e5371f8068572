//! The statements that look up what happened.

use uuid::Uuid;

use super::model::{Answered, Place, Text};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, CommunityId},
    },
    db::{Columns, Db, Error, Row, sql, statement},
    events::Content,
    hooks::{self, ContentKind, Operation, Target},
};

sql! { ACTOR = "
    select a.id, a.username, a.role, a.verified_at, a.post_count, a.comment_count, a.score,
           a.strikes, a.labels, a.created_at,
           exists (select 1 from community_members m
                   where m.account_id = a.id and m.community_id = ? and m.role = 'moderator')
               as moderates
    from accounts a where a.id = ? and a.state <> 'closed'" }
sql! { DOMAIN = "select email from accounts where id = ? and state = 'active'" }
sql! { PLACE = "select id, slug from communities where id = ?" }
sql! { POST = "
    select p.id, null as post_id, null as parent_id, p.title, p.body, p.state,
           p.state as post_state, p.author_id, p.edited_at, p.community_id, c.slug
    from posts p cross join communities c on c.id = p.community_id where p.id = ?" }
sql! { COMMENT = "
    select k.id, k.post_id, k.parent_id, null as title, k.body, k.state,
           p.state as post_state, k.author_id, k.edited_at, p.community_id, c.slug
    from comments k cross join posts p on p.id = k.post_id
    cross join communities c on c.id = p.community_id where k.id = ?" }
sql! { REMOVAL = "
    select reason from mod_actions where target_id = ? and kind = 'remove' and undone_at is null
    order by id desc limit 1" }
sql! { REPORT = "
    select r.id, r.target_kind, r.target_id, r.account_id, r.reporter_id, r.reason,
           i.community_id
    from reports r join review_items i on i.id = r.item_id where r.id = ?" }
sql! { ACTION = "
    select id, kind, target_kind, target_id, account_id, actor_id, community_id, reason
    from mod_actions where id = ?" }
sql! { APPEAL = "
select id, against, subject_id, account_id, community_id, text from appeals where id = ?" }
sql! { ANSWERED = "
    select d.id, d.binding_id, d.verdict, e.hook, e.target_id, e.community_id
    from decisions d join hook_events e on e.id = d.event_id
    where d.event_id = ? and d.mode = 'enforce' order by d.id" }

/// An account as plugins are told of it.
pub(super) async fn actor(
    db: &Db,
    id: AccountId,
    community: Option<CommunityId>,
    at: Timestamp,
) -> Result<Option<hooks::Actor>, Error> {
    let community = community.map(|community| community.0);
    let row = db.optional(statement(ACTOR).bind(community).bind(id.0)).await?;
    row.map(|row| {
        let count = |column| -> Result<u32, Error> {
            let count: i64 = row.value(column)?;
            Ok(u32::try_from(count.max(0)).unwrap_or(u32::MAX))
        };
        let (role, labels): (String, String) = (row.value("role")?, row.value("labels")?);
        let age = at.since(row.time("created_at")?).as_millis();
        Ok(hooks::Actor {
            id: row.value::<Uuid>("id")?.to_string(),
            username: row.value("username")?,
            role: match (role.as_str(), row.value("moderates")?) {
                ("admin", _) => hooks::Role::Admin,
                (_, true) => hooks::Role::Moderator,
                (_, false) => hooks::Role::Member,
            },
            account_age: u64::try_from(age).unwrap_or(u64::MAX),
            verified: row.optional_time("verified_at")?.is_some(),
            post_count: count("post_count")?,
            comment_count: count("comment_count")?,
            score: row.value("score")?,
            strikes: count("strikes")?,
            labels: labels.split_whitespace().map(str::to_owned).collect(),
        })
    })
    .transpose()
}

/// What stands after the `@` of an account that can be used.
pub(super) async fn email_domain(db: &Db, id: AccountId) -> Result<Option<String>, Error> {
    let Some(row) = db.optional(statement(DOMAIN).bind(id.0)).await? else { return Ok(None) };
    let email: Option<String> = row.value("email")?;
    let domain = email.as_deref().and_then(|email| email.rsplit_once('@'));
    Ok(Some(domain.map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default()))
}

pub(super) async fn place(db: &Db, id: Option<CommunityId>) -> Result<Option<Place>, Error> {
    let Some(id) = id else { return Ok(None) };
    let row = db.optional(statement(PLACE).bind(id.0)).await?;
    row.map(|row| Ok(Place { id, slug: row.value("slug")? })).transpose()
}

/// Content, whatever its state; as one that is new.
pub(super) async fn text(db: &Db, content: Content) -> Result<Option<Text>, Error> {
    let (kind, statement) = match content {
        Content::Post(id) => (ContentKind::Post, statement(POST).bind(id)),
        Content::Comment(id) => (ContentKind::Comment, statement(COMMENT).bind(id)),
    };
    let row = db.optional(statement).await?;
    row.map(|row| {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string());
        let (state, post): (String, String) = (row.value("state")?, row.value("post_state")?);
        Ok(Text {
            content: hooks::Content {
                kind,
                operation: Operation::Create,
                id: content.id().to_string(),
                post_id: text(row.value("post_id")?),
                parent_id: text(row.value("parent_id")?),
                title: row.value("title")?,
                body: row.value("body")?,
            },
            author: row.id("author_id")?,
            place: Place { id: row.id("community_id")?, slug: row.value("slug")? },
            is_published: state == "published" && post == "published",
            is_deleted: state == "deleted",
            was_edited: row.optional_time("edited_at")?.is_some(),
        })
    })
    .transpose()
}

/// What the author was told about a removal.
pub(super) async fn removal_reason(db: &Db, content: Uuid) -> Result<Option<String>, Error> {
    let row = db.optional(statement(REMOVAL).bind(content)).await?;
    row.map_or(Ok(None), |row| row.value("reason"))
}

/// A row about something that was done: by whom, and where.
#[derive(Clone, Debug)]
pub(super) struct Deed<T> {
    pub(super) what: T,
    pub(super) about: Uuid,
    pub(super) actor: Option<AccountId>,
    pub(super) community: Option<CommunityId>,
}

/// A report that was filed.
pub(super) async fn report(db: &Db, id: Uuid) -> Result<Option<Deed<hooks::Created>>, Error> {
    let Some(row) = db.optional(statement(REPORT).bind(id)).await? else { return Ok(None) };
    let Some(target) = target(&row)? else { return Ok(None) };
    let what = hooks::Created {
        id: id.to_string(),
        target,
        account_id: row.value::<Uuid>("account_id")?.to_string(),
        reason: row.value("reason")?,
    };
    deed(&row, (what, "target_id", "reporter_id")).map(Some)
}

/// An action that plugins are told of.
pub(super) async fn action(db: &Db, id: Uuid) -> Result<Option<Deed<hooks::Applied>>, Error> {
    let Some(row) = db.optional(statement(ACTION).bind(id)).await? else { return Ok(None) };
    let (kind, account): (String, Option<Uuid>) = (row.value("kind")?, row.value("account_id")?);
    let (Some(kind), Some(account)) = (super::rules::action_kind(&kind), account) else {
        return Ok(None);
    };
    let what = hooks::Applied {
        id: id.to_string(),
        kind,
        target: target(&row)?.unwrap_or_else(|| Target::Account(account.to_string())),
        account_id: account.to_string(),
        reason: row.value("reason")?,
    };
    deed(&row, (what, "target_id", "actor_id")).map(Some)
}

/// An appeal that was made.
pub(super) async fn appeal(db: &Db, id: Uuid) -> Result<Option<Deed<hooks::Appeal>>, Error> {
    let Some(row) = db.optional(statement(APPEAL).bind(id)).await? else { return Ok(None) };
    let against: String = row.value("against")?;
    let what = hooks::Appeal {
        id: id.to_string(),
        against: match against.as_str() {
            "ban" => hooks::Against::Ban,
            "removal" => hooks::Against::Removal,
            "warning" => hooks::Against::Warning,
            _ => hooks::Against::Rejection,
        },
        subject_id: row.value::<Uuid>("subject_id")?.to_string(),
        text: row.value("text")?,
    };
    deed(&row, (what, "id", "account_id")).map(Some)
}

/// What plugins answered that counted, when they were asked about an event.
pub(super) async fn answered(db: &Db, asked: Uuid) -> Result<Vec<Answered>, Error> {
    let rows = db.all(statement(ANSWERED).bind(asked)).await?;
    rows.iter()
        .map(|row| {
            Ok(Answered {
                decision: row.id("id")?,
                binding: row.id("binding_id")?,
                hook: row.value("hook")?,
                verdict: row.value("verdict")?,
                about: row.value("target_id")?,
                community: row.optional_id("community_id")?,
            })
        })
        .collect()
}

fn deed<T>(
    row: &Row,
    (what, about, actor): (T, &'static str, &'static str),
) -> Result<Deed<T>, Error> {
    Ok(Deed {
        what,
        about: row.value(about)?,
        actor: row.optional_id(actor)?,
        community: row.optional_id("community_id")?,
    })
}

fn target(row: &Row) -> Result<Option<Target>, Error> {
    let (kind, id): (String, Uuid) = (row.value("target_kind")?, row.value("target_id")?);
    Ok(Some(match kind.as_str() {
        "post" => Target::Post(id.to_string()),
        "comment" => Target::Comment(id.to_string()),
        "account" => Target::Account(id.to_string()),
        _ => return Ok(None),
    }))
}
