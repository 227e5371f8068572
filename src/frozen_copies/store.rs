//! The statements on frozen copies.

use serde::Deserialize;
use uuid::Uuid;

use super::model::{FrozenCopy, FrozenPicture, Subject};
use crate::{
    base::{
        clock::Timestamp,
        ids::{DecisionId, ReviewItemId, new_uuid, same_millisecond},
        secret::sha256_hex,
    },
    db::{Columns, Db, Error, Row, Tx, sql, statement},
};

/// Most copies of an item that are listed: each takes another report or another edit.
const LISTED_MAX: i64 = 100;

/// The number of the revision of the content `x` that is published.
macro_rules! revision {
    ($content:literal) => {
        concat!(
            "1 + (select count(*) from revisions r where r.content_id = ",
            $content,
            " and r.state = 'past')"
        )
    };
}

sql! { POST = concat!(
    "select a.username as author, ",
    revision!("p.id"),
    " as revision, p.title, p.body, null as bio, p.media, null as picture
     from posts p join accounts a on a.id = p.author_id where p.id = ?"
) }
sql! { COMMENT = concat!(
    "select a.username as author, ",
    revision!("k.id"),
    " as revision, null as title, k.body, null as bio, k.media, null as picture
     from comments k join accounts a on a.id = k.author_id where k.id = ?"
) }
sql! { EDIT = concat!(
    "select a.username as author, 1 + ",
    revision!("v.content_id"),
    " as revision, v.title, v.body, null as bio, coalesce(w.media, p.media, k.media) as media,
            null as picture
     from revisions v
     left join wanted_media w on w.id = v.id
     left join posts p on p.id = v.content_id
     left join comments k on k.id = v.content_id
     join accounts a on a.id = coalesce(p.author_id, k.author_id)
     where v.content_id = ? and v.state = 'pending'"
) }
sql! { ACCOUNT = "
    select username as author, null as revision, null as title, null as body, bio, null as media,
           avatar_id as picture
    from accounts where id = ?" }
sql! { MEDIA = "
    select a.username as author, null as revision, null as title, null as body, null as bio,
           null as media, m.id as picture
    from media m join accounts a on a.id = m.owner_id where m.id = ?" }
sql! { PICTURE = "select id, digest, media_type, width, height from media where id = ?" }
// A decision is of the same millisecond as its event.
sql! { JUDGED = "
    select coalesce(d.input, e.input) as input
    from decisions d join hook_events e on e.id = d.event_id
    where d.event_id between ? and ? and d.id = ? and e.target_id = ?" }
sql! { OPEN_ITEMS = "
    select r.id, r.kind, exists (select 1 from posts p where p.id = r.target_id) as is_post
    from review_items r where r.target_id = ? and r.state = 'open'" }
sql! { INSERT = "
    insert into frozen_copies
        (id, item_id, digest, author, revision, title, body, bio, media, frozen_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing" }
sql! { INSERT_PICTURE = "insert into frozen_pictures (media_id, copy_id) values (?, ?)" }
sql! { HAND_ON = "update frozen_copies set item_id = ? where item_id = ?" }
sql! { KEEPS_PICTURE = "select 1 from frozen_pictures where media_id = ? limit 1" }
sql! { LIST = "
    select e.author as frozen_author, e.revision, e.title as frozen_title, e.body as frozen_body,
           e.bio as frozen_bio, e.media as frozen_media, e.frozen_at
    from frozen_copies e where e.item_id = ? order by e.id limit ?" }
// Ids are in the order of time: newer copies are not looked at.
sql! { OLD = "
    select e.id from frozen_copies e join review_items i on i.id = e.item_id
    where e.id < ? and i.state <> 'open' and coalesce(i.resolved_at, i.created_at) < ?
    order by e.id limit ?" }
sql! { DELETE_PICTURES = "delete from frozen_pictures where copy_id = ?" }
sql! { DELETE = "delete from frozen_copies where id = ?" }

/// The newest copy `e` of the item `d`, to be joined.
macro_rules! newest {
    () => {
        " left join frozen_copies e
              on e.id = (select max(x.id) from frozen_copies x where x.item_id = d.id) "
    };
}
pub(crate) use newest;

/// A copy that is about to be stored.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) author: String,
    pub(super) revision: Option<i64>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) media: Vec<FrozenPicture>,
}

impl Copy {
    /// The same for copies that say the same.
    fn digest(&self) -> String {
        let said = (&self.author, &self.title, &self.body, &self.bio, &self.media);
        // Strings and numbers: serialising them cannot fail.
        sha256_hex(&serde_json::to_vec(&said).unwrap_or_default())
    }
}

/// A picture as content names it.
#[derive(Deserialize)]
struct Named {
    id: Uuid,
}

/// A subject as it is now; `None` when it is not there.
pub(super) async fn present(tx: &mut Tx, subject: Subject) -> Result<Option<Copy>, Error> {
    let sql = match subject {
        Subject::Post(_) => POST,
        Subject::Comment(_) => COMMENT,
        Subject::Edit(_) => EDIT,
        Subject::Account(_) => ACCOUNT,
        Subject::Media(_) => MEDIA,
    };
    let Some(row) = tx.optional(statement(sql).bind(subject.id())).await? else {
        return Ok(None);
    };
    let named: Vec<Named> = row.optional_json("media")?.unwrap_or_default();
    let picture: Option<Uuid> = row.value("picture")?;
    let mut copy = Copy {
        author: row.value("author")?,
        revision: row.value("revision")?,
        title: row.value("title")?,
        body: row.value("body")?,
        bio: row.value("bio")?,
        media: Vec::new(),
    };
    for id in named.into_iter().map(|named| named.id).chain(picture) {
        let Some(row) = tx.optional(statement(PICTURE).bind(id)).await? else { continue };
        copy.media.push(FrozenPicture {
            id,
            digest: row.value("digest")?,
            media_type: row.value("media_type")?,
            width: row.value("width")?,
            height: row.value("height")?,
        });
    }
    Ok(Some(copy))
}

/// The input of a decision, as far as it is read.
#[derive(Deserialize)]
struct Input {
    content: Option<JudgedContent>,
}

#[derive(Deserialize)]
struct JudgedContent {
    title: Option<String>,
    body: Option<String>,
}

/// The text of content that a decision was about, as long as it is on record.
pub(super) async fn judged(
    tx: &mut Tx,
    content: Uuid,
    decision: DecisionId,
) -> Result<Option<Copy>, Error> {
    let (first, last) = same_millisecond(decision.0);
    let find = statement(JUDGED).bind(first).bind(last).bind(decision.0).bind(content);
    let Some(row) = tx.optional(find).await? else { return Ok(None) };
    let input: Option<&str> = row.value("input")?;
    let input = input.and_then(|input| serde_json::from_str::<Input>(input).ok());
    let Some(JudgedContent { title, body: Some(body) }) = input.and_then(|input| input.content)
    else {
        return Ok(None);
    };
    let (author, body) = (String::new(), Some(body));
    Ok(Some(Copy { author, revision: None, title, body, bio: None, media: Vec::new() }))
}

/// The open items about content, each with what it is about.
pub(super) async fn open_items(
    tx: &mut Tx,
    content: Uuid,
) -> Result<Vec<(ReviewItemId, Subject)>, Error> {
    let rows = tx.all(statement(OPEN_ITEMS).bind(content)).await?;
    rows.iter()
        .map(|row| {
            let kind: &str = row.value("kind")?;
            let subject = match (kind, row.value("is_post")?) {
                ("edit", _) => Subject::Edit(content),
                (_, true) => Subject::Post(content),
                (_, false) => Subject::Comment(content),
            };
            Ok((row.id("id")?, subject))
        })
        .collect()
}

/// Stores a copy, unless the item has one that says the same.
pub(super) async fn insert(
    tx: &mut Tx,
    item: ReviewItemId,
    copy: &Copy,
    now: Timestamp,
) -> Result<(), Error> {
    let id = new_uuid(now);
    // Names, ids and numbers: serialising them cannot fail.
    let media =
        (!copy.media.is_empty()).then(|| serde_json::to_string(&copy.media).unwrap_or_default());
    let insert = statement(INSERT)
        .bind(id)
        .bind(item.0)
        .bind(copy.digest())
        .bind(copy.author.clone())
        .bind(copy.revision)
        .bind(copy.title.clone())
        .bind(copy.body.clone())
        .bind(copy.bio.clone())
        .bind(media)
        .bind(now.0);
    if tx.execute(insert).await? == 0 {
        return Ok(());
    }
    for picture in &copy.media {
        tx.execute_one(statement(INSERT_PICTURE).bind(picture.id).bind(id)).await?;
    }
    Ok(())
}

pub(super) async fn hand_on(
    tx: &mut Tx,
    from: ReviewItemId,
    to: ReviewItemId,
) -> Result<(), Error> {
    tx.execute(statement(HAND_ON).bind(to.0).bind(from.0)).await.map(drop)
}

pub(super) async fn keeps_picture(tx: &mut Tx, media: Uuid) -> Result<bool, Error> {
    Ok(tx.optional(statement(KEEPS_PICTURE).bind(media)).await?.is_some())
}

pub(super) async fn list(db: &Db, item: ReviewItemId) -> Result<Vec<FrozenCopy>, Error> {
    let rows = db.all(statement(LIST).bind(item.0).bind(LISTED_MAX)).await?;
    rows.iter().map(copy).collect()
}

/// Some copies whose items were settled before a time, and whose ids come before `id`.
pub(super) async fn old(
    db: &Db,
    id: Uuid,
    before: Timestamp,
    most: i64,
) -> Result<Vec<Uuid>, Error> {
    let rows = db.all(statement(OLD).bind(id).bind(before.0).bind(most)).await?;
    rows.iter().map(|row| row.value("id")).collect()
}

/// Deletes a copy; another process may have done so.
pub(super) async fn delete(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute(statement(DELETE_PICTURES).bind(id)).await?;
    tx.execute(statement(DELETE).bind(id)).await.map(drop)
}

/// The columns of a copy that stand beside an item, or none.
pub(crate) fn frozen(row: &Row) -> Result<Option<FrozenCopy>, Error> {
    match row.value::<Option<i64>>("frozen_at")? {
        Some(_) => copy(row).map(Some),
        None => Ok(None),
    }
}

fn copy(row: &Row) -> Result<FrozenCopy, Error> {
    Ok(FrozenCopy {
        author: row.value("frozen_author")?,
        revision: row.value("revision")?,
        title: row.value("frozen_title")?,
        body: row.value("frozen_body")?,
        bio: row.value("frozen_bio")?,
        media: row.optional_json("frozen_media")?.unwrap_or_default(),
        frozen_at: row.time("frozen_at")?,
    })
}
