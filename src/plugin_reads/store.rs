//! The statements behind the answers. What is looked up for a visitor includes
//! the predicates of posts and comments.

use uuid::Uuid;

use crate::{
    bans::{Deed, Deeds, looking, viewer},
    base::{clock::Timestamp, text::name_key},
    comments::comment_readable,
    db::{Columns, Db, Error, Row, sql, statement},
    hooks::{
        self, Actor, CommunitySummary, ContentKind, ContentSummary, Origin, PriorReport,
        PriorSanction, Role, Sanction, Scope, Thread, ports::About,
    },
    posts::post_visible,
};

/// Bytes of an excerpt, as `wit/` says.
const EXCERPT_BYTES: usize = 1_024;
/// Most contributions, reports and sanctions that are told, as `wit/` says.
const RECENT: u32 = 20;
const REPORTS: i64 = 20;
const SANCTIONS: i64 = 50;

/// The columns of a [`ContentSummary`]: of the post `p`, of the comment `k`. As
/// many characters as an excerpt has bytes; [`summary`] cuts the rest.
macro_rules! post_summary {
    () => {
        "'post' as kind, p.id, null as post_id, p.author_id, p.title,
         substr(p.body, 1, 1024) as excerpt, p.score, p.created_at, p.state "
    };
}
macro_rules! comment_summary {
    () => {
        "'comment' as kind, k.id, k.post_id, k.author_id, null as title,
         substr(k.body, 1, 1024) as excerpt, k.score, k.created_at, k.state "
    };
}

// What an author published last in a community, or anywhere: what waits or was
// removed is told as withheld, what the author took back is not told.
sql! { RECENT_POSTS = concat!(
    "select ",
    post_summary!(),
    "from posts p
     where p.author_id = ? and p.id <> ? and p.state <> 'deleted'
       and (? is null or p.community_id = (select id from communities where slug = ?))
     order by p.id desc limit ?"
) }
sql! { RECENT_COMMENTS = concat!(
    "select ",
    comment_summary!(),
    "from comments k join posts p on p.id = k.post_id
     where k.author_id = ? and k.id <> ? and k.state <> 'deleted'
       and (? is null or p.community_id = (select id from communities where slug = ?))
     order by k.id desc limit ?"
) }
// The post of a thread: by its id, or by that of a comment in it.
sql! { THREAD = "
    select p.id, p.title, p.author_id, p.created_at, p.locked, p.comment_count
    from posts p where p.id = coalesce((select post_id from comments where id = ?), ?)" }
sql! { PARENT = concat!(
    "select ",
    comment_summary!(),
    "from comments k where k.id = ? and k.state <> 'deleted'"
) }
/// Reports of what was written, or of everything of an account's.
macro_rules! reports {
    ($which:literal) => {
        concat!(
            "select r.id, r.reason, r.created_at, i.state = 'open' as is_open
             from reports r join review_items i on i.id = r.item_id
             where ",
            $which,
            " = ? order by r.id desc limit ?"
        )
    };
}

sql! { REPORTS_OF_CONTENT = reports!("r.target_id") }
sql! { REPORTS_OF_ACCOUNT = reports!("r.account_id") }
// What moderators and plugins labelled content with; marks are not labels.
sql! { LABELS = "select label from labels where target_id = ? and is_mark = 0 order by label" }
// Of an account, what holds on the whole site, in a community or in a thread of it.
sql! { SANCTIONS_OF = "
    select b.scope, b.scope_id, b.deeds, b.reason, b.created_at, b.until, b.lifted_at,
           b.created_by is null as by_plugin, co.slug
    from bans b
    left join posts p on p.id = b.scope_id
    left join communities co on co.id = b.scope_id
    left join communities event on event.slug = ?
    where b.account_id = ?
      and (b.scope = 'site' or event.id is null or b.scope_id = event.id
           or p.community_id = event.id)
    order by b.id desc limit ?" }

macro_rules! account {
    ($which:literal) => {
        concat!(
            "select a.id, a.username, a.role,
                    a.post_count, a.comment_count, a.score, a.created_at,
                    exists (select 1 from community_members m
                            join communities c on c.id = m.community_id
                            where c.slug = ? and m.account_id = a.id and m.role = 'moderator')
                        as moderates
             from accounts a where a.state = 'active' and ",
            $which
        )
    };
}

sql! { ACCOUNT = account!("a.id = ?") }
sql! { ACCOUNT_BY_NAME = account!("a.name_key = ?") }
sql! { POST = concat!(
    viewer!(),
    "select ",
    post_summary!(),
    "from posts p where p.id = ? and ",
    post_visible!()
) }
sql! { COMMENT = concat!(
    viewer!(),
    "select ",
    comment_summary!(),
    "from comments k join posts p on p.id = k.post_id where k.id = ? and ",
    post_visible!(),
    " and ",
    comment_readable!()
) }
sql! { COMMUNITY =
"select slug, name, member_count, post_count, created_at from communities where slug = ?" }
sql! { IS_MEMBER = "
    select 1 from community_members m join communities c on c.id = m.community_id
    where c.slug = ? and m.account_id = ?" }

pub(super) async fn recent(
    db: &Db,
    (author, except): (Uuid, Uuid),
    place: Option<&str>,
    limit: u32,
) -> Result<Vec<ContentSummary>, Error> {
    let limit = limit.min(RECENT);
    let mut found = Vec::new();
    for sql in [RECENT_POSTS, RECENT_COMMENTS] {
        let place = place.map(str::to_owned);
        let statement = statement(sql).bind(author).bind(except).bind(place.clone()).bind(place);
        let rows = db.all(statement.bind(i64::from(limit))).await?;
        found.extend(rows.iter().map(summary).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

pub(super) async fn thread(
    db: &Db,
    (post, content): (Uuid, Uuid),
    parent: Uuid,
) -> Result<Option<Thread>, Error> {
    let Some(row) = db.optional(statement(THREAD).bind(content).bind(post)).await? else {
        return Ok(None);
    };
    let parent = match db.optional(statement(PARENT).bind(parent)).await? {
        Some(parent) => Some(summary(&parent)?),
        None => None,
    };
    Ok(Some(Thread {
        post_id: text_id(&row, "id")?,
        title: row.value("title")?,
        author_id: text_id(&row, "author_id")?,
        created_at: time(&row, "created_at")?,
        locked: row.value("locked")?,
        comment_count: count(&row, "comment_count")?,
        parent,
    }))
}

pub(super) async fn reports(
    db: &Db,
    content: Option<Uuid>,
    account: Uuid,
) -> Result<Vec<PriorReport>, Error> {
    let statement = match content {
        Some(content) => statement(REPORTS_OF_CONTENT).bind(content),
        None => statement(REPORTS_OF_ACCOUNT).bind(account),
    };
    let report = |row: &Row| {
        Ok(PriorReport {
            id: text_id(row, "id")?,
            reason: row.value("reason")?,
            created_at: time(row, "created_at")?,
            open: row.value("is_open")?,
        })
    };
    db.all(statement.bind(REPORTS)).await?.iter().map(report).collect()
}

pub(super) async fn labels(db: &Db, content: Uuid) -> Result<Vec<String>, Error> {
    db.all(statement(LABELS).bind(content)).await?.iter().map(|row| row.value("label")).collect()
}

pub(super) async fn sanctions(
    db: &Db,
    account: Uuid,
    place: Option<&str>,
) -> Result<Vec<PriorSanction>, Error> {
    let place = place.map(str::to_owned);
    let statement = statement(SANCTIONS_OF).bind(place).bind(account).bind(SANCTIONS);
    db.all(statement).await?.iter().map(|row| sanction(row, account)).collect()
}

fn sanction(row: &Row, account: Uuid) -> Result<PriorSanction, Error> {
    let scope: String = row.value("scope")?;
    let (scope, place) = match scope.as_str() {
        "post" => (Scope::Post, Some(text_id(row, "scope_id")?)),
        "community" => (Scope::Community, row.value("slug")?),
        _ => (Scope::Site, None),
    };
    let imposed_at = time(row, "created_at")?;
    let until: Option<i64> = row.value("until")?;
    let until = until.and_then(|until| u64::try_from(until).ok());
    let deeds = Deeds::from_stored(row.value("deeds")?);
    let words = [
        (Deed::View, hooks::Deed::View),
        (Deed::Comment, hooks::Deed::Comment),
        (Deed::Vote, hooks::Deed::Vote),
        (Deed::Post, hooks::Deed::Post),
    ];
    let is_by_plugin: bool = row.value("by_plugin")?;
    Ok(PriorSanction {
        sanction: Sanction {
            account: account.to_string(),
            scope,
            place,
            deeds: words
                .into_iter()
                .filter(|(deed, _)| deeds.contains(*deed))
                .map(|(_, word)| word)
                .collect(),
            duration: until.map(|until| until.saturating_sub(imposed_at)),
            reason: row.value("reason")?,
        },
        imposed_at,
        imposed_by: if is_by_plugin { Origin::Plugin } else { Origin::Moderator },
        lifted: row.optional_time("lifted_at")?.is_some(),
    })
}

pub(super) async fn account(db: &Db, about: &About, id: Uuid) -> Result<Option<Actor>, Error> {
    let statement = statement(ACCOUNT).bind(about.community.clone()).bind(id);
    db.optional(statement).await?.map(|row| actor(&row, about.time)).transpose()
}

pub(super) async fn account_by_name(
    db: &Db,
    about: &About,
    name: &str,
) -> Result<Option<Actor>, Error> {
    let statement = statement(ACCOUNT_BY_NAME).bind(about.community.clone());
    let row = db.optional(statement.bind(name_key(name))).await?;
    row.map(|row| actor(&row, about.time)).transpose()
}

/// An account as everybody may know it: whether its address was confirmed, its
/// strikes and labels are not for everybody.
fn actor(row: &Row, now: u64) -> Result<Actor, Error> {
    let role: String = row.value("role")?;
    let moderates: bool = row.value("moderates")?;
    Ok(Actor {
        id: text_id(row, "id")?,
        username: row.value("username")?,
        role: match role.as_str() {
            "admin" => Role::Admin,
            _ if moderates => Role::Moderator,
            _ => Role::Member,
        },
        account_age: now.saturating_sub(time(row, "created_at")?),
        verified: false,
        post_count: count(row, "post_count")?,
        comment_count: count(row, "comment_count")?,
        score: row.value("score")?,
        strikes: 0,
        labels: Vec::new(),
    })
}

/// A post or a comment that a visitor may see.
pub(super) async fn content(db: &Db, id: Uuid, now: u64) -> Result<Option<ContentSummary>, Error> {
    let now = Timestamp(i64::try_from(now).unwrap_or(i64::MAX));
    for sql in [POST, COMMENT] {
        if let Some(row) = db.optional(looking(sql, None, now).bind(id)).await? {
            return summary(&row).map(Some);
        }
    }
    Ok(None)
}

pub(super) async fn community(db: &Db, slug: &str) -> Result<Option<CommunitySummary>, Error> {
    let Some(row) = db.optional(statement(COMMUNITY).bind(slug.to_owned())).await? else {
        return Ok(None);
    };
    Ok(Some(CommunitySummary {
        slug: row.value("slug")?,
        name: row.value("name")?,
        member_count: count(&row, "member_count")?,
        post_count: count(&row, "post_count")?,
        created_at: time(&row, "created_at")?,
    }))
}

pub(super) async fn is_member(db: &Db, account: Uuid, slug: &str) -> Result<bool, Error> {
    let statement = statement(IS_MEMBER).bind(slug.to_owned()).bind(account);
    Ok(db.optional(statement).await?.is_some())
}

fn summary(row: &Row) -> Result<ContentSummary, Error> {
    let (kind, state): (String, String) = (row.value("kind")?, row.value("state")?);
    let mut excerpt: String = row.value("excerpt")?;
    excerpt.truncate(excerpt.floor_char_boundary(EXCERPT_BYTES));
    let post: Option<Uuid> = row.value("post_id")?;
    Ok(ContentSummary {
        kind: if kind == "post" { ContentKind::Post } else { ContentKind::Comment },
        id: text_id(row, "id")?,
        post_id: post.map(|post| post.to_string()),
        author_id: text_id(row, "author_id")?,
        title: row.value("title")?,
        excerpt,
        score: row.value("score")?,
        created_at: time(row, "created_at")?,
        withheld: state != "published",
    })
}

fn text_id(row: &Row, column: &'static str) -> Result<String, Error> {
    Ok(row.value::<Uuid>(column)?.to_string())
}

/// A time as plugins are told it.
fn time(row: &Row, column: &'static str) -> Result<u64, Error> {
    u64::try_from(row.time(column)?.0).map_err(|_| Error::Inconsistent { column })
}

fn count(row: &Row, column: &'static str) -> Result<u32, Error> {
    Ok(u32::try_from(row.value::<i64>(column)?.max(0)).unwrap_or(u32::MAX))
}
