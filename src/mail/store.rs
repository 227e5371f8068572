//! The statements on mails and on what their links prove.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Kind, NewMail, Proof, Queued, Recipient, address_key};
use crate::{
    base::{clock::Timestamp, ids::AccountId},
    db::{Columns, Db, Error, Row, Tx, sql, statement},
};

sql! { COUNT_SINCE = "
select count(*) as mails from mails where address_key = ? and kind = ? and created_at > ?" }
sql! { INSERT = "
    insert into mails
        (id, kind, account_id, address, address_key, details, state, created_at)
    values (?, ?, ?, ?, ?, ?, 'waiting', ?)" }
sql! { FIND_WAITING = "
    select id, kind, account_id, address, address_key, details, created_at
    from mails where id = ? and state = 'waiting'" }
sql! { SETTLE = "update mails set state = ?, sent_at = ? where id = ? and state = 'waiting'" }
sql! { REOPEN =
"update mails set state = 'waiting', sent_at = null where id = ? and state = 'sent'" }
sql! { VERIFIED_ADDRESS = "
select email from accounts where id = ? and state = 'active' and verified_key is not null" }
sql! { UNVERIFIED_ADDRESS = "
    select email from accounts
    where id = ? and state = 'active' and verified_key is null and email is not null" }
macro_rules! recipient {
    ($condition:literal) => {
        concat!(
            "select id, username, email, pending_email, verified_key
             from accounts where state = 'active' and ",
            $condition
        )
    };
}
sql! { FIND_RECIPIENT = recipient!("id = ?") }
sql! { FIND_VERIFIED = recipient!("verified_key = ?") }
sql! { INSERT_TOKEN = "
insert into mail_tokens (hash, kind, account_id, address, expires_at) values (?, ?, ?, ?, ?)" }
sql! { FIND_TOKEN = "
    select t.account_id, t.address
    from mail_tokens t
    join accounts a on a.id = t.account_id and a.state = 'active'
    where t.hash = ? and t.kind = ? and t.expires_at > ?" }
sql! { SPEND_TOKEN = "delete from mail_tokens where hash = ? and kind = ? and expires_at > ?" }
sql! { DELETE_TOKENS = "delete from mail_tokens where account_id = ? and kind = ?" }
sql! { ERASE_TOKENS = "delete from mail_tokens where account_id = ?" }
sql! { ERASE_MAILS = "delete from mails where account_id = ?" }
// Mails that were asked for by address, whoever has it.
sql! { ADDRESSES = "select email, pending_email from accounts where id = ?" }
sql! { ERASE_TO = "delete from mails where address_key = ?" }
sql! { ERASE_DIGESTS = "delete from digests where account_id = ?" }
sql! { FORGET_TOKENS = "delete from mail_tokens where expires_at < ?" }
sql! { FORGET_MAILS = "delete from mails where created_at < ?" }

/// How many mails of a kind were to go to an address since a time.
pub(super) async fn count_since(
    tx: &mut Tx,
    (key, kind): (String, Kind),
    since: Timestamp,
) -> Result<i64, Error> {
    let statement = statement(COUNT_SINCE).bind(key).bind(kind.as_str()).bind(since.0);
    tx.optional(statement).await?.map_or(Ok(0), |row| row.value("mails"))
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    new: &NewMail,
    now: Timestamp,
) -> Result<(), Error> {
    let values: BTreeMap<&str, &str> =
        new.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    tx.execute_one(
        statement(INSERT)
            .bind(id)
            .bind(new.kind.as_str())
            .bind(new.account.map(|account| account.0))
            .bind(new.address.clone())
            .bind(address_key(&new.address))
            // Strings: serialising them cannot fail.
            .bind(serde_json::to_string(&values).unwrap_or_default())
            .bind(now.0),
    )
    .await
}

/// A mail that nobody has sent yet.
pub(super) async fn waiting(db: &Db, id: Uuid) -> Result<Option<Queued>, Error> {
    let row = db.optional(statement(FIND_WAITING).bind(id)).await?;
    row.map(|row| {
        let kind = Kind::from_stored(row.value("kind")?);
        Ok(Queued {
            id: row.value("id")?,
            kind: kind.ok_or(Error::Inconsistent { column: "kind" })?,
            account: row.optional_id("account_id")?,
            address: row.value("address")?,
            address_key: row.value("address_key")?,
            values: row.json("details")?,
            created_at: row.time("created_at")?,
        })
    })
    .transpose()
}

/// Writes down what became of a mail that waited: sent, or dropped.
pub(super) async fn settle(
    tx: &mut Tx,
    id: Uuid,
    is_sent: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let (state, sent_at) = if is_sent { ("sent", Some(now.0)) } else { ("dropped", None) };
    tx.execute(statement(SETTLE).bind(state).bind(sent_at).bind(id)).await.map(drop)
}

/// Lets a mail wait again that was not sent after all.
pub(super) async fn reopen(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    tx.execute(statement(REOPEN).bind(id)).await.map(drop)
}

/// The address of an account, if it is verified.
pub(super) async fn verified_address(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Option<String>, Error> {
    let row = tx.optional(statement(VERIFIED_ADDRESS).bind(account.0)).await?;
    row.map_or(Ok(None), |row| row.value("email"))
}

/// The address of an account, if it is still to be verified.
pub(super) async fn unverified_address(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Option<String>, Error> {
    let row = tx.optional(statement(UNVERIFIED_ADDRESS).bind(account.0)).await?;
    row.map_or(Ok(None), |row| row.value("email"))
}

pub(super) async fn recipient(db: &Db, id: AccountId) -> Result<Option<Recipient>, Error> {
    db.optional(statement(FIND_RECIPIENT).bind(id.0)).await?.as_ref().map(to_recipient).transpose()
}

/// Whose verified address this is.
pub(super) async fn owner(db: &Db, key: String) -> Result<Option<Recipient>, Error> {
    db.optional(statement(FIND_VERIFIED).bind(key)).await?.as_ref().map(to_recipient).transpose()
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    hash: [u8; 32],
    (kind, proof): (Kind, &Proof),
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.execute_one(
        statement(INSERT_TOKEN)
            .bind(hash.to_vec())
            .bind(kind.as_str())
            .bind(proof.account.0)
            .bind(proof.address.clone())
            .bind(expires_at.0),
    )
    .await
}

/// What a link proves, while it does.
pub(super) async fn find_token(
    db: &Db,
    (hash, kind): ([u8; 32], Kind),
    now: Timestamp,
) -> Result<Option<Proof>, Error> {
    let statement = statement(FIND_TOKEN).bind(hash.to_vec()).bind(kind.as_str()).bind(now.0);
    let row = db.optional(statement).await?;
    row.map(|row| Ok(Proof { account: row.id("account_id")?, address: row.value("address")? }))
        .transpose()
}

/// Whether there was such a link; there is none any more.
pub(super) async fn spend_token(
    tx: &mut Tx,
    (hash, kind): ([u8; 32], Kind),
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = statement(SPEND_TOKEN).bind(hash.to_vec()).bind(kind.as_str()).bind(now.0);
    Ok(tx.execute(statement).await? == 1)
}

/// Deletes what an account's other links of a kind prove.
pub(super) async fn delete_tokens(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
) -> Result<(), Error> {
    tx.execute(statement(DELETE_TOKENS).bind(account.0).bind(kind.as_str())).await.map(drop)
}

/// Deletes all of an account.
pub(super) async fn erase(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute(statement(ERASE_TOKENS).bind(account.0)).await?;
    tx.execute(statement(ERASE_DIGESTS).bind(account.0)).await?;
    if let Some(row) = tx.optional(statement(ADDRESSES).bind(account.0)).await? {
        for column in ["email", "pending_email"] {
            if let Some(address) = row.value::<Option<String>>(column)? {
                tx.execute(statement(ERASE_TO).bind(address_key(&address))).await?;
            }
        }
    }
    tx.execute(statement(ERASE_MAILS).bind(account.0)).await.map(drop)
}

/// Deletes what has expired, and mails from before a time.
pub(super) async fn forget(tx: &mut Tx, now: Timestamp, before: Timestamp) -> Result<(), Error> {
    tx.execute(statement(FORGET_TOKENS).bind(now.0)).await?;
    tx.execute(statement(FORGET_MAILS).bind(before.0)).await.map(drop)
}

fn to_recipient(row: &Row) -> Result<Recipient, Error> {
    Ok(Recipient {
        account: row.id("id")?,
        username: row.value("username")?,
        email: row.value("email")?,
        pending_email: row.value("pending_email")?,
        is_verified: row.value::<Option<String>>("verified_key")?.is_some(),
    })
}
