//! The statements of search: the predicates of posts and comments, and the
//! words in between.

use super::model::{Found, SearchKey, SearchKind, SearchRequest};
use crate::{
    bans::{looking, viewer},
    base::{actor::Viewer, clock::Timestamp, page::PageRequest},
    comments::comment_readable,
    db::{Columns, Db, Engine, Error, Row, sql},
    posts::post_visible,
};

/// Characters of an excerpt that `MySQL` does not make: about two lines; and how
/// much of a text is looked at for it.
const EXCERPT: usize = 200;
macro_rules! looked_at {
    () => {
        ", 1, 4000) as excerpt"
    };
}

/// Whether the community of the post `p` is the one that was asked for, if one was.
macro_rules! in_community {
    () => {
        " and (? is null or p.community_id = (select id from communities where slug = ?)) "
    };
}

/// Posts with the words.
macro_rules! posts {
    ($shown:expr, $found:literal) => {
        concat!(
            viewer!(),
            "select p.search_id as place, p.id as post_id, null as comment_id, p.title, c.slug,
                    a.username as author, p.created_at, ",
            $shown,
            " ",
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
    ($shown:expr, $found:literal) => {
        concat!(
            viewer!(),
            "select k.search_id as place, p.id as post_id, k.id as comment_id, p.title, c.slug,
                    a.username as author, k.created_at, ",
            $shown,
            " ",
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
// word before it gives the first. An excerpt has 32 tokens, about two lines.
sql! { POSTS = concat!(
    posts!(
        "snippet(posts_search, -1, '', '', '…', 32) as excerpt",
        "from posts_search s cross join posts p on p.search_id = s.rowid"
    ),
    " and posts_search match ?",
    in_community!(),
    "and s.rowid < ? order by s.rowid desc limit ?"
),
concat!(
    posts!(concat!("substr(p.words", looked_at!()), "from posts p"),
    " and match (p.words) against (? in boolean mode)",
    in_community!(),
    "and p.search_id < ? order by p.search_id desc limit ?"
) }
sql! { COMMENTS = concat!(
    comments!(
        "snippet(comments_search, -1, '', '', '…', 32) as excerpt",
        "from comments_search s cross join comments k on k.search_id = s.rowid"
    ),
    " and comments_search match ?",
    in_community!(),
    "and s.rowid < ? order by s.rowid desc limit ?"
),
concat!(
    comments!(concat!("substr(k.words", looked_at!()), "from comments k"),
    " and match (k.words) against (? in boolean mode)",
    in_community!(),
    "and k.search_id < ? order by k.search_id desc limit ?"
) }

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
    if db.engine() == Engine::MySql {
        for result in &mut results {
            result.excerpt = excerpt(&result.excerpt, request.terms.first());
        }
    }
    Ok(results)
}

/// The part of a text around a word, or its beginning.
fn excerpt(text: &str, word: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let word: Vec<char> = word.chars().collect();
    let is_there = |at: &usize| {
        let found = characters.iter().skip(*at).take(word.len());
        found.map(char::to_ascii_lowercase).eq(word.iter().map(char::to_ascii_lowercase))
    };
    let at = (0..characters.len()).find(is_there).unwrap_or_default();
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
