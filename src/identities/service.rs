//! Reserving names, knowing addresses again, and freeing both.

use std::collections::BTreeSet;

use super::{
    model::{Earlier, Name},
    rules,
    store::{self, Identity},
};
use crate::{
    base::{Error, clock::Timestamp, ids::AccountId, secret::HashKeys},
    db::{Db, Tx},
};

/// Kinds of hashes.
const NAME: &str = "name";
const LOOK_ALIKE: &str = "look-alike";
const ADDRESS: &str = "address";
/// Most bans of a closed account that staff are shown with a new one.
const BANS_SHOWN: i64 = 3;

/// Reserves a name that an account had, as part of `tx`.
pub async fn reserve(
    tx: &mut Tx,
    keys: &HashKeys,
    account: AccountId,
    name: &Name,
    now: Timestamp,
) -> Result<(), Error> {
    let reserved = Identity { account, is_reserved: true };
    for (kind, key) in [(NAME, &name.key), (LOOK_ALIKE, &name.look_alike)] {
        store::put(tx, keys.hash(kind, key), &reserved, now).await?;
    }
    Ok(())
}

/// Stores the hash of an address of an account that is closed with a sanction, as part of
/// `tx`.
pub async fn keep_address(
    tx: &mut Tx,
    keys: &HashKeys,
    account: AccountId,
    address: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let known = Identity { account, is_reserved: false };
    Ok(store::put(tx, keys.hash(ADDRESS, address), &known, now).await?)
}

/// Whether a name is reserved for another account than this.
pub async fn is_reserved(
    tx: &mut Tx,
    keys: &HashKeys,
    account: AccountId,
    name: &Name,
) -> Result<bool, Error> {
    for (kind, key) in [(NAME, &name.key), (LOOK_ALIKE, &name.look_alike)] {
        for hash in keys.all(kind, key) {
            if store::find_reserved(tx, hash).await?.is_some_and(|owner| owner != account) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether an applicant may have this name, and why staff have to look at the applicant.
pub async fn earlier(
    tx: &mut Tx,
    keys: &HashKeys,
    name: &Name,
    address: &str,
    now: Timestamp,
) -> Result<Earlier, Error> {
    let names = keys.all(NAME, &name.key).zip(keys.all(LOOK_ALIKE, &name.look_alike));
    let mut accounts = BTreeSet::new();
    for ((name, look_alike), address) in names.zip(keys.all(ADDRESS, address)) {
        for found in store::find(tx, [name, look_alike, address]).await? {
            if found.is_reserved {
                return Ok(Earlier::Taken);
            }
            accounts.insert(found.account);
        }
    }
    let mut sanctioned = Vec::new();
    for account in accounts {
        sanctioned.push(store::sanctions(tx, account, BANS_SHOWN, now).await?);
    }
    Ok(Earlier::Free(rules::why_it_waits(&sanctioned)))
}

/// Frees all names that are reserved for the account that had this one, as part of `tx`.
/// Returns the account, if there is one.
pub async fn release(
    tx: &mut Tx,
    keys: &HashKeys,
    name: &Name,
) -> Result<Option<AccountId>, Error> {
    for hash in keys.all(NAME, &name.key) {
        if let Some(account) = store::find_reserved(tx, hash).await? {
            return Ok(store::release(tx, account).await?.then_some(account));
        }
    }
    Ok(None)
}

/// Deletes the hashes of accounts against which nothing counts any more; how many. Names
/// that are reserved stay.
pub async fn forget(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let mut tx = db.begin().await?;
    let forgotten = store::forget(&mut tx, now).await?;
    tx.commit().await?;
    Ok(forgotten)
}
