//! The statements on comments, and the predicate that says who sees one.

use std::cmp::Reverse;

use uuid::Uuid;

use super::model::{Access, Comment, CommentKey, CommentSort, Parent, Place};
use crate::{
    attachments::Attached,
    bans::{allowed, looking, moderates, viewer},
    base::{
        actor::{Actor, Viewer},
        clock::Timestamp,
        ids::{AccountId, CommentId, PostId},
        page::PageRequest,
        terms,
    },
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
    posts::{self, ground_columns, post_visible, set_terms},
    publishing::{self, ContentState, Marks, Revision, Tallies, Waiting, why},
};

/// Whether the viewer may see the comment `k`, if its post `p` is visible.
macro_rules! comment_readable {
    () => {
        concat!(
            "(k.state = 'published'
              or (k.state in ('held', 'removed')
                  and (k.author_id = (select id from viewer) or ",
            $crate::bans::moderates!("p.community_id"),
            ")))"
        )
    };
}
pub(crate) use comment_readable;

/// Whether the thread shows that the comment `k` is there: it can be read, or
/// what was there has answers.
macro_rules! comment_shown {
    () => {
        concat!(
            "(",
            comment_readable!(),
            " or (k.state in ('removed', 'deleted') and k.reply_count > 0))"
        )
    };
}

macro_rules! columns {
    () => {
        concat!(
            "k.id, k.post_id, k.parent_id, k.depth, k.author_id, a.username as author, k.body,
             k.body_html, k.state, k.locked as comment_locked, k.marks, k.ups, k.downs, k.reply_count, k.created_at, k.edited_at,
             k.media, coalesce(v.value, 0) as my_vote, ",
            comment_readable!(),
            " as readable "
        )
    };
}

macro_rules! author_and_vote {
    () => {
        "left join accounts a on a.id = k.author_id
         left join votes v on v.content_id = k.id and v.account_id = (select id from viewer) "
    };
}

sql! { ACCESS = concat!(
    viewer!(),
    "select ",
    columns!(),
    ", ",
    ground_columns!(),
    ", e.body as pending_body, w.media as pending_media, ",
    why!("k"),
    " from comments k
     cross join posts p on p.id = k.post_id
     cross join communities c on c.id = p.community_id ",
    author_and_vote!(),
    "left join revisions e on e.content_id = k.id and e.state = 'pending'
     left join wanted_media w on w.id = e.id
     where k.id = ? and ",
    post_visible!(),
    " and ",
    comment_readable!()
) }

/// Whether the comment `k` is closed to answers: it, or one above it.
macro_rules! thread_locked {
    () => {
        "exists (select 1 from comments o
                 where o.post_id = k.post_id and o.locked = 1
                   and substr(k.path, 1, length(o.path)) = o.path)"
    };
}

// The post, and the comment that is to be answered if there is such a one.
sql! { POST_AND_PARENT = concat!(
    viewer!(),
    "select ",
    ground_columns!(),
    ", k.id as parent_id, k.path, k.depth, ",
    thread_locked!(),
    " as thread_locked,
        exists (select 1 from slow_modes s where s.scope_id in (p.id, p.community_id)) as slowed
     from posts p
     cross join communities c on c.id = p.community_id
     left join comments k on k.id = ? and k.post_id = p.id and k.state = 'published'
     where p.id = ? and ",
    post_visible!()
) }

/// A page of a thread, or one row without a comment where the post has none there. The page
/// is found by itself, from one end of it to the other on an index: beside what is shown
/// with it `MySQL` would read the whole thread, and sort it. The page has places and no
/// texts, and is put in order by [`list`] once it is read: `MariaDB` would write a table of
/// texts to the disk for either.
macro_rules! list {
    ($after:literal, $order:literal) => {
        concat!(
            viewer!(),
            "select ",
            columns!(),
            ", page.path as page_path, page.score as page_score
             from posts p
             left join (
                 select k.post_id, k.search_id, k.path, k.score
                 from posts p cross join comments k on k.post_id = p.id
                 where p.id = ? and ",
            comment_shown!(),
            " and ",
            $after,
            " order by ",
            $order,
            " limit ?) page on page.post_id = p.id
             left join comments k on k.search_id = page.search_id ",
            author_and_vote!(),
            "where p.id = ? and ",
            post_visible!()
        )
    };
}

sql! { LIST_THREAD = list!("k.path > ?", "k.path") }
sql! { LIST_THREAD_AFTER =
list!("k.path > (select o.path from comments o where o.id = ?)", "k.path") }
sql! { LIST_NEW = list!("k.id < ?", "k.id desc") }
sql! { LIST_TOP = list!("(k.score, k.id) < (?, ?)", "k.score desc, k.id desc") }

macro_rules! insert {
    () => {
        concat!(
            "insert into comments (id, post_id, parent_id, author_id, path, depth, body, body_html,
                                   state, created_at, terms, terms_version) ",
            viewer!(),
            "select ?, p.id, ?, (select id from viewer), ?, ?, ?, ?, ?, ?, ?, ?
             from posts p
             where p.id = ? and p.state = 'published' and p.locked = 0
               and (? or exists (select 1 from comments k where k.id = ? and k.state = 'published'
                                 and not ",
            thread_locked!(),
            ")) and ",
            allowed!("3", "p.community_id, p.id")
        )
    };
}

/// Counts a comment: under its post, for its author. Takes its id twice, and counts
/// nothing where there is no such comment.
macro_rules! count {
    ($change:literal) => {
        concat!(
            "update posts set comment_count = comment_count ",
            $change,
            " where id = (select post_id from comments where id = ?); \
             update accounts set comment_count = comment_count ",
            $change,
            " where id = (select author_id from comments where id = ?)"
        )
    };
}

/// The same for `MySQL`, on the way there and back of one statement.
macro_rules! count_mysql {
    ($change:literal) => {
        concat!(
            "update posts p, accounts a
             set p.comment_count = p.comment_count ",
            $change,
            ", a.comment_count = a.comment_count ",
            $change,
            " where p.id = (select post_id from comments where id = ?)
                and a.id = (select author_id from comments where id = ?)"
        )
    };
}

/// What a count changes: the post, and the account.
const COUNTED: u64 = 2;

sql! { INSERT = insert!() }
sql! { INSERT_COUNTED =
concat!(insert!(), "; ", count!("+ 1")), concat!(insert!(), "; ", count_mysql!("+ 1")) }
sql! { COUNT = count!("+ 1"), count_mysql!("+ 1") }
sql! { DISCOUNT = count!("- 1"), count_mysql!("- 1") }

/// Whether the comment `k` is as its author read it, and nothing forbids them
/// to change it.
macro_rules! editable {
    () => {
        concat!(
            "k.id = ? and k.state = ? and k.body = ? and k.author_id = (select id from viewer)
             and exists (select 1 from posts p where p.id = k.post_id and (p.locked = 0 or ",
            moderates!("p.community_id"),
            ") and ",
            post_visible!(),
            " and ",
            allowed!("3", "p.community_id, p.id"),
            ")"
        )
    };
}

sql! { SET_MEDIA =
"update comments set media = ?, edited_at = coalesce(?, edited_at) where id = ?" }
sql! { UPDATE_TEXT = concat!(
    viewer!(),
    "update comments as k set body = ?, body_html = ?, ",
    set_terms!(),
    ", edited_at = ? where ",
    editable!()
) }
sql! { IS_EDITABLE = concat!(viewer!(), "select 1 from comments k where ", editable!()) }
sql! { UPDATE_STATE = "update comments set state = ? where id = ? and state = ?" }
sql! { UPDATE_LOCKED = "update comments set locked = ? where id = ? and locked <> ?" }
sql! { UPDATE_MARKS = "update comments set marks = ? where id = ?" }
sql! { PUT_BACK_TEXT = concat!(
    "update comments set body = ?, body_html = ?, ",
    set_terms!(),
    " where id = ? and body = ? and state <> 'deleted'"
) }
sql! { FIND_BODY = "select body from comments where id = ?" }
sql! { REPLACE_TEXT = concat!(
    "update comments set body = ?, body_html = ?, ",
    set_terms!(),
    ", edited_at = ? where id = ?"
) }
sql! { FIND_NODE = "select parent_id, state, reply_count from comments where id = ?" }
sql! { COUNT_REPLIES = "update comments set reply_count = reply_count + ? where id = ?" }

/// A comment as the viewer may see it.
pub(super) async fn access(
    db: &Db,
    viewer: Viewer<'_>,
    id: CommentId,
    now: Timestamp,
) -> Result<Option<Access>, Error> {
    let row = db.optional(looking(ACCESS, viewer, now).bind(id.0)).await?;
    row.as_ref().map(read_access).transpose()
}

/// [`access`] in a transaction.
pub(super) async fn access_in(
    tx: &mut Tx,
    viewer: Viewer<'_>,
    id: CommentId,
    now: Timestamp,
) -> Result<Option<Access>, Error> {
    let row = tx.optional(looking(ACCESS, viewer, now).bind(id.0)).await?;
    row.as_ref().map(read_access).transpose()
}

fn read_access(row: &Row) -> Result<Access, Error> {
    let body: Option<String> = row.value("pending_body")?;
    let media = publishing::pending_media(row, "pending_media")?;
    Ok(Access {
        comment: comment(row)?,
        ground: posts::ground(row)?,
        waiting: Waiting {
            reason: row.value("reason")?,
            removal: row.optional_id("removal")?,
            pending: body.map(|body| Revision { title: None, body, media }),
        },
    })
}

/// Where a comment goes, as the viewer may see it.
pub(super) async fn place(
    db: &Db,
    viewer: Viewer<'_>,
    id: PostId,
    parent: Option<CommentId>,
    now: Timestamp,
) -> Result<Option<Place>, Error> {
    let parent = parent.map(|parent| parent.0);
    let row = db.optional(looking(POST_AND_PARENT, viewer, now).bind(parent).bind(id.0)).await?;
    row.as_ref().map(read_place).transpose()
}

/// [`place`] in a transaction.
pub(super) async fn place_in(
    tx: &mut Tx,
    viewer: Viewer<'_>,
    (id, parent): (PostId, Option<CommentId>),
    now: Timestamp,
) -> Result<Option<Place>, Error> {
    let parent = parent.map(|parent| parent.0);
    let row = tx.optional(looking(POST_AND_PARENT, viewer, now).bind(parent).bind(id.0)).await?;
    row.as_ref().map(read_place).transpose()
}

fn read_place(row: &Row) -> Result<Place, Error> {
    let parent = row
        .optional_id("parent_id")?
        .map(|id| -> Result<Parent, Error> {
            Ok(Parent {
                id,
                path: row.value("path")?,
                depth: row.value("depth")?,
                locked: row.value("thread_locked")?,
            })
        })
        .transpose()?;
    Ok(Place { ground: posts::ground(row)?, parent, slowed: row.value("slowed")? })
}

/// Comments that the viewer may see of a post; `None` when there is no such
/// post for the viewer.
pub(super) async fn list(
    db: &Db,
    viewer: Viewer<'_>,
    (post, sort): (PostId, CommentSort),
    page: &PageRequest<CommentKey>,
    now: Timestamp,
) -> Result<Option<Vec<Comment>>, Error> {
    let looking = |sql| looking(sql, viewer, now).bind(post.0);
    let statement = match (sort, page.after) {
        (_, Some(CommentKey::Thread(id))) => looking(LIST_THREAD_AFTER).bind(id.0),
        (_, Some(CommentKey::New(id))) => looking(LIST_NEW).bind(id.0),
        (_, Some(CommentKey::Top(score, id))) => looking(LIST_TOP).bind(score).bind(id.0),
        // Before the first page: keys that no comment reaches.
        (CommentSort::Thread, None) => looking(LIST_THREAD).bind(Vec::<u8>::new()),
        (CommentSort::New, None) => looking(LIST_NEW).bind(Uuid::max()),
        (CommentSort::Top, None) => looking(LIST_TOP).bind(i64::MAX).bind(Uuid::max()),
    };
    let rows = db.all(statement.bind(page.rows()).bind(post.0)).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    // A post without comments is one row without a comment.
    let is_comment = |row: &&Row| !matches!(row.value::<Option<Uuid>>("id"), Ok(None));
    let in_order = |row: &Row| Ok((order(row, sort)?, comment(row)?));
    let comments: Result<Vec<_>, Error> = rows.iter().filter(is_comment).map(in_order).collect();
    let mut comments = comments?;
    comments.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Some(comments.into_iter().map(|(_, comment)| comment).collect()))
}

/// What a page is sorted by.
type Order = (Vec<u8>, Reverse<(i64, Uuid)>);

fn order(row: &Row, sort: CommentSort) -> Result<Order, Error> {
    Ok(match sort {
        CommentSort::Thread => (row.value("page_path")?, Reverse((0, Uuid::nil()))),
        CommentSort::New => (Vec::new(), Reverse((0, row.value("id")?))),
        CommentSort::Top => (Vec::new(), Reverse((row.value("page_score")?, row.value("id")?))),
    })
}

/// A comment's row.
#[derive(Debug)]
pub(super) struct NewRow<'a> {
    pub(super) id: CommentId,
    pub(super) post: PostId,
    pub(super) parent: Option<CommentId>,
    pub(super) author: &'a Actor,
    pub(super) path: Vec<u8>,
    pub(super) depth: i64,
    pub(super) body: &'a str,
    pub(super) html: &'a str,
    pub(super) state: ContentState,
    /// When the comment counts as written: now, but for a text that was refused.
    pub(super) written_at: Timestamp,
    pub(super) now: Timestamp,
}

// When slow modes let the viewer comment again, under the post or anywhere in
// its community: after the last comment there, whatever became of it. A comment
// with a time to come was written before the clock was set back: it slows nobody.
sql! { SLOWED_UNTIL = "
    select max(s.interval +
        case when s.scope_id = p.id
        then (select max(k.created_at) from comments k
              where k.author_id = ? and k.post_id = p.id and k.created_at <= ?)
        else (select max(k.created_at) from comments k join posts o on o.id = k.post_id
              where k.author_id = ? and k.created_at > ? - s.interval and k.created_at <= ?
                and o.community_id = p.community_id)
        end) as free_at
    from posts p join slow_modes s on s.scope_id in (p.id, p.community_id)
    where p.id = ? and (s.until is null or s.until > ?)" }

/// When the author may comment again under a post, if slow modes say.
pub(super) async fn slowed_until(
    tx: &mut Tx,
    author: AccountId,
    post: PostId,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let statement = statement(SLOWED_UNTIL)
        .bind(author.0)
        .bind(now.0)
        .bind(author.0)
        .bind(now.0)
        .bind(now.0)
        .bind(post.0)
        .bind(now.0);
    let row = tx.optional(statement).await?;
    row.map_or(Ok(None), |row| row.optional_time("free_at"))
}

/// Whether the comment was inserted, and counted if it is published: not when
/// something forbids it by now.
pub(super) async fn insert(tx: &mut Tx, new: &NewRow<'_>) -> Result<bool, Error> {
    let parent = new.parent.map(|parent| parent.0);
    let is_counted = new.state == ContentState::Published;
    let sql = if is_counted { INSERT_COUNTED } else { INSERT };
    let statement = looking(sql, Some(new.author), new.now)
        .bind(new.id.0)
        .bind(parent)
        .bind(new.path.clone())
        .bind(new.depth)
        .bind(new.body.to_owned())
        .bind(new.html.to_owned())
        .bind(new.state.as_str())
        .bind(new.written_at.0)
        .bind(terms::of_text(new.body))
        .bind(terms::VERSION)
        .bind(new.post.0)
        .bind(parent.is_none())
        .bind(parent);
    if is_counted {
        let counted = statement.bind(new.id.0).bind(new.id.0);
        return tx.execute_rows_or_none(counted, 1 + COUNTED).await;
    }
    tx.execute_rows_or_none(statement, 1).await
}

/// The pictures of a comment, and when it was edited, if it was.
pub(super) async fn set_media(
    tx: &mut Tx,
    id: CommentId,
    media: &[Attached],
    edited_at: Option<Timestamp>,
) -> Result<(), Error> {
    let edited_at = edited_at.map(|at| at.0);
    let statement = statement(SET_MEDIA).bind(Attached::to_stored(media)).bind(edited_at);
    tx.execute_one(statement.bind(id.0)).await
}

/// Changes a text that is still as it was read. Whether it was, and nothing
/// forbids the change by now.
pub(super) async fn update_text(
    tx: &mut Tx,
    author: &Actor,
    seen: &Comment,
    (body, html): (String, String),
    (now, edited_at): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let terms = terms::of_text(&body);
    let statement = looking(UPDATE_TEXT, Some(author), now).bind(body).bind(html).bind(terms);
    let statement = statement.bind(edited_at.0);
    Ok(tx.execute(bind_seen(statement, seen)).await? == 1)
}

/// Puts the text that an author wrote in the place of the text `seen`; whether that
/// was still there.
pub(super) async fn put_back_text(
    tx: &mut Tx,
    id: CommentId,
    (seen, text): (&str, &str),
    html: String,
) -> Result<bool, Error> {
    let terms = terms::of_text(text);
    let statement = statement(PUT_BACK_TEXT).bind(text.to_owned()).bind(html).bind(terms);
    Ok(tx.execute(statement.bind(id.0).bind(seen.to_owned())).await? == 1)
}

/// Whether a comment is still as it was read, and nothing forbids a change by now.
pub(super) async fn is_editable(
    tx: &mut Tx,
    author: &Actor,
    seen: &Comment,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = bind_seen(looking(IS_EDITABLE, Some(author), now), seen);
    Ok(tx.optional(statement).await?.is_some())
}

fn bind_seen(statement: Statement, seen: &Comment) -> Statement {
    statement.bind(seen.id.0).bind(seen.state.as_str()).bind(seen.body.clone())
}

/// Replaces a text, and returns the one that was there.
pub(super) async fn replace_text(
    tx: &mut Tx,
    id: CommentId,
    (body, html): (String, String),
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let Some(row) = tx.optional(statement(FIND_BODY).bind(id.0)).await? else { return Ok(None) };
    let old = row.value("body")?;
    let terms = terms::of_text(&body);
    let statement = statement(REPLACE_TEXT).bind(body).bind(html).bind(terms);
    tx.execute_one(statement.bind(now.0).bind(id.0)).await?;
    Ok(Some(old))
}

/// Whether the comment was in the state that it has to leave.
pub(super) async fn update_state(
    tx: &mut Tx,
    id: CommentId,
    from: ContentState,
    to: ContentState,
) -> Result<bool, Error> {
    let statement = statement(UPDATE_STATE).bind(to.as_str()).bind(id.0).bind(from.as_str());
    Ok(tx.execute(statement).await? == 1)
}

/// Whether that changed anything.
pub(super) async fn update_locked(tx: &mut Tx, id: CommentId, locked: bool) -> Result<bool, Error> {
    let statement = statement(UPDATE_LOCKED).bind(locked).bind(id.0).bind(locked);
    Ok(tx.execute(statement).await? == 1)
}

/// Sets all marks of a comment.
pub(super) async fn update_marks(tx: &mut Tx, id: CommentId, marks: Marks) -> Result<(), Error> {
    tx.execute_one(statement(UPDATE_MARKS).bind(marks.0).bind(id.0)).await
}

/// Counts a comment that is published now: under its post, for its author.
pub(super) async fn count(tx: &mut Tx, id: CommentId) -> Result<(), Error> {
    tx.execute_rows(statement(COUNT).bind(id.0).bind(id.0), COUNTED).await
}

/// No longer counts one that was.
pub(super) async fn discount(tx: &mut Tx, id: CommentId) -> Result<(), Error> {
    tx.execute_rows(statement(DISCOUNT).bind(id.0).bind(id.0), COUNTED).await
}

/// A comment's place in its thread.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<CommentId>,
    pub(super) state: ContentState,
    pub(super) reply_count: i64,
}

pub(super) async fn node(tx: &mut Tx, id: CommentId) -> Result<Option<Node>, Error> {
    let row = tx.optional(statement(FIND_NODE).bind(id.0)).await?;
    row.map(|row| {
        Ok(Node {
            parent: row.optional_id("parent_id")?,
            state: ContentState::from_stored(row.value("state")?),
            reply_count: row.value("reply_count")?,
        })
    })
    .transpose()
}

pub(super) async fn count_replies(tx: &mut Tx, id: CommentId, change: i64) -> Result<(), Error> {
    tx.execute_one(statement(COUNT_REPLIES).bind(change).bind(id.0)).await
}

fn comment(row: &Row) -> Result<Comment, Error> {
    Ok(Comment {
        id: row.id("id")?,
        post: row.id("post_id")?,
        parent: row.optional_id("parent_id")?,
        depth: row.value("depth")?,
        author: row.id("author_id")?,
        author_name: row.value("author")?,
        body: row.value("body")?,
        body_html: row.value("body_html")?,
        state: ContentState::from_stored(row.value("state")?),
        readable: row.value("readable")?,
        locked: row.value("comment_locked")?,
        marks: Marks(row.value("marks")?),
        tallies: Tallies { ups: row.value("ups")?, downs: row.value("downs")? },
        reply_count: row.value("reply_count")?,
        created_at: row.time("created_at")?,
        edited_at: row.optional_time("edited_at")?,
        my_vote: row.value("my_vote")?,
        media: Attached::from_stored(row.value("media")?)
            .ok_or(Error::Inconsistent { column: "media" })?,
    })
}
