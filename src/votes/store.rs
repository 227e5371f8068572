//! The statements on votes. Each that writes says again what must be so.

use uuid::Uuid;

use super::model::{Ballot, Cast, Counted, Subject, VoteValue};
use crate::{
    bans::{allowed, looking, viewer},
    base::{actor::Actor, clock::Timestamp},
    comments::comment_readable,
    db::{Columns, Db, Error, Row, Statement, Tx, sql, statement},
    posts::{self, ground_columns, post_visible},
    publishing::{ContentState, Tallies},
};

macro_rules! own_vote {
    ($content:literal) => {
        concat!(
            " left join votes v on v.content_id = ",
            $content,
            " and v.account_id = (select id from viewer) "
        )
    };
}

sql! { POST_BALLOT = concat!(
    viewer!(),
    "select ",
    ground_columns!(),
    ", p.author_id, p.state, p.ups, p.downs, p.created_at, coalesce(v.value, 0) as value
     from posts p cross join communities c on c.id = p.community_id",
    own_vote!("p.id"),
    "where p.id = ? and ",
    post_visible!()
) }
sql! { COMMENT_BALLOT = concat!(
    viewer!(),
    "select ",
    ground_columns!(),
    ", k.author_id, k.state, k.ups, k.downs, k.created_at, coalesce(v.value, 0) as value
     from comments k
     cross join posts p on p.id = k.post_id
     cross join communities c on c.id = p.community_id",
    own_vote!("k.id"),
    "where k.id = ? and ",
    post_visible!(),
    " and ",
    comment_readable!()
) }

/// From where a vote on a post may be cast.
macro_rules! open_post {
    () => {
        concat!(
            "from posts p where p.id = ? and p.state = 'published' and ",
            allowed!("5", "p.community_id, p.id")
        )
    };
}

/// From where a vote on a comment may be cast.
macro_rules! open_comment {
    () => {
        concat!(
            "from comments k join posts p on p.id = k.post_id
             where k.id = ? and k.state = 'published' and p.state = 'published' and ",
            allowed!("5", "p.community_id, p.id")
        )
    };
}

macro_rules! insert {
    ($open:expr) => {
        concat!(
            "insert into votes (content_id, account_id, value, cast_at) ",
            viewer!(),
            "select ?, (select id from viewer), ?, (select now from viewer) ",
            $open
        )
    };
}

macro_rules! update {
    ($open:expr) => {
        concat!(
            viewer!(),
            "update votes set value = ?, cast_at = (select now from viewer)
             where content_id = ? and account_id = (select id from viewer) and value = ?
               and exists (select 1 ",
            $open,
            ")"
        )
    };
}

macro_rules! delete {
    ($open:expr) => {
        concat!(
            viewer!(),
            "delete from votes
             where content_id = ? and account_id = (select id from viewer) and value = ?
               and exists (select 1 ",
            $open,
            ")"
        )
    };
}

sql! { INSERT_ON_POST = insert!(open_post!()) }
sql! { INSERT_ON_COMMENT = insert!(open_comment!()) }
sql! { UPDATE_ON_POST = update!(open_post!()) }
sql! { UPDATE_ON_COMMENT = update!(open_comment!()) }
sql! { DELETE_ON_POST = delete!(open_post!()) }
sql! { DELETE_ON_COMMENT = delete!(open_comment!()) }
/// What a tally changes: the content, and its author.
const TALLIED: u64 = 2;

// With the score of the author; on MySQL both on the way there and back of one statement.
sql! { TALLY_POST = "update posts set ups = ?, downs = ?, score = ?, hot = ?
where id = ? and ups = ? and downs = ? and state = 'published'; \
    update accounts set score = score + ? where id = ?", "
    update posts p, accounts a
    set p.ups = ?1, p.downs = ?2, p.score = ?3, p.hot = ?4, a.score = a.score + ?8
    where p.id = ?5 and p.ups = ?6 and p.downs = ?7 and p.state = 'published' and a.id = ?9" }
sql! { TALLY_COMMENT = "update comments set ups = ?, downs = ?, score = ?
where id = ? and ups = ? and downs = ? and state = 'published'; \
    update accounts set score = score + ? where id = ?", "
    update comments k, accounts a
    set k.ups = ?1, k.downs = ?2, k.score = ?3, a.score = a.score + ?7
    where k.id = ?4 and k.ups = ?5 and k.downs = ?6 and k.state = 'published' and a.id = ?8" }

sql! { COUNTED_POST =
"select p.author_id, p.ups, p.downs, p.created_at from posts p where p.id = ?" }
sql! { COUNTED_COMMENT =
"select k.author_id, k.ups, k.downs, k.created_at from comments k where k.id = ?" }
sql! { RECOUNT_POST =
"update posts set ups = ?, downs = ?, score = ?, hot = ? where id = ?" }
sql! { RECOUNT_COMMENT = "update comments set ups = ?, downs = ?, score = ? where id = ?" }
sql! { GAIN = "update accounts set score = score + ? where id = ?" }
sql! { DELETE_CAST = "delete from votes where content_id = ? and account_id = ? and value = ?" }
sql! { INSERT_CAST = "
    insert into votes (content_id, account_id, value, cast_at) values (?, ?, ?, ?)
    on conflict (content_id, account_id) do nothing" }

/// Whether the vote was there.
pub(super) async fn delete(tx: &mut Tx, cast: Cast) -> Result<bool, Error> {
    let statement = statement(DELETE_CAST).bind(cast.content).bind(cast.account.0).bind(cast.value);
    Ok(tx.execute(statement).await? == 1)
}

/// Whether the account had no vote there.
pub(super) async fn insert(tx: &mut Tx, cast: Cast) -> Result<bool, Error> {
    let statement = statement(INSERT_CAST)
        .bind(cast.content)
        .bind(cast.account.0)
        .bind(cast.value)
        .bind(cast.cast_at.0);
    Ok(tx.execute(statement).await? == 1)
}

/// The votes on content, counted.
pub(super) async fn counted(tx: &mut Tx, content: Uuid) -> Result<Option<Counted>, Error> {
    let post = (COUNTED_POST, Subject::Post(content.into()));
    for (sql, subject) in [post, (COUNTED_COMMENT, Subject::Comment(content.into()))] {
        if let Some(row) = tx.optional(statement(sql).bind(content)).await? {
            return Ok(Some(Counted {
                subject,
                author: row.id("author_id")?,
                tallies: Tallies { ups: row.value("ups")?, downs: row.value("downs")? },
                created_at: row.time("created_at")?,
            }));
        }
    }
    Ok(None)
}

/// Writes the tallies of content, whatever its state, and adds `gain` to its author's
/// score.
pub(super) async fn recount(
    tx: &mut Tx,
    counted: &Counted,
    (after, hot): (Tallies, f64),
    gain: i64,
) -> Result<(), Error> {
    let count = |sql| statement(sql).bind(after.ups).bind(after.downs).bind(after.score());
    let statement_of = match counted.subject {
        Subject::Post(_) => count(RECOUNT_POST).bind(hot),
        Subject::Comment(_) => count(RECOUNT_COMMENT),
    };
    tx.execute_one(statement_of.bind(counted.subject.id())).await?;
    if gain != 0 {
        tx.execute_one(statement(GAIN).bind(gain).bind(counted.author.0)).await?;
    }
    Ok(())
}

fn ballot_statement(actor: &Actor, subject: Subject, now: Timestamp) -> Statement {
    let sql = match subject {
        Subject::Post(_) => POST_BALLOT,
        Subject::Comment(_) => COMMENT_BALLOT,
    };
    looking(sql, Some(actor), now).bind(subject.id())
}

/// How things stand, if the actor may see the subject.
pub(super) async fn ballot(
    db: &Db,
    actor: &Actor,
    subject: Subject,
    now: Timestamp,
) -> Result<Option<Ballot>, Error> {
    let row = db.optional(ballot_statement(actor, subject, now)).await?;
    row.map(|row| read(&row, subject)).transpose()
}

/// The same, as it will stay for the transaction.
pub(super) async fn ballot_within(
    tx: &mut Tx,
    actor: &Actor,
    subject: Subject,
    now: Timestamp,
) -> Result<Option<Ballot>, Error> {
    let row = tx.optional(ballot_statement(actor, subject, now)).await?;
    row.map(|row| read(&row, subject)).transpose()
}

/// Changes the vote on a ballot. Whether it stood as the ballot says, and may
/// be changed.
pub(super) async fn set(
    tx: &mut Tx,
    actor: &Actor,
    ballot: &Ballot,
    value: VoteValue,
    now: Timestamp,
) -> Result<bool, Error> {
    let [insert, update, delete] = match ballot.subject {
        Subject::Post(_) => [INSERT_ON_POST, UPDATE_ON_POST, DELETE_ON_POST],
        Subject::Comment(_) => [INSERT_ON_COMMENT, UPDATE_ON_COMMENT, DELETE_ON_COMMENT],
    };
    let (id, was) = (ballot.subject.id(), ballot.value.number());
    let looking = |sql| looking(sql, Some(actor), now);
    let statement = match (was, value.number()) {
        (0, value) => looking(insert).bind(id).bind(value),
        (was, 0) => looking(delete).bind(id).bind(was),
        (was, value) => looking(update).bind(value).bind(id).bind(was),
    };
    match tx.execute(statement.bind(id)).await {
        Ok(changed) => Ok(changed == 1),
        Err(error) if error.is_unique("votes.content_id, votes.account_id") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the tallies that follow those of a ballot, and adds `gain` to the score of
/// who wrote what is voted on. Whether those still stood; if not, the transaction is
/// not to be committed.
pub(super) async fn tally(
    tx: &mut Tx,
    ballot: &Ballot,
    (after, hot): (Tallies, f64),
    gain: i64,
) -> Result<bool, Error> {
    let count = |sql| statement(sql).bind(after.ups).bind(after.downs).bind(after.score());
    let statement = match ballot.subject {
        Subject::Post(_) => count(TALLY_POST).bind(hot),
        Subject::Comment(_) => count(TALLY_COMMENT),
    };
    let before = ballot.tallies;
    let statement = statement.bind(ballot.subject.id()).bind(before.ups).bind(before.downs);
    Ok(tx.execute(statement.bind(gain).bind(ballot.author.0)).await? == TALLIED)
}

fn read(row: &Row, subject: Subject) -> Result<Ballot, Error> {
    Ok(Ballot {
        subject,
        author: row.id("author_id")?,
        state: ContentState::from_stored(row.value("state")?),
        tallies: Tallies { ups: row.value("ups")?, downs: row.value("downs")? },
        created_at: row.time("created_at")?,
        value: VoteValue::from_stored(row.value("value")?),
        ground: posts::ground(row)?,
    })
}
