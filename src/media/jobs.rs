//! What is done about pictures when nobody waits: smaller copies, files of
//! pictures that are gone, files that have no picture.

use std::{collections::BTreeSet, time::Duration};

use uuid::Uuid;

use super::{
    model::ORIGINAL,
    service::{KEEP_UNUSED, Media, Parts},
    store,
};
use crate::{
    attachments,
    base::{Error, ids::MediaId},
    blobs::{Blobs, Key},
    jobs::{self, Failure, Job},
    pictures::{MediaType, Size, Studio},
};

/// The kind of the jobs that make smaller copies.
pub const RESIZE: &str = "media.resize";
/// Longest that this may take: a picture of the largest kind on a slow machine.
pub const RESIZE_LIMIT: Duration = Duration::from_mins(2);
/// Longest that deleting the files of a picture may take.
pub const ERASE_LIMIT: Duration = Duration::from_secs(30);

/// How often files without a picture are looked for: each is gone a day after it
/// came.
const COLLECT: Duration = Duration::from_hours(6);
/// A file that is younger may be of an upload that is under way.
const UNDER_WAY: Duration = Duration::from_hours(1);

/// Makes the smaller copies of a picture that are not there yet: this server and
/// a function beside the bucket do the same.
pub async fn make_copies((blobs, studio): (&Blobs, &Studio), id: Uuid) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for size in Size::ALL {
        if !blobs.has(&Key::new(id, size.as_str())).await.map_err(Error::from)? {
            missing.push(size);
        }
    }
    let original = blobs.get(&Key::new(id, ORIGINAL)).await.map_err(Error::from)?;
    let original = original.ok_or_else(|| Failure::For("its file is not there".to_owned()))?;
    let media_type = MediaType::of(&original);
    let media_type = media_type.ok_or_else(|| Failure::For("its file is none".to_owned()))?;
    let copies = studio.scale(original.to_vec(), media_type, missing).await?;
    for copy in copies.map_err(|error| Failure::For(error.to_string()))? {
        let key = Key::new(id, copy.size.as_str());
        let kept = blobs.put(&key, copy.bytes.into(), media_type.as_str()).await;
        kept.map_err(Error::from)?;
    }
    Ok(())
}

/// The picture that a file is the whole of, if it is one.
pub fn original_of(key: &str) -> Option<Uuid> {
    Key::parse(key).filter(|key| key.name() == ORIGINAL).map(|key| key.id())
}

impl Media {
    /// Makes the smaller copies of a picture.
    pub async fn resize(&self, job: Job) -> Result<(), Failure> {
        let id: Uuid = job.read()?;
        let Parts { db, blobs, studio, .. } = &self.parts;
        let Some(media) = store::find_any(db, id.into()).await? else { return Ok(()) };
        if media.is_sized {
            return Ok(());
        }
        make_copies((blobs, studio), id).await?;
        let mut tx = db.begin().await?;
        store::set_sized(&mut tx, id.into()).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes the files of a picture that is gone.
    pub async fn erase_files(&self, job: Job) -> Result<(), Failure> {
        let id: Uuid = job.read()?;
        let names = Size::ALL.map(Size::as_str);
        for name in names.into_iter().chain([ORIGINAL]) {
            self.parts.blobs.delete(&Key::new(id, name)).await.map_err(Error::from)?;
        }
        Ok(())
    }

    /// Deletes pictures that nothing has used for a day.
    pub async fn forget_unused(&self) -> Result<(), Error> {
        let (db, now) = (self.parts.db.clone(), self.parts.clock.now());
        while attachments::erase_unused(&db, now.minus(KEEP_UNUSED), now).await? > 0 {}
        attachments::forget_wanted(&db, now).await
    }

    /// Deletes files that have no picture: of uploads that broke off. Once for all
    /// processes on one database.
    pub async fn collect(&self) -> Result<(), Error> {
        let (db, now) = (self.parts.db.beside_requests(), self.parts.clock.now());
        let Some((tx, _)) = jobs::claim_tick(&db, "media.collect", COLLECT, now).await? else {
            return Ok(());
        };
        tx.commit().await?;
        let mut after = None;
        loop {
            let listed = self.parts.blobs.list(after).await?;
            let before = now.minus(UNDER_WAY);
            let old: Vec<Key> =
                listed.keys.into_iter().filter(|key| key.made_at() < before).collect();
            self.collect_among(&old).await?;
            after = match listed.next {
                Some(next) => Some(next),
                None => return Ok(()),
            };
        }
    }

    async fn collect_among(&self, keys: &[Key]) -> Result<(), Error> {
        let ids: BTreeSet<MediaId> = keys.iter().map(|key| key.id().into()).collect();
        let ids: Vec<MediaId> = ids.into_iter().collect();
        let known = store::known(&self.parts.db, &ids).await?;
        for key in keys {
            if key.is_draft() || !known.contains(&key.id().into()) {
                tracing::info!(key = key.as_str(), "a file without a picture is deleted");
                self.parts.blobs.delete(key).await?;
            }
        }
        Ok(())
    }
}
