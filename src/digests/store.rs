//! The statements on who wants digests.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    base::{clock::Timestamp, ids::AccountId},
    db::{Columns, Db, Error, Tx, sql, statement},
};

sql! { TOKEN = "select token from digests where account_id = ?" }
// What was told before is not told by mail.
sql! { INSERT = "
    insert into digests (account_id, token, due_at, told_to)
    select a.id, ?, ?, coalesce(
        (select max(n.position) from notifications n where n.recipient_id = a.id), 0)
    from accounts a where a.id = ?
    on conflict (account_id) do nothing" }
sql! { DELETE = "delete from digests where account_id = ?" }
sql! { DELETE_BY_TOKEN = "delete from digests where token = ?" }
sql! { LIST_DUE = "
    select d.account_id, d.due_at, d.told_to, coalesce(
        (select max(n.position) from notifications n
         where n.recipient_id = d.account_id and n.state = 'sent' and n.read_at is null), 0) as last
    from digests d where d.due_at <= ? order by d.due_at limit ?" }
sql! { CLAIM = "
update digests set due_at = ?, told_to = ? where account_id = ? and due_at = ?" }

// Notifications that a digest may have told of, with the digests that were sent to
// their recipients: those of one cause, or one author's of content that was held.
macro_rules! told {
    ($which:literal) => {
        concat!(
            "select n.position, n.read_at, m.details, m.created_at
             from notifications n
             join mails m on m.account_id = n.recipient_id
             where ",
            $which,
            " and n.position is not null and m.kind = 'digest' and m.state = 'sent'"
        )
    };
}

sql! { TOLD_BECAUSE = told!("n.cause_id = ?") }
sql! { TOLD_OF_HOLD = told!("n.recipient_id = ? and n.kind = 'held' and n.content_id = ?") }

/// What a digest that was sent may have told of.
pub(super) enum About {
    /// Notifications that have this cause.
    Cause(Uuid),
    /// Content of an account that was held.
    Held(AccountId, Uuid),
}

/// How often digests that were sent told of something.
pub(super) async fn told_of(tx: &mut Tx, about: About) -> Result<i64, Error> {
    let statement = match about {
        About::Cause(cause) => statement(TOLD_BECAUSE).bind(cause),
        About::Held(account, content) => statement(TOLD_OF_HOLD).bind(account.0).bind(content),
    };
    let mut told = 0;
    for row in tx.all(statement).await? {
        let (position, details): (i64, String) = (row.value("position")?, row.value("details")?);
        let is_unread = row
            .optional_time("read_at")?
            .is_none_or(|read_at| row.time("created_at").is_ok_and(|sent_at| read_at > sent_at));
        told += i64::from(is_unread && is_between(&details, position));
    }
    Ok(told)
}

/// Whether a place of a list is among those that a digest was to tell of.
fn is_between(details: &str, position: i64) -> bool {
    let values: BTreeMap<String, String> = serde_json::from_str(details).unwrap_or_default();
    let place = |name| values.get(name).and_then(|text| text.parse::<i64>().ok());
    match (place("after"), place("up_to")) {
        (Some(after), Some(up_to)) => after < position && position <= up_to,
        _ => false,
    }
}

/// Somebody whose digest is due.
pub(super) struct Due {
    pub(super) account: AccountId,
    at: Timestamp,
    /// The place in their list up to which they were told.
    pub(super) told_to: i64,
    /// The place of the last that they have not read; 0 without one.
    pub(super) last: i64,
}

/// What ends the digests of an account, if it wants any.
pub(super) async fn token(db: &Db, account: AccountId) -> Result<Option<String>, Error> {
    let row = db.optional(statement(TOKEN).bind(account.0)).await?;
    row.map(|row| row.value("token")).transpose()
}

/// Begins digests, if they have not begun already.
pub(super) async fn insert(
    tx: &mut Tx,
    account: AccountId,
    token: String,
    due_at: Timestamp,
) -> Result<(), Error> {
    let statement = statement(INSERT).bind(token).bind(due_at.0).bind(account.0);
    tx.execute(statement).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(statement(DELETE).bind(account.0)).await.map(drop)
}

/// Whether there were any.
pub(super) async fn delete_by_token(tx: &mut Tx, token: String) -> Result<bool, Error> {
    Ok(tx.execute(statement(DELETE_BY_TOKEN).bind(token)).await? == 1)
}

pub(super) async fn due(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<Due>, Error> {
    let rows = db.all(statement(LIST_DUE).bind(now.0).bind(limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                account: row.id("account_id")?,
                at: row.time("due_at")?,
                told_to: row.value("told_to")?,
                last: row.value("last")?,
            })
        })
        .collect()
}

/// Takes a digest's turn. Whether nobody else did.
pub(super) async fn claim(tx: &mut Tx, due: &Due, next: Timestamp) -> Result<bool, Error> {
    let claim = statement(CLAIM)
        .bind(next.0)
        .bind(due.last.max(due.told_to))
        .bind(due.account.0)
        .bind(due.at.0);
    Ok(tx.execute(claim).await? == 1)
}
