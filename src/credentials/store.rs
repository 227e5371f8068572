//! The statements on addresses and passwords of accounts.

use crate::{
    base::{clock::Timestamp, ids::AccountId},
    db::{Columns, Db, Error, Tx, sql, statement},
    mail::Proof,
    sessions::Verified,
};

sql! { FIND = "
select email, verified_key, pending_email from accounts where id = ? and state = 'active'" }
sql! { USERNAME = "select username from accounts where id = ? and state = 'active'" }
// Not when the password was changed since it was given.
sql! { SET_PENDING = "
    update accounts set pending_email = ?
    where id = ? and state = 'active' and password_hash = ?" }
// Only the address that the account has or wants now.
sql! { CONFIRM = "
    update accounts
    set pending_email = case when pending_email = ? then null else pending_email end,
        email = ?, email_key = ?, verified_key = ?, verified_at = ?
    where id = ? and state = 'active' and (email = ? or pending_email = ?)" }
sql! { SET_PASSWORD =
"update accounts set password_hash = ? where id = ? and state = 'active'" }

/// An account's addresses.
pub(super) struct Known {
    pub(super) email: Option<String>,
    /// The key of the address, once it is confirmed.
    pub(super) verified_key: Option<String>,
    pub(super) pending_email: Option<String>,
}

pub(super) async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Known>, Error> {
    let row = tx.optional(statement(FIND).bind(id.0)).await?;
    row.map(|row| {
        Ok(Known {
            email: row.value("email")?,
            verified_key: row.value("verified_key")?,
            pending_email: row.value("pending_email")?,
        })
    })
    .transpose()
}

pub(super) async fn username(db: &Db, id: AccountId) -> Result<Option<String>, Error> {
    let row = db.optional(statement(USERNAME).bind(id.0)).await?;
    row.map(|row| row.value("username")).transpose()
}

/// Sets the address that is to take the place of the other, or none. Whether the password
/// that was verified is the account's still.
pub(super) async fn set_pending(
    tx: &mut Tx,
    (id, verified): (AccountId, &Verified),
    email: Option<String>,
) -> Result<bool, Error> {
    let statement = statement(SET_PENDING).bind(email).bind(id.0).bind(verified.hash());
    Ok(tx.execute(statement).await? == 1)
}

/// Writes down that an address is confirmed. Whether it is the account's still.
pub(super) async fn confirm(tx: &mut Tx, proof: &Proof, now: Timestamp) -> Result<bool, Error> {
    let (address, key) = (proof.address.clone(), proof.address.to_ascii_lowercase());
    let confirm = statement(CONFIRM)
        .bind(address.clone())
        .bind(address.clone())
        .bind(key.clone())
        .bind(key)
        .bind(now.0)
        .bind(proof.account.0)
        .bind(address.clone())
        .bind(address);
    Ok(tx.execute(confirm).await? == 1)
}

/// Whether the account can be used still.
pub(super) async fn set_password(tx: &mut Tx, id: AccountId, hash: String) -> Result<bool, Error> {
    Ok(tx.execute(statement(SET_PASSWORD).bind(hash).bind(id.0)).await? == 1)
}
