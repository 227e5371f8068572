//! The statements on the hashes of names and addresses that accounts had.

use super::model::{Sanction, Sanctioned};
use crate::{
    base::{clock::Timestamp, ids::AccountId},
    db::{Columns, Error, Statement, Tx, sql, statement},
};

// By three hashes: of a name, of its look-alikes, of an address.
sql! { FIND = "
    select account_id, reserved from closed_identities where hash in (?, ?, ?)
    order by reserved desc limit 20" }
sql! { PUT = "
    insert into closed_identities (hash, account_id, reserved, closed_at) values (?, ?, ?, ?)
    on conflict (hash, account_id) do update set reserved = excluded.reserved" }
sql! { FIND_RESERVED = "
select account_id from closed_identities where hash = ? and reserved = 1" }
sql! { RELEASE =
"update closed_identities set reserved = 0 where account_id = ? and reserved = 1" }
sql! { STRIKES = "select strikes from accounts where id = ?" }
sql! { BANS = "
    select scope, until, reason from bans
    where account_id = ? and lifted_at is null and (until is null or until > ?)
    order by id desc limit ?" }
sql! { FORGET = "
    delete from closed_identities
    where reserved = 0
      and not exists (select 1 from accounts a
                      where a.id = closed_identities.account_id and a.strikes > 0)
      and not exists (select 1 from bans b
                      where b.account_id = closed_identities.account_id
                        and b.lifted_at is null and (b.until is null or b.until > ?))" }

/// An account with one of its hashes.
pub(super) struct Identity {
    pub(super) account: AccountId,
    /// Whether the hash is of a name that is reserved for the account.
    pub(super) is_reserved: bool,
}

/// Accounts that have any of these hashes.
pub(super) async fn find(tx: &mut Tx, hashes: [Vec<u8>; 3]) -> Result<Vec<Identity>, Error> {
    let statement = hashes.into_iter().fold(statement(FIND), Statement::bind);
    let rows = tx.all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(Identity { account: row.id("account_id")?, is_reserved: row.value("reserved")? })
        })
        .collect()
}

/// Stores a hash of an account.
pub(super) async fn put(
    tx: &mut Tx,
    hash: Vec<u8>,
    identity: &Identity,
    now: Timestamp,
) -> Result<(), Error> {
    let statement = statement(PUT).bind(hash).bind(identity.account.0);
    tx.execute(statement.bind(identity.is_reserved).bind(now.0)).await.map(drop)
}

/// The account for which a name is reserved, by its hash: closed, or renamed since.
pub(super) async fn find_reserved(tx: &mut Tx, hash: Vec<u8>) -> Result<Option<AccountId>, Error> {
    let row = tx.optional(statement(FIND_RESERVED).bind(hash)).await?;
    row.map(|row| row.id("account_id")).transpose()
}

/// Lets others take the names that are reserved for an account; whether there were any.
pub(super) async fn release(tx: &mut Tx, account: AccountId) -> Result<bool, Error> {
    Ok(tx.execute(statement(RELEASE).bind(account.0)).await? > 0)
}

/// The sanctions that count against an account: its strikes, and so many of its bans.
pub(super) async fn sanctions(
    tx: &mut Tx,
    account: AccountId,
    most: i64,
    now: Timestamp,
) -> Result<Sanctioned, Error> {
    let strikes = tx.optional(statement(STRIKES).bind(account.0)).await?;
    let strikes = strikes.map_or(Ok(0), |row| row.value("strikes"))?;
    let rows = tx.all(statement(BANS).bind(account.0).bind(now.0).bind(most)).await?;
    let bans = rows.iter().map(|row| {
        Ok(Sanction {
            scope: row.value("scope")?,
            reason: row.value("reason")?,
            until: row.optional_time("until")?,
        })
    });
    Ok(Sanctioned { account, strikes, bans: bans.collect::<Result<_, Error>>()? })
}

/// Deletes the hashes of accounts against which nothing counts any more. Names that are
/// reserved stay.
pub(super) async fn forget(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    tx.execute(statement(FORGET).bind(now.0)).await
}
