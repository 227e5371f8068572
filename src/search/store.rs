//! The statements of search: the predicates of posts and comments, and the
//! words in between.

use super::model::{Found, SearchKey, SearchKind, SearchRequest};
use crate::{
    bans::{looking, viewer},
    base::{actor::Viewer, clock::Timestamp, page::PageRequest, terms},
    comments::comment_readable,
    db::{Columns, Db, Error, Row, sql, statement},
    posts::{post_visible, set_terms},
};

/// Characters of an excerpt: about two lines.
const EXCERPT: usize = 200;

/// Whether the community of the post `p` is the one that was asked for, if one was.
macro_rules! in_community {
    () => {
        " and (? is null or p.community_id = (select id from communities where slug = ?)) "
    };
}

/// Posts with the words.
macro_rules! posts {
    ($found:literal) => {
        concat!(
            viewer!(),
            "select p.search_id as place, p.id as post_id, null as comment_id, p.title, c.slug,
                    a.username as author, p.created_at, substr(p.body, 1, 4000) as excerpt ",
            $found,
            " cross join communities c on c.id = p.community_id
              cross join accounts a on a.id = p.author_id
              where ",
            post_visible!()
        )
    };
}

/// Comments with the words.
macro_rules! comments {
    ($found:literal) => {
        concat!(
            viewer!(),
            "select k.search_id as place, p.id as post_id, k.id as comment_id, p.title, c.slug,
                    a.username as author, k.created_at, substr(k.body, 1, 4000) as excerpt ",
            $found,
            " cross join posts p on p.id = k.post_id
              cross join communities c on c.id = p.community_id
              cross join accounts a on a.id = k.author_id
              where ",
            post_visible!(),
            " and ",
            comment_readable!()
        )
    };
}

// Tables are read in the order in which they are named (`cross join`), whatever the planner
// believes of their sizes. The index gives rows newest first without sorting, so a page of a
// common word costs no more than one of a rare word; that of `MySQL` reads every match of a
// word before it gives the first.
sql! { POSTS = concat!(
    posts!("from posts_search s cross join posts p on p.search_id = s.rowid"),
    " and posts_search match ?",
    in_community!(),
    "and s.rowid < ? order by s.rowid desc limit ?"
),
concat!(
    posts!("from posts p"),
    " and match (p.terms) against (? in boolean mode)",
    in_community!(),
    "and p.search_id < ? order by p.search_id desc limit ?"
) }
sql! { COMMENTS = concat!(
    comments!("from comments_search s cross join comments k on k.search_id = s.rowid"),
    " and comments_search match ?",
    in_community!(),
    "and s.rowid < ? order by s.rowid desc limit ?"
),
concat!(
    comments!("from comments k"),
    " and match (k.terms) against (? in boolean mode)",
    in_community!(),
    "and k.search_id < ? order by k.search_id desc limit ?"
) }

// Texts whose terms other rules made, or none.
sql! { STALE_POSTS =
"select search_id, title, body from posts where terms_version < ? limit ?" }
sql! { STALE_COMMENTS =
"select search_id, '' as title, body from comments where terms_version < ? limit ?" }
sql! { SET_POST_TERMS = concat!("update posts set ", set_terms!(), " where search_id = ?") }
sql! { SET_COMMENT_TERMS = concat!("update comments set ", set_terms!(), " where search_id = ?") }

/// Returns what has the words and may be seen by the viewer, newest first.
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
        .bind(request.terms.expression(db.engine()))
        .bind(request.community.clone())
        .bind(request.community.clone())
        .bind(page.after.map_or(i64::MAX, |SearchKey(place)| place))
        .bind(page.rows());
    let mut results: Vec<Found> =
        db.all(statement).await?.iter().map(found).collect::<Result<_, _>>()?;
    for result in &mut results {
        result.excerpt = excerpt(&result.excerpt, request.terms.first());
    }
    Ok(results)
}

/// Indexes some texts again whose terms other rules made. Returns how many there were.
///
/// The texts are read in the transaction that writes: nobody edits them in between.
pub(super) async fn index_stale(db: &Db, kind: SearchKind, most: u32) -> Result<usize, Error> {
    let (find, set) = match kind {
        SearchKind::Post => (STALE_POSTS, SET_POST_TERMS),
        SearchKind::Comment => (STALE_COMMENTS, SET_COMMENT_TERMS),
    };
    // Mostly there are none, and no transaction takes its turn for that.
    let find = |most: u32| statement(find).bind(terms::VERSION).bind(most);
    if db.optional(find(1)).await?.is_none() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let rows = tx.all(find(most)).await?;
    for row in &rows {
        let (title, body): (String, String) = (row.value("title")?, row.value("body")?);
        let terms = terms::of_text(&format!("{title}\n{body}"));
        let place: i64 = row.value("search_id")?;
        tx.execute_one(statement(set).bind(terms).bind(place)).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}

/// The part of a text around a word, or its beginning.
fn excerpt(text: &str, word: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = terms::place_of(word, &characters);
    // A third of it stands before the word, but no half a word begins it.
    let begin = at.saturating_sub(EXCERPT / 3);
    let half = characters.iter().take(at).skip(begin).take_while(|c| !c.is_whitespace()).count();
    let begin = if begin == 0 { 0 } else { (begin + half + 1).min(at) };
    let mut excerpt: String = characters.iter().skip(begin).take(EXCERPT).collect();
    if begin > 0 {
        excerpt.insert(0, '…');
    }
    if begin + EXCERPT < characters.len() {
        excerpt.push('…');
    }
    excerpt
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
