//! The statements on posts, and the predicate that says who sees one.

use uuid::Uuid;

use super::model::{Access, Ground, Post, PostFilter, PostKey, PostSort, PostText};
use crate::{
    attachments::Attached,
    bans::{Deeds, Standing, allowed, denied, looking, moderates, viewer},
    base::{
        actor::{Actor, Viewer},
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId},
        page::PageRequest,
        terms,
        text::name_key,
    },
    db::{Columns, Db, Engine, Error, Row, Sql, Statement, Tx, sql, statement},
    publishing::{self, ContentState, Marks, Revision, Tallies, Waiting, why},
};

/// Whether the viewer may see the post `p`.
macro_rules! post_visible {
    () => {
        concat!(
            "(p.state = 'published'
              or (p.state in ('held', 'removed')
                  and (p.author_id = (select id from viewer) or ",
            $crate::bans::moderates!("p.community_id"),
            "))) and ",
            $crate::bans::allowed!("1", "p.community_id, p.id")
        )
    };
}

/// The columns of a [`Ground`]: the post `p` of the community `c`.
macro_rules! ground_columns {
    () => {
        concat!(
            "p.id as ground_id, p.community_id, c.slug, p.state as ground_state, p.locked, ",
            $crate::bans::moderates!("p.community_id"),
            " as moderates, ",
            $crate::bans::denied!("p.community_id, p.id"),
            " as denied "
        )
    };
}

/// The columns of a text's terms in an `update`: binds the terms, and names the version of
/// the rules that made them (`base::terms::VERSION`).
macro_rules! set_terms {
    () => {
        "terms = ?, terms_version = 1"
    };
}

pub(crate) use {ground_columns, post_visible, set_terms};

macro_rules! columns {
    () => {
        "p.id, p.community_id, c.slug, p.author_id, a.username as author, p.title, p.state,
         p.locked, p.marks, p.ups, p.downs, p.hot, p.comment_count, p.created_at, p.edited_at,
         p.media, coalesce(v.value, 0) as my_vote "
    };
}

/// Everything that is shown beside the posts `p`. A `cross join` keeps the order of tables:
/// posts come first, in the order of an index; else the few communities would.
macro_rules! beside {
    () => {
        "cross join communities c on c.id = p.community_id
         cross join accounts a on a.id = p.author_id
         left join votes v on v.content_id = p.id and v.account_id = (select id from viewer) "
    };
}

sql! { ACCESS = concat!(
    viewer!(),
    "select ",
    columns!(),
    ", p.body, p.body_html, ",
    moderates!("p.community_id"),
    " as moderates, ",
    denied!("p.community_id, p.id"),
    " as denied, e.title as pending_title, e.body as pending_body,
      w.media as pending_media, ",
    why!("p"),
    " from posts p ",
    beside!(),
    "left join revisions e on e.content_id = p.id and e.state = 'pending'
     left join wanted_media w on w.id = e.id
     where p.id = ? and ",
    post_visible!()
) }

macro_rules! list {
    ($from:expr, $where:expr, $after:literal, $order:literal) => {
        concat!(
            viewer!(),
            "select ",
            columns!(),
            $from,
            beside!(),
            "where ",
            $where,
            " and ",
            post_visible!(),
            " and ",
            $after,
            " order by ",
            $order,
            " limit ?"
        )
    };
}

/// One statement for each order, so that each walks its index.
macro_rules! lists {
    ($where:literal) => {
        lists!("from posts p ", "from posts p ", "from posts p ", $where)
    };
    ($hot:literal, $new:literal, $top:literal, $where:literal) => {
        [
            list!($hot, $where, "(p.hot, p.id) < (?, ?)", "p.hot desc, p.id desc"),
            list!($new, $where, "p.id < ?", "p.id desc"),
            list!($top, $where, "(p.score, p.id) < (?, ?)", "p.score desc, p.id desc"),
        ]
    };
}

sql! { LIST[3] = lists!("1 = 1") }
sql! { LIST_COMMUNITY[3] =
lists!("p.community_id = (select id from communities where slug = ?)") }
// Each order names its index: three begin with the author, and statistics alone would decide.
sql! { LIST_AUTHOR[3] = lists!(
    "from posts p indexed by posts_author_hot ",
    "from posts p indexed by posts_author ",
    "from posts p indexed by posts_author_score ",
    "p.author_id = (select id from accounts where name_key = ?)
     and (? is null or c.slug = ?)"
) }

/// Whether the post `p` is in the community and by the author that were asked for.
macro_rules! filtered {
    () => {
        "(? is null or p.community_id = (select id from communities where slug = ?))
         and (? is null or p.author_id = (select id from accounts where name_key = ?))"
    };
}

/// The newest matches, which `hot` and `top` put in order. No index has the words and the
/// rank, so each match that is put in order has to be read: a thousand take 3 ms, and a
/// page of the hottest has few that are older than a thousand others.
macro_rules! newest_matches {
    ($place:literal, $from:literal) => {
        concat!(
            "from (select ",
            $place,
            " as place ",
            $from,
            " and ",
            filtered!(),
            " order by ",
            $place,
            " desc limit 1000) some cross join posts p on p.search_id = some.place "
        )
    };
}

/// One statement for each order.
macro_rules! searches {
    ($place:literal, $matches:literal, $from:literal, $where:literal, $after:literal, $newest:literal) => {
        [
            list!(
                newest_matches!($place, $matches),
                "1 = 1",
                "(p.hot, p.id) < (?, ?)",
                "p.hot desc, p.id desc"
            ),
            // The index has the newest first.
            list!($from, concat!($where, " and ", filtered!()), $after, $newest),
            list!(
                newest_matches!($place, $matches),
                "1 = 1",
                "(p.score, p.id) < (?, ?)",
                "p.score desc, p.id desc"
            ),
        ]
    };
}

sql! { SEARCH[3] =
    searches!(
        "s.rowid",
        "from posts_search s cross join posts p on p.search_id = s.rowid
         where posts_search match ?",
        "from posts_search s cross join posts p on p.search_id = s.rowid ",
        "posts_search match ?",
        "s.rowid < coalesce((select o.search_id from posts o where o.id = ?), 9223372036854775807)",
        "s.rowid desc"
    ),
    searches!(
        "p.search_id",
        "from posts p where match (p.terms) against (? in boolean mode)",
        "from posts p ",
        "match (p.terms) against (? in boolean mode)",
        "p.search_id < coalesce((select o.search_id from posts o where o.id = ?), 9223372036854775807)",
        "p.search_id desc"
    )
}

sql! { INSERT = concat!(
    "insert into posts (id, community_id, author_id, title, body, body_html, state,
                        ups, score, hot, created_at, terms, terms_version) ",
    viewer!(),
    "select ?, c.id, (select id from viewer), ?, ?, ?, ?, 1, 1, ?, ?, ?, ?
     from communities c where c.id = ? and ",
    allowed!("9", "c.id")
) }
sql! { SET_MEDIA =
"update posts set media = ?, edited_at = coalesce(?, edited_at) where id = ?" }
sql! { INSERT_OWN_VOTE =
"insert into votes (content_id, account_id, value, cast_at) values (?, ?, 1, ?)" }
/// Whether the post `p` is as its author read it, and nothing forbids them to
/// change it.
macro_rules! editable {
    () => {
        concat!(
            "p.id = ? and p.state = ? and p.title = ? and p.body = ?
             and p.author_id = (select id from viewer) and (p.locked = 0 or ",
            moderates!("p.community_id"),
            ") and ",
            allowed!("9", "p.community_id, p.id")
        )
    };
}

sql! { UPDATE_TEXT = concat!(
    viewer!(),
    "update posts as p set title = ?, body = ?, body_html = ?, ",
    set_terms!(),
    ", edited_at = ? where ",
    editable!()
) }
sql! { IS_EDITABLE = concat!(viewer!(), "select 1 from posts p where ", editable!()) }
sql! { UPDATE_STATE = "update posts set state = ? where id = ? and state = ?" }
sql! { UPDATE_LOCKED = "update posts set locked = ? where id = ? and locked <> ?" }
sql! { UPDATE_MARKS = "update posts set marks = ? where id = ?" }
sql! { REPLACE_TEXT = concat!(
    "update posts set title = ?, body = ?, body_html = ?, ",
    set_terms!(),
    ", edited_at = ? where id = ?"
) }
sql! { PUT_BACK_TEXT = concat!(
    "update posts set title = ?, body = ?, body_html = ?, ",
    set_terms!(),
    " where id = ? and title = ? and body = ? and state <> 'deleted'"
) }
sql! { FIND_TEXT = "select title, body from posts where id = ?" }
sql! { COUNT_IN_COMMUNITY = "
    update communities set post_count = post_count + ?
    where id = (select community_id from posts where id = ?)" }
sql! { COUNT_FOR_AUTHOR = "
    update accounts set post_count = post_count + ?
    where id = (select author_id from posts where id = ?)" }

/// A post as the viewer may see it.
pub(super) async fn access(
    db: &Db,
    viewer: Viewer<'_>,
    id: PostId,
    now: Timestamp,
) -> Result<Option<Access>, Error> {
    let row = db.optional(looking(ACCESS, viewer, now).bind(id.0)).await?;
    row.as_ref().map(read_access).transpose()
}

/// [`access`] in a transaction.
pub(super) async fn access_in(
    tx: &mut Tx,
    viewer: Viewer<'_>,
    id: PostId,
    now: Timestamp,
) -> Result<Option<Access>, Error> {
    let row = tx.optional(looking(ACCESS, viewer, now).bind(id.0)).await?;
    row.as_ref().map(read_access).transpose()
}

fn read_access(row: &Row) -> Result<Access, Error> {
    let mut post = post(row)?;
    post.body = row.value("body")?;
    post.body_html = row.value("body_html")?;
    let body: Option<String> = row.value("pending_body")?;
    let title = row.value("pending_title")?;
    let media = publishing::pending_media(row, "pending_media")?;
    Ok(Access {
        post,
        standing: standing(row)?,
        waiting: Waiting {
            reason: row.value("reason")?,
            removal: row.optional_id("removal")?,
            pending: body.map(|body| Revision { title, body, media }),
        },
    })
}

/// Posts that the viewer may see.
pub(super) async fn list(
    db: &Db,
    viewer: Viewer<'_>,
    (filter, sort): (&PostFilter, PostSort),
    page: &PageRequest<PostKey>,
    now: Timestamp,
) -> Result<Vec<Post>, Error> {
    let [hot, new, top] = match filter {
        PostFilter { terms: Some(_), .. } => SEARCH,
        PostFilter { author: Some(_), .. } => LIST_AUTHOR.map(Sql::from),
        PostFilter { community: Some(_), .. } => LIST_COMMUNITY.map(Sql::from),
        PostFilter { .. } => LIST.map(Sql::from),
    };
    let sql = match sort {
        PostSort::Hot => hot,
        PostSort::New => new,
        PostSort::Top => top,
    };
    let statement = bind_filter(looking(sql, viewer, now), filter, db.engine());
    let rows = db.all(bind_after(statement, sort, page.after).bind(page.rows())).await?;
    rows.iter().map(post).collect()
}

fn bind_filter(statement: Statement, filter: &PostFilter, engine: Engine) -> Statement {
    let community = filter.community.clone();
    let author = filter.author.as_deref().map(name_key);
    if let Some(terms) = &filter.terms {
        let statement = statement.bind(terms.expression(engine));
        return statement.bind(community.clone()).bind(community).bind(author.clone()).bind(author);
    }
    match (author, community) {
        (Some(author), community) => statement.bind(author).bind(community.clone()).bind(community),
        (None, Some(community)) => statement.bind(community),
        (None, None) => statement,
    }
}

/// Binds the sort key to go on after; before the first page, one that no post reaches.
fn bind_after(statement: Statement, sort: PostSort, after: Option<PostKey>) -> Statement {
    match (sort, after) {
        (_, Some(PostKey::Hot(hot, id))) => statement.bind(f64::from_bits(hot)).bind(id.0),
        (_, Some(PostKey::New(id))) => statement.bind(id.0),
        (_, Some(PostKey::Top(score, id))) => statement.bind(score).bind(id.0),
        (PostSort::Hot, None) => statement.bind(f64::MAX).bind(Uuid::max()),
        (PostSort::New, None) => statement.bind(Uuid::max()),
        (PostSort::Top, None) => statement.bind(i64::MAX).bind(Uuid::max()),
    }
}

/// A post's row, but for what its text says.
#[derive(Debug)]
pub(super) struct NewRow<'a> {
    pub(super) id: PostId,
    pub(super) community: CommunityId,
    pub(super) author: &'a Actor,
    pub(super) state: ContentState,
    pub(super) hot: f64,
    /// When the post counts as written: now, but for a text that was refused.
    pub(super) written_at: Timestamp,
    pub(super) now: Timestamp,
}

/// Whether the post was inserted: not when a ban forbids it by now.
pub(super) async fn insert(
    tx: &mut Tx,
    new: &NewRow<'_>,
    text: PostText,
    html: String,
) -> Result<bool, Error> {
    let terms = text.terms();
    let statement = looking(INSERT, Some(new.author), new.now)
        .bind(new.id.0)
        .bind(text.title)
        .bind(text.body)
        .bind(html)
        .bind(new.state.as_str())
        .bind(new.hot)
        .bind(new.written_at.0)
        .bind(terms)
        .bind(terms::VERSION)
        .bind(new.community.0);
    Ok(tx.execute(statement).await? == 1)
}

/// The pictures of a post, and when it was edited, if it was.
pub(super) async fn set_media(
    tx: &mut Tx,
    id: PostId,
    media: &[Attached],
    edited_at: Option<Timestamp>,
) -> Result<(), Error> {
    let edited_at = edited_at.map(|at| at.0);
    let statement = statement(SET_MEDIA).bind(Attached::to_stored(media)).bind(edited_at);
    tx.execute_one(statement.bind(id.0)).await
}

/// The author's vote for the own post.
pub(super) async fn insert_own_vote(
    tx: &mut Tx,
    id: PostId,
    author: AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(statement(INSERT_OWN_VOTE).bind(id.0).bind(author.0).bind(now.0)).await
}

/// Changes a text that is still as it was read. Whether it was, and nothing
/// forbids the change by now.
pub(super) async fn update_text(
    tx: &mut Tx,
    author: &Actor,
    seen: &Post,
    (text, html): (PostText, String),
    (now, edited_at): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let statement = bind_text(looking(UPDATE_TEXT, Some(author), now), text, html);
    let statement = statement.bind(edited_at.0);
    Ok(tx.execute(bind_seen(statement, seen)).await? == 1)
}

/// Whether a post is still as it was read, and nothing forbids a change by now.
pub(super) async fn is_editable(
    tx: &mut Tx,
    author: &Actor,
    seen: &Post,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = bind_seen(looking(IS_EDITABLE, Some(author), now), seen);
    Ok(tx.optional(statement).await?.is_some())
}

/// Binds a text with what is made of it.
fn bind_text(statement: Statement, text: PostText, html: String) -> Statement {
    let terms = text.terms();
    statement.bind(text.title).bind(text.body).bind(html).bind(terms)
}

fn bind_seen(statement: Statement, seen: &Post) -> Statement {
    let statement = statement.bind(seen.id.0).bind(seen.state.as_str());
    statement.bind(seen.title.clone()).bind(seen.body.clone())
}

/// Replaces a text, and returns the one that was there.
pub(super) async fn replace_text(
    tx: &mut Tx,
    id: PostId,
    (text, html): (PostText, String),
    now: Timestamp,
) -> Result<Option<PostText>, Error> {
    let Some(row) = tx.optional(statement(FIND_TEXT).bind(id.0)).await? else { return Ok(None) };
    let old = PostText { title: row.value("title")?, body: row.value("body")? };
    let statement = bind_text(statement(REPLACE_TEXT), text, html);
    tx.execute_one(statement.bind(now.0).bind(id.0)).await?;
    Ok(Some(old))
}

/// Puts the text that an author wrote in the place of the text `seen`; whether that
/// was still there.
pub(super) async fn put_back_text(
    tx: &mut Tx,
    id: PostId,
    (seen, text): (&PostText, &PostText),
    html: String,
) -> Result<bool, Error> {
    let statement = bind_text(statement(PUT_BACK_TEXT), text.clone(), html);
    let statement = statement.bind(id.0).bind(seen.title.clone()).bind(seen.body.clone());
    Ok(tx.execute(statement).await? == 1)
}

/// Whether the post was in the state that it has to leave.
pub(super) async fn update_state(
    tx: &mut Tx,
    id: PostId,
    from: ContentState,
    to: ContentState,
) -> Result<bool, Error> {
    let statement = statement(UPDATE_STATE).bind(to.as_str()).bind(id.0).bind(from.as_str());
    Ok(tx.execute(statement).await? == 1)
}

/// Whether that changed anything.
pub(super) async fn update_locked(tx: &mut Tx, id: PostId, locked: bool) -> Result<bool, Error> {
    let statement = statement(UPDATE_LOCKED).bind(locked).bind(id.0).bind(locked);
    Ok(tx.execute(statement).await? == 1)
}

/// Sets all marks of a post.
pub(super) async fn update_marks(tx: &mut Tx, id: PostId, marks: Marks) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE_MARKS).bind(marks.0).bind(id.0)).await
}

/// Counts a published post: in its community, for its author.
pub(super) async fn count(tx: &mut Tx, id: PostId, change: i64) -> Result<(), Error> {
    tx.execute_one(statement(COUNT_IN_COMMUNITY).bind(change).bind(id.0)).await?;
    tx.execute_one(statement(COUNT_FOR_AUTHOR).bind(change).bind(id.0)).await
}

/// Reads the columns of `ground_columns!()`.
pub(crate) fn ground(row: &Row) -> Result<Ground, Error> {
    Ok(Ground {
        id: row.id("ground_id")?,
        community: row.id("community_id")?,
        slug: row.value("slug")?,
        state: ContentState::from_stored(row.value("ground_state")?),
        locked: row.value("locked")?,
        standing: standing(row)?,
    })
}

fn standing(row: &Row) -> Result<Standing, Error> {
    Ok(Standing {
        moderates: row.value("moderates")?,
        denied: Deeds::from_stored(row.value("denied")?),
    })
}

fn post(row: &Row) -> Result<Post, Error> {
    Ok(Post {
        id: row.id("id")?,
        community: row.id("community_id")?,
        slug: row.value("slug")?,
        author: row.id("author_id")?,
        author_name: row.value("author")?,
        title: row.value("title")?,
        body: String::new(),
        body_html: String::new(),
        state: ContentState::from_stored(row.value("state")?),
        locked: row.value("locked")?,
        marks: Marks(row.value("marks")?),
        tallies: Tallies { ups: row.value("ups")?, downs: row.value("downs")? },
        hot: row.value("hot")?,
        comment_count: row.value("comment_count")?,
        created_at: row.time("created_at")?,
        edited_at: row.optional_time("edited_at")?,
        my_vote: row.value("my_vote")?,
        media: Attached::from_stored(row.value("media")?)
            .ok_or(Error::Inconsistent { column: "media" })?,
    })
}
