//! The statements of search: the predicates of posts and comments, and the
//! words in between.

use super::model::{Found, SearchKey, SearchKind, SearchRequest};
use crate::{
    bans::{looking, viewer},
    base::{actor::Viewer, clock::Timestamp, page::PageRequest},
    comments::comment_readable,
    db::{Columns, Db, Error, Row},
    posts::post_visible,
};

// The index gives rows newest first without sorting, so a page of a common word
// costs no more than one of a rare word. An excerpt has 32 tokens, about two lines.
const POSTS: &str = concat!(
    viewer!(),
    "select s.rowid as place, p.id as post_id, null as comment_id, p.title, c.slug, a.username as author,
            snippet(posts_search, -1, '', '', '…', 32) as excerpt, p.created_at
     from posts_search s
     join posts p on p.search_id = s.rowid
     join communities c on c.id = p.community_id
     join accounts a on a.id = p.author_id
     where posts_search match ? and (? is null or c.slug = ?) and s.rowid < ? and ",
    post_visible!(),
    " order by s.rowid desc limit ?"
);
const COMMENTS: &str = concat!(
    viewer!(),
    "select s.rowid as place, p.id as post_id, k.id as comment_id, p.title, c.slug, a.username as author,
            snippet(comments_search, -1, '', '', '…', 32) as excerpt, k.created_at
     from comments_search s
     join comments k on k.search_id = s.rowid
     join posts p on p.id = k.post_id
     join communities c on c.id = p.community_id
     join accounts a on a.id = k.author_id
     where comments_search match ? and (? is null or c.slug = ?) and s.rowid < ? and ",
    post_visible!(),
    " and ",
    comment_readable!(),
    " order by s.rowid desc limit ?"
);

/// What has the words and may be seen, newest first.
pub(super) async fn search(
    db: &Db,
    viewer: Viewer<'_>,
    request: &SearchRequest,
    page: &PageRequest<SearchKey>,
    now: Timestamp,
) -> Result<Vec<Found>, Error> {
    let sql = match request.kind {
        SearchKind::Post => POSTS,
        SearchKind::Comment => COMMENTS,
    };
    let statement = looking(sql, viewer, now)
        .bind(request.terms.as_str().to_owned())
        .bind(request.community.clone())
        .bind(request.community.clone())
        .bind(page.after.map_or(i64::MAX, |SearchKey(place)| place))
        .bind(page.rows());
    db.all(statement).await?.iter().map(found).collect()
}

fn found(row: &Row) -> Result<Found, Error> {
    Ok(Found {
        place: row.value("place")?,
        post: row.id("post_id")?,
        comment: row.optional_id("comment_id")?,
        title: row.value("title")?,
        community: row.value("slug")?,
        author: row.value("author")?,
        excerpt: row.value("excerpt")?,
        created_at: row.time("created_at")?,
    })
}
