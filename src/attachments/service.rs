//! Using pictures, and letting them go.

use uuid::Uuid;

use super::{
    model::{Attached, Attachments, Use},
    rules, store,
};
use crate::{
    base::{
        Error,
        clock::Timestamp,
        ids::{AccountId, MediaId},
    },
    db::{Db, Tx},
    decisions,
    jobs::{self, NewJob},
};

/// The kind of the jobs that delete the files of a picture.
pub const ERASE: &str = "media.erase";
/// Pictures that are erased in one transaction: some milliseconds of the writer.
const ERASE_BATCH: u32 = 100;

/// Uses a picture of its owner's, as part of `tx`. `field` is what the request
/// calls it.
pub async fn attach(
    tx: &mut Tx,
    owner: AccountId,
    (media, field): (MediaId, &'static str),
    usage: Use,
) -> Result<(), Error> {
    attach_at(tx, owner, (media, field), (usage, 0)).await.map(drop)
}

/// Uses pictures of their owner's in content, as part of `tx`.
pub async fn attach_all(
    tx: &mut Tx,
    owner: AccountId,
    wanted: &Attachments,
    usage: Use,
) -> Result<Vec<Attached>, Error> {
    let mut attached = Vec::new();
    for (place, media) in wanted.0.iter().enumerate() {
        attached.push(attach_at(tx, owner, (*media, "media"), (usage, place)).await?);
    }
    Ok(attached)
}

async fn attach_at(
    tx: &mut Tx,
    owner: AccountId,
    (media, field): (MediaId, &'static str),
    at: (Use, usize),
) -> Result<Attached, Error> {
    let wanted = store::find(tx, media).await?;
    let wanted = rules::usable(wanted, owner, field)?;
    store::attach(tx, media, at).await?;
    Ok(wanted.shown)
}

/// Deletes the pictures of content, as part of `tx`: its author took it back.
pub async fn erase_of(tx: &mut Tx, content: Uuid, now: Timestamp) -> Result<(), Error> {
    for media in store::of_content(tx, content).await? {
        erase(tx, media, now).await?;
    }
    Ok(())
}

/// Deletes a picture, as part of `tx`; it may be gone.
pub async fn erase(tx: &mut Tx, media: MediaId, now: Timestamp) -> Result<(), Error> {
    if store::delete(tx, media).await? {
        decisions::withdraw(tx, media.0).await?;
        let job = NewJob::new(ERASE, &media.0).once(format!("{ERASE}/{media}"));
        jobs::enqueue(tx, job, now).await?;
    }
    Ok(())
}

/// Deletes the pictures of an account that are not part of what it wrote.
pub async fn erase_account(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), Error> {
    for media in store::of_account(tx, account).await? {
        erase(tx, media, now).await?;
    }
    Ok(())
}

/// Deletes pictures that nobody has used since `before`, and that do not wait;
/// how many there were. There may be more.
pub async fn erase_unused(db: &Db, before: Timestamp, now: Timestamp) -> Result<usize, Error> {
    let unused = store::unused(db, before, ERASE_BATCH).await?;
    if unused.is_empty() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    for media in &unused {
        // Somebody may have used it since.
        if store::is_unused(&mut tx, *media, before).await? {
            erase(&mut tx, *media, now).await?;
        }
    }
    tx.commit().await?;
    Ok(unused.len())
}
