//! Using pictures, and letting them go.

use std::time::Duration;

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
    decisions, frozen_copies,
    jobs::{self, NewJob},
};

/// The kind of the jobs that delete the files of a picture.
pub const ERASE: &str = "media.erase";
/// Pictures that are erased in one transaction: some milliseconds of the writer.
const ERASE_BATCH: u32 = 100;
/// How long pictures of a refused text are kept: time to appeal, and for somebody
/// to decide.
const KEEP_REFUSED: Duration = Duration::from_hours(30 * 24);

/// Uses a picture of its owner's, as part of `tx`. `field` is what the request
/// calls it.
pub async fn attach(
    tx: &mut Tx,
    owner: AccountId,
    (media, field): (MediaId, &'static str),
    usage: Use,
) -> Result<(), Error> {
    let wanted = usable(tx, owner, (media, field), usage).await?;
    Ok(store::attach(tx, wanted.id, (usage, 0)).await?)
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
        let shown = usable(tx, owner, (*media, "media"), usage).await?;
        store::attach(tx, *media, (usage, nth(place))).await?;
        attached.push(shown);
    }
    Ok(attached)
}

/// Uses these pictures in content, as part of `tx`, and no others.
pub async fn change(
    tx: &mut Tx,
    owner: AccountId,
    wanted: &Attachments,
    usage: Use,
    now: Timestamp,
) -> Result<Vec<Attached>, Error> {
    let attached = attach_all(tx, owner, wanted, usage).await?;
    for media in store::of_content(tx, usage.id()).await? {
        if !wanted.0.contains(&media) {
            store::release(tx, media, now).await?;
        }
    }
    Ok(attached)
}

/// Lets pictures wait with a text of content, named by its `revision`.
pub async fn wait(
    tx: &mut Tx,
    (owner, usage): (AccountId, Use),
    wanted: &Attachments,
    revision: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    let there = store::of_content(tx, usage.id()).await?;
    let mut waiting = Vec::new();
    for (place, media) in wanted.0.iter().enumerate() {
        waiting.push(usable(tx, owner, (*media, "media"), usage).await?);
        if !there.contains(media) {
            store::attach(tx, *media, (usage, -1 - nth(place))).await?;
        }
    }
    let waiting = Attached::to_stored(&waiting).unwrap_or_else(|| "[]".to_owned());
    Ok(store::insert_wanted(tx, revision, waiting, now).await?)
}

/// Uses in content the pictures that waited with its text, and no others. What is
/// gone meanwhile is left out.
pub async fn settle_waiting(
    tx: &mut Tx,
    waiting: Vec<Attached>,
    usage: Use,
    now: Timestamp,
) -> Result<Vec<Attached>, Error> {
    let mut there = store::of_content(tx, usage.id()).await?;
    let mut attached = Vec::new();
    for shown in waiting.into_iter().filter(|shown| there.contains(&shown.id)) {
        store::attach(tx, shown.id, (usage, nth(attached.len()))).await?;
        attached.push(shown);
    }
    there.retain(|media| attached.iter().all(|shown| shown.id != *media));
    for media in there {
        store::release(tx, media, now).await?;
    }
    Ok(attached)
}

/// Forgets what waits with a text of content, named by its `revision`, and lets it
/// go unless `settled`.
pub async fn drop_waiting(
    tx: &mut Tx,
    (content, revision): (Uuid, Uuid),
    settled: bool,
    now: Timestamp,
) -> Result<(), Error> {
    store::delete_wanted(tx, revision).await?;
    if !settled {
        store::release_waiting(tx, content, now).await?;
    }
    Ok(())
}

/// Remembers what a refused text was to have, by the event that plugins were
/// asked about, and keeps it for an appeal.
pub async fn keep_refused(
    tx: &mut Tx,
    owner: AccountId,
    wanted: &Attachments,
    asked: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    // Ids: serialising them cannot fail.
    let stored = serde_json::to_string(&wanted.0).unwrap_or_default();
    store::insert_wanted(tx, asked, stored, now).await?;
    for media in &wanted.0 {
        store::keep(tx, owner, *media, now.plus(KEEP_REFUSED)).await?;
    }
    Ok(())
}

/// What a refused text was to have; `None` if it said nothing of pictures, or
/// that is long ago.
pub async fn refused(tx: &mut Tx, asked: Uuid) -> Result<Option<Attachments>, Error> {
    let stored = store::wanted(tx, asked).await?;
    let wanted = stored.map(|stored| serde_json::from_str(&stored));
    Ok(wanted.transpose().map_err(Error::internal)?.map(Attachments))
}

/// Those of the pictures that a text was to have that content can still use.
pub async fn still_usable(
    tx: &mut Tx,
    owner: AccountId,
    wanted: Option<&Attachments>,
    usage: Use,
) -> Result<Option<Attachments>, Error> {
    let Some(wanted) = wanted else { return Ok(None) };
    let mut left = Vec::new();
    for media in &wanted.0 {
        let found = store::find(tx, *media).await?;
        if rules::usable(found, owner, (usage, "media")).is_ok() {
            left.push(*media);
        }
    }
    Ok(Some(Attachments(left)))
}

/// Forgets what refused texts were to have that nobody appealed in time.
pub async fn forget_wanted(db: &Db, now: Timestamp) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    store::forget_wanted(&mut tx, now.minus(KEEP_REFUSED)).await?;
    Ok(tx.commit().await?)
}

async fn usable(
    tx: &mut Tx,
    owner: AccountId,
    (media, field): (MediaId, &'static str),
    usage: Use,
) -> Result<Attached, Error> {
    let wanted = store::find(tx, media).await?;
    Ok(rules::usable(wanted, owner, (usage, field))?.shown)
}

/// A place, of a few.
fn nth(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// Deletes the pictures of content, as part of `tx`: its author took it back.
pub async fn erase_of(tx: &mut Tx, content: Uuid, now: Timestamp) -> Result<(), Error> {
    for media in store::of_content(tx, content).await? {
        erase(tx, media, now).await?;
    }
    Ok(())
}

/// Deletes a picture, as part of `tx`; it may be gone. A picture of a frozen copy stays for
/// staff for as long as the copy does.
pub async fn erase(tx: &mut Tx, media: MediaId, now: Timestamp) -> Result<(), Error> {
    if frozen_copies::keeps_picture(tx, media.0).await? {
        return Ok(store::keep_for_staff(tx, media, now).await?);
    }
    if store::delete(tx, media).await? {
        decisions::withdraw_picture(tx, media, now).await?;
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
