//! The statements on items that wait.

use std::cmp::Reverse;

use uuid::Uuid;

use super::{
    model::{
        ItemFilter, ItemKey, ItemKind, ItemState, Present, ReportNote, ReviewItem, Ruling, Settled,
        Text, Waiting,
    },
    rules,
};
use crate::{
    base::{actor::Actor, clock::Timestamp, ids::ReviewItemId, page::PageRequest},
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
    decisions::{DecisionRecord, moderates, record, select_decisions},
    events::Content,
    frozen_copies::{frozen, newest},
    mod_actions::Matter,
};

/// Whether the one who asks may settle the item `d`: admins all, moderators what
/// is in their communities. Takes whether that is an admin, and the id.
macro_rules! may_settle {
    () => {
        concat!("(? or ", moderates!(), ")")
    };
}

macro_rules! select {
    ($index:literal) => {
        concat!(
            "select d.id, d.kind, d.state, d.target_id, d.event_id, co.slug as community,
                d.author_id, a.username as author, d.reason, p.title, coalesce(p.body, c.body) as body,
                coalesce(p.state, c.state) as content_state, c.post_id,
                coalesce(p.edited_at, c.edited_at) as edited_at, a.state = 'closed' as closed,
                case when d.kind = 'report' and p.id is null and c.id is null then a.bio end
                    as bio, a.avatar_id,
                e.author as frozen_author, e.revision, e.title as frozen_title,
                e.body as frozen_body, e.bio as frozen_bio, e.media as frozen_media, e.frozen_at,
                (select count(*) from frozen_copies x where x.item_id = d.id) as copy_count,
                v.title as pending_title, v.body as pending_body,
                d.created_at, s.username as resolved_by, d.resolved_at, d.resolution_reason,
                d.note, d.own_matter, d.priority,
                (select json_group_array(json_object('id', lower(hex(r.id)),
                     'reporter', n.username, 'plugin', r.plugin, 'reason', r.reason,
                     'merged_into', case when r.merged_into is not null
                                    then lower(hex(r.merged_into)) end,
                     'created_at', r.created_at))
                 from reports r left join accounts n on n.id = r.reporter_id
                 where r.item_id = d.id and r.id >= coalesce(
                     (select o.id from reports o where o.item_id = d.id
                      order by o.id desc limit 1 offset 19), x'')) as reports
         from review_items d ",
            $index,
            " left join accounts a on a.id = d.author_id
         left join accounts s on s.id = d.resolved_by
         left join communities co on co.id = d.community_id
         left join posts p on p.id = d.target_id
         left join comments c on c.id = d.target_id
         left join revisions v
             on d.kind = 'edit' and v.content_id = d.target_id and v.state = 'pending'",
            newest!()
        )
    };
}

/// The items of one page, of one community or of whatever community. Takes what [`page`]
/// binds.
macro_rules! on_page {
    (of community) => {
        on_page!("? is not null and d.community_id = (select id from communities where slug = ?)")
    };
    (of all) => {
        on_page!("? is null and ? is null")
    };
    ($which:literal) => {
        concat!(
            " where d.state = ? and (? is null or d.kind = ?) and ",
            $which,
            " and ",
            may_settle!(),
            " and d.priority <= ? and (d.priority < ? or d.id > ?)
              order by d.priority desc, d.id limit ?"
        )
    };
}

sql! { FIND = concat!(select!(""), " where d.id = ? and ", may_settle!()) }
sql! { LIST = concat!(select!("indexed by review_items_waiting"), on_page!(of all)) }
sql! { LIST_COMMUNITY = concat!(
    select!("indexed by review_items_waiting_there"),
    on_page!(of community)
) }
sql! { DECISIONS_OF_ITEM = concat!(
    select_decisions!(),
    " join review_items r on r.event_id = d.event_id where r.id = ? order by d.id"
) }
macro_rules! decisions_of_page {
    ($of:ident, $index:literal) => {
        concat!(
            select_decisions!(),
            " join (select d.event_id from review_items d ",
            $index,
            on_page!(of $of),
            ") page on page.event_id = d.event_id
              order by d.id"
        )
    };
}

sql! { DECISIONS_OF_PAGE = decisions_of_page!(all, "indexed by review_items_waiting") }
sql! { DECISIONS_OF_COMMUNITY_PAGE = decisions_of_page!(community, "indexed by review_items_waiting_there") }
sql! { FIND_SETTLED = "
    select d.kind, d.state, d.target_id, d.community_id, d.author_id, d.resolution_reason,
           exists (select 1 from posts p where p.id = d.target_id) as is_post,
           exists (select 1 from comments k where k.id = d.target_id) as is_comment,
           exists (select 1 from posts p where p.id = d.target_id and p.state = 'deleted')
            or exists (select 1 from comments k
                       where k.id = d.target_id and k.state = 'deleted') as is_deleted
    from review_items d where d.id = ? and d.state in ('approved', 'removed')" }
sql! { COUNT_OPEN = "select count(*) as items from review_items where state = 'open'" }
sql! { FIND_WAITING = concat!(
    "select d.kind, d.state, d.target_id, d.event_id, d.community_id, d.author_id,
            (select case count(*) when 1 then max(r.reporter_id) end
             from reports r where r.item_id = d.id) as only_reporter,
            exists (select 1 from posts p where p.id = d.target_id) as is_post,
            exists (select 1 from comments k where k.id = d.target_id) as is_comment,
            exists (select 1 from posts p where p.id = d.target_id and p.state = 'deleted')
             or exists (select 1 from comments k
                        where k.id = d.target_id and k.state = 'deleted') as is_deleted
     from review_items d where d.id = ? and ",
    may_settle!()
) }
sql! { RESOLVE = "
    update review_items
    set state = ?, resolved_by = ?, resolved_at = ?, resolution_reason = ?, note = ?,
        own_matter = ?
    where id = ? and state = 'open'" }

/// One item with its decisions, if `viewer` may settle it.
pub(super) async fn find(
    db: &Db,
    viewer: &Actor,
    id: ReviewItemId,
) -> Result<Option<(ReviewItem, Vec<DecisionRecord>)>, Error> {
    let statement = bind_viewer(statement(FIND).bind(id.0), viewer);
    let Some(row) = db.optional(statement).await? else { return Ok(None) };
    Ok(Some((item(&row)?, decisions_of(db, viewer, id).await?)))
}

async fn decisions_of(
    db: &Db,
    viewer: &Actor,
    id: ReviewItemId,
) -> Result<Vec<DecisionRecord>, Error> {
    let statement = statement(DECISIONS_OF_ITEM).bind(viewer.id.0).bind(id.0);
    db.all(statement).await?.iter().map(|row| record(row, viewer)).collect()
}

/// Items that `viewer` may settle, by priority, then the oldest first, and the decisions
/// on them.
pub(super) async fn list(
    db: &Db,
    viewer: &Actor,
    filter: &ItemFilter,
    request: &PageRequest<ItemKey>,
) -> Result<(Vec<ReviewItem>, Vec<DecisionRecord>), Error> {
    let (of_items, of_decisions) = match filter.community {
        Some(_) => (LIST_COMMUNITY, DECISIONS_OF_COMMUNITY_PAGE),
        None => (LIST, DECISIONS_OF_PAGE),
    };
    let items = page(statement(of_items), viewer, filter, request);
    let items = db.all(items).await?.iter().map(item).collect::<Result<_, _>>()?;
    let of_viewer = statement(of_decisions).bind(viewer.id.0);
    let decisions = page(of_viewer, viewer, filter, request);
    let decisions =
        db.all(decisions).await?.iter().map(|row| record(row, viewer)).collect::<Result<_, _>>()?;
    Ok((items, decisions))
}

/// How many items wait.
pub(super) async fn count_open(db: &Db) -> Result<u32, Error> {
    let row = db.optional(statement(COUNT_OPEN)).await?;
    row.map_or(Ok(0), |row| row.value("items"))
}

/// What there is to settle, read where it cannot change until the end of `tx`.
pub(super) async fn find_waiting(
    tx: &mut Tx,
    viewer: &Actor,
    id: ReviewItemId,
) -> Result<Option<Waiting>, Error> {
    let statement = bind_viewer(statement(FIND_WAITING).bind(id.0), viewer);
    let Some(row) = tx.optional(statement).await? else { return Ok(None) };
    waiting(&row).map(Some)
}

/// The same outside a transaction.
pub(super) async fn read_waiting(
    db: &Db,
    viewer: &Actor,
    id: ReviewItemId,
) -> Result<Option<Waiting>, Error> {
    let statement = bind_viewer(statement(FIND_WAITING).bind(id.0), viewer);
    db.optional(statement).await?.as_ref().map(waiting).transpose()
}

fn waiting(row: &Row) -> Result<Waiting, Error> {
    Ok(Waiting {
        kind: kind(row)?,
        state: state(row)?,
        target: row.value("target_id")?,
        content: content(row)?,
        event: row.value("event_id")?,
        is_deleted: row.value("is_deleted")?,
        matter: Matter {
            community: row.optional_id("community_id")?,
            about: row.optional_id("author_id")?,
            reported_by: row.optional_id("only_reporter")?,
            done_by: None,
        },
    })
}

/// The post or comment that an item is about; `None` for a picture or an account.
fn content(row: &Row) -> Result<Option<Content>, Error> {
    let target = row.value("target_id")?;
    Ok(match (row.value("is_post")?, row.value("is_comment")?) {
        (true, _) => Some(Content::Post(target)),
        (false, true) => Some(Content::Comment(target)),
        (false, false) => None,
    })
}

/// An item that a person or a plugin settled.
pub(super) async fn settled(db: &Db, id: ReviewItemId) -> Result<Option<Settled>, Error> {
    let row = db.optional(statement(FIND_SETTLED).bind(id.0)).await?;
    row.map(|row| {
        Ok(Settled {
            kind: kind(&row)?,
            state: state(&row)?,
            content: content(&row)?,
            community: row.optional_id("community_id")?,
            author: row.optional_id("author_id")?,
            reason: row.value("resolution_reason")?,
            is_deleted: row.value("is_deleted")?,
        })
    })
    .transpose()
}

/// Settles an open item.
pub(super) async fn resolve(
    tx: &mut Tx,
    by: &Actor,
    id: ReviewItemId,
    ruling: &Ruling,
    own_matter: bool,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(RESOLVE)
            .bind(ruling.resolution.state().as_str())
            .bind(by.id.0)
            .bind(now.0)
            .bind(ruling.reason.clone())
            .bind(ruling.note.clone())
            .bind(own_matter)
            .bind(id.0),
    )
    .await
}

fn bind_viewer(statement: Statement, viewer: &Actor) -> Statement {
    statement.bind(viewer.is_admin()).bind(viewer.id.0)
}

fn page(
    statement: Statement,
    viewer: &Actor,
    filter: &ItemFilter,
    request: &PageRequest<ItemKey>,
) -> Statement {
    let kind = filter.kind.map(ItemKind::as_str);
    let statement = statement
        .bind(filter.state.as_str())
        .bind(kind)
        .bind(kind)
        .bind(filter.community.clone())
        .bind(filter.community.clone());
    let ItemKey(priority, id) = request.after.unwrap_or(ItemKey(i64::MAX, Uuid::nil().into()));
    let statement = bind_viewer(statement, viewer).bind(priority).bind(priority);
    statement.bind(id.0).bind(request.rows())
}

fn item(row: &Row) -> Result<ReviewItem, Error> {
    let kind = kind(row)?;
    let content_state: Option<String> = row.value("content_state")?;
    let is_deleted = content_state.as_deref() == Some("deleted");
    let body: Option<String> = row.value("body")?;
    let title: Option<String> = row.value("title")?;
    let pending_body: Option<String> = row.value("pending_body")?;
    let pending_title: Option<String> = row.value("pending_title")?;
    let text = body.filter(|_| !is_deleted).map(|body| Text { title, body });
    let pending =
        pending_body.filter(|_| !is_deleted).map(|body| Text { title: pending_title, body });
    let author: Option<String> = row.value("author")?;
    let bio: Option<String> = row.value("bio")?;
    let avatar = row.optional_id("avatar_id")?;
    let present = Present {
        author: author.clone(),
        is_closed: row.value::<Option<bool>>("closed")?.unwrap_or_default(),
        is_deleted,
        text: if kind == ItemKind::Edit { pending.clone() } else { text.clone() },
        profile: bio.map(|bio| (bio, avatar)),
        edited_at: row.optional_time("edited_at")?.filter(|_| kind != ItemKind::Edit),
    };
    let copy = frozen(row)?;
    Ok(ReviewItem {
        id: row.id("id")?,
        kind,
        state: state(row)?,
        target_id: row.value("target_id")?,
        event_id: row.value("event_id")?,
        community: row.value("community")?,
        author_id: row.optional_id("author_id")?,
        author,
        reason: row.value("reason")?,
        text,
        pending,
        changes: copy.as_ref().map(|copy| rules::changes(copy, &present)).unwrap_or_default(),
        copies: copy.into_iter().collect(),
        copy_count: row.value("copy_count")?,
        post_id: row.optional_id("post_id")?,
        created_at: row.time("created_at")?,
        resolved_by: row.value("resolved_by")?,
        resolved_at: row.optional_time("resolved_at")?,
        resolution_reason: row.value("resolution_reason")?,
        note: row.value("note")?,
        own_matter: row.value("own_matter")?,
        priority: row.value("priority")?,
        reports: reports(row)?,
        decisions: Vec::new(),
    })
}

/// The latest reports, the newest first.
fn reports(row: &Row) -> Result<Vec<ReportNote>, Error> {
    let mut reports: Vec<ReportNote> = row.optional_json("reports")?.unwrap_or_default();
    reports.sort_unstable_by_key(|report| Reverse(report.id));
    Ok(reports)
}

fn kind(row: &Row) -> Result<ItemKind, Error> {
    ItemKind::from_stored(row.value("kind")?).ok_or(Error::Inconsistent { column: "kind" })
}

fn state(row: &Row) -> Result<ItemState, Error> {
    ItemState::from_stored(row.value("state")?).ok_or(Error::Inconsistent { column: "state" })
}
