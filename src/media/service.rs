//! Taking pictures, showing them, and putting them beside names.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    jobs::RESIZE,
    model::{Choice, FileShown, MediaState, ORIGINAL, Record, Shown, Uploaded},
    rules, store,
};
use crate::{
    accounts,
    attachments::{self, Use},
    base::{
        Error,
        actor::{Actor, Viewer},
        clock::{Clock, Timestamp},
        ids::MediaId,
        page::{Page, PageRequest},
        secret::sha256_hex,
    },
    blobs::{Blobs, Key},
    config,
    crash::Point,
    db::{Db, Tx},
    decisions::{DecisionTarget, Decisions, TargetKind},
    hooks::{self, Context, Hooks, Merged, Outcome, Role},
    http::{Action, RateLimits, etag},
    jobs::{self as queue, NewJob},
    pictures::{Picture, Size, Studio},
};

/// Most pictures of one account that nothing uses: with room for a post's, and a
/// bound on what somebody can leave lying about.
const MAX_UNUSED: u32 = 40;
/// How long a picture is kept that nothing uses: time to write a long post.
pub(super) const KEEP_UNUSED: Duration = Duration::from_hours(24);
/// How long the function beside a bucket has to make the smaller copies.
const AFTER_LAMBDA: Duration = Duration::from_mins(1);

/// What media are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub decisions: Decisions,
    pub blobs: Blobs,
    pub studio: Studio,
    pub settings: config::Media,
}

/// Pictures; cheap to clone.
#[derive(Clone)]
pub struct Media {
    pub(super) parts: Parts,
}

impl Media {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Takes a picture, if plugins let it through; they may have it wait.
    pub(super) async fn upload(&self, actor: &Actor, file: Vec<u8>) -> Result<Uploaded, Error> {
        let Parts { db, clock, limits, blobs, studio, settings, .. } = &self.parts;
        limits.check_actor(Action::Media, actor).await?;
        let (digest, size) = (sha256_hex(&file), file.len());
        let cleaned = studio.clean(actor.id, file).await?;
        let picture = cleaned.map_err(|why| rules::unusable(why, settings))?;
        let now = clock.now();
        let id = MediaId::new(now);
        let told = told(id, &picture, (digest.clone(), size));
        let (target, asked, state) = self.judge(actor, id, told).await?;
        let record = Record {
            id,
            owner: actor.id,
            state,
            media_type: picture.media_type,
            width: picture.width,
            height: picture.height,
            bytes: i64::try_from(picture.bytes.len()).unwrap_or(i64::MAX),
            digest,
            is_used: false,
            is_sized: false,
            created_at: now,
        };
        let key = Key::new(id.0, ORIGINAL);
        blobs.put(&key, Bytes::from(picture.bytes), record.media_type.as_str()).await?;
        Point::FileKept.pass();
        let mut tx = db.begin().await?;
        if !store::insert(&mut tx, &record, MAX_UNUSED).await? {
            drop(tx);
            blobs.delete(&key).await?;
            return Err(rules::too_many_unused(MAX_UNUSED));
        }
        let mut reason = None;
        if let Some(outcome) = &asked {
            self.parts.decisions.record(&mut tx, &target, outcome).await?;
            if let Merged::Hold { reason: why } = &outcome.verdict {
                reason = Some(why.clone());
            }
        }
        let job = NewJob::new(RESIZE, &id.0).once(format!("{RESIZE}/{id}"));
        let job = if settings.s3.lambda { job.not_before(now.plus(AFTER_LAMBDA)) } else { job };
        queue::enqueue(&mut tx, job, now).await?;
        tx.commit().await?;
        Ok(Uploaded { record, reason })
    }

    /// Asks plugins about a picture. A refusal is recorded and becomes an error.
    async fn judge(
        &self,
        actor: &Actor,
        id: MediaId,
        told: hooks::Media,
    ) -> Result<(DecisionTarget, Option<Outcome<hooks::Media>>, MediaState), Error> {
        let Parts { clock, hooks, decisions, .. } = &self.parts;
        let now = clock.now();
        let target = DecisionTarget {
            kind: TargetKind::Media,
            id: id.0,
            community: None,
            actor: Some(actor.id),
        };
        let role = if actor.is_admin() { Role::Admin } else { Role::Member };
        let context = || Context::now(Some(hooks::Actor::of(actor, role, now)), None, now);
        let Some(outcome) = hooks.ask(None, || (context(), told)).await else {
            return Ok((target, None, MediaState::Ready));
        };
        match rules::settle(&outcome.verdict) {
            Ok(state) => Ok((target, Some(outcome), state)),
            Err(refusal) => {
                decisions.record_refusal(&target, &outcome).await?;
                Err(refusal)
            }
        }
    }

    /// The actor's pictures, the newest first.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        page: &PageRequest<MediaId>,
    ) -> Result<Page<Uploaded>, Error> {
        let uploaded = store::list(&self.parts.db, actor.id, page).await?;
        Ok(Page::cut(uploaded, page.limit, |uploaded| uploaded.record.id))
    }

    /// A picture as the viewer may see it; without its bytes for one who says
    /// that they have it.
    pub(super) async fn show(
        &self,
        viewer: Viewer<'_>,
        (id, size): (MediaId, Option<Size>),
        has: Option<&str>,
    ) -> Result<Shown, Error> {
        let Parts { db, clock, .. } = &self.parts;
        let media = store::find(db, viewer, id, clock.now()).await?.ok_or(Error::NotFound)?;
        let choice = rules::choose(&media, size);
        let disposition = rules::disposition(&media);
        let tag = format!("\"{id}.{}\"", choice.name());
        let may_be_kept = rules::may_be_kept(&media, choice);
        let file = if has.is_some_and(|listed| etag::names(listed, &tag)) {
            FileShown::Known
        } else {
            self.file(&media, choice).await?
        };
        Ok(Shown { media_type: media.media_type, disposition, tag, may_be_kept, file })
    }

    async fn file(&self, media: &Record, choice: Choice) -> Result<FileShown, Error> {
        let Parts { blobs, settings, .. } = &self.parts;
        let key = Key::new(media.id.0, choice.name());
        if settings.s3.presigned {
            let named = (media.media_type.as_str(), rules::disposition(media));
            let signed = blobs.signed(&key, (named.0, &named.1)).await?;
            if let Some(address) = signed {
                return Ok(FileShown::There(address));
            }
        }
        let file = blobs.get(&key).await?;
        if file.is_none() {
            tracing::warn!(key = key.as_str(), "the file of a picture is not there");
        }
        file.map(FileShown::Here).ok_or(Error::NotFound)
    }

    /// Puts a picture beside the actor's name; the one that was there goes.
    pub(super) async fn set_avatar(&self, actor: &Actor, id: MediaId) -> Result<(), Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let mut tx = db.begin().await?;
        let before = accounts::put_avatar(&mut tx, actor.id, Some(id), clock.now()).await?;
        if before == Some(id) {
            return Ok(());
        }
        attachments::attach(&mut tx, actor.id, (id, "media_id"), Use::Avatar(actor.id)).await?;
        if let Some(before) = before {
            attachments::erase(&mut tx, before, clock.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes the picture beside the actor's name away.
    pub(super) async fn remove_avatar(&self, actor: &Actor) -> Result<(), Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let mut tx = db.begin().await?;
        if let Some(before) = accounts::put_avatar(&mut tx, actor.id, None, clock.now()).await? {
            attachments::erase(&mut tx, before, clock.now()).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Lets a picture that waits be used, as part of `tx`; false when it does not.
pub async fn approve(tx: &mut Tx, id: MediaId, now: Timestamp) -> Result<bool, Error> {
    Ok(store::settle(tx, id, MediaState::Ready, now).await?)
}

/// Refuses a picture that waits, as part of `tx`; false when it does not.
pub async fn refuse(tx: &mut Tx, id: MediaId, now: Timestamp) -> Result<bool, Error> {
    Ok(store::settle(tx, id, MediaState::Refused, now).await?)
}

/// What plugins are told: of the file that came, but for what is seen of it.
fn told(id: MediaId, picture: &Picture, (digest, size): (String, usize)) -> hooks::Media {
    hooks::Media {
        id: id.to_string(),
        media_type: picture.sent_as.to_owned(),
        bytes: u64::try_from(size).unwrap_or(u64::MAX),
        width: picture.width,
        height: picture.height,
        digest,
    }
}
