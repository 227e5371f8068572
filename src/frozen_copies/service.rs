//! Freezing what is reported or held, and forgetting it after its time.

use uuid::Uuid;

use super::{
    model::{FrozenCopy, Subject},
    store::{self, Copy},
};
use crate::{
    base::{
        Error,
        clock::Timestamp,
        ids::{DecisionId, ReviewItemId, first_uuid},
    },
    db::{Db, Tx},
};

/// Copies that are deleted in one transaction: some milliseconds of the writer.
const FORGET_BATCH: i64 = 100;

/// Freezes the present state of a subject for an item, as part of `tx`. A copy that the item
/// has already is not stored twice.
pub async fn freeze(
    tx: &mut Tx,
    item: ReviewItemId,
    subject: Subject,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(copy) = store::present(tx, subject).await? else { return Ok(()) };
    Ok(store::insert(tx, item, &copy, now).await?)
}

/// Freezes the text that a plugin judged, where the present text is another by now: what a
/// plugin reports is reported after its decision.
pub async fn freeze_judged(
    tx: &mut Tx,
    item: ReviewItemId,
    subject: Subject,
    decision: DecisionId,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(judged) = store::judged(tx, subject.id(), decision).await? else { return Ok(()) };
    let Some(present) = store::present(tx, subject).await? else { return Ok(()) };
    if (&judged.title, &judged.body) == (&present.title, &present.body) {
        return Ok(());
    }
    let copy = Copy { author: present.author, ..judged };
    Ok(store::insert(tx, item, &copy, now).await?)
}

/// Freezes content once more for every open item about it, as part of the `tx` in which its
/// author deletes it.
pub async fn freeze_open(tx: &mut Tx, content: Uuid, now: Timestamp) -> Result<(), Error> {
    for (item, subject) in store::open_items(tx, content).await? {
        freeze(tx, item, subject, now).await?;
    }
    Ok(())
}

/// Hands the copies of an item that a newer one has superseded on to the newer one.
pub async fn hand_on(tx: &mut Tx, from: ReviewItemId, to: ReviewItemId) -> Result<(), Error> {
    Ok(store::hand_on(tx, from, to).await?)
}

/// Whether a picture is part of a frozen copy: then its file stays.
pub async fn keeps_picture(tx: &mut Tx, media: Uuid) -> Result<bool, Error> {
    Ok(store::keeps_picture(tx, media).await?)
}

/// The copies of an item, the oldest first; at most 100.
pub async fn list(db: &Db, item: ReviewItemId) -> Result<Vec<FrozenCopy>, Error> {
    Ok(store::list(db, item).await?)
}

/// Deletes copies whose items were settled before a time: some of them, in a transaction of
/// their own. Returns how many there were. Pictures that only these copies kept are then
/// deleted like others that nothing uses.
pub async fn forget_old(db: &Db, before: Timestamp) -> Result<usize, Error> {
    let old = store::old(db, first_uuid(before), before, FORGET_BATCH).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    for id in &old {
        store::delete(&mut tx, *id).await?;
    }
    tx.commit().await?;
    Ok(old.len())
}
