//! Asking for what a binding did to be taken back, and looking how far that is.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    jobs::{By, UNDO},
    model::{Cause, Item, Undo, UndoState},
    store,
};
use crate::{
    bans::Bans,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Clock,
        ids::{CommunityId, new_uuid},
        page::{MAX_LIMIT, Page, PageRequest},
    },
    comments::Comments,
    content_removals::{self, ContentRemovals},
    db::{Db, SITE, Tx},
    http::{Action, RateLimits},
    jobs::{self, NewJob},
    mod_actions::{self, ActionKind, NewAction},
    moderation::Moderation,
    notifications::Notifications,
    posts::Posts,
    review::Review,
    webhooks::Webhooks,
};

/// What went wrong is put right before all that follows from what happened.
const UNDO_PRIORITY: i32 = 10;
/// Pieces that a preview takes back and rolls back: less than a second of the writer's
/// time. Of older ones it tells only how many there are.
const PREVIEWED: u32 = 200;

/// What undoing is built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub bans: Bans,
    pub comments: Comments,
    pub moderation: Moderation,
    pub notifications: Notifications,
    pub posts: Posts,
    pub review: Review,
    pub webhooks: Webhooks,
}

/// Takes back what bindings did; cheap to clone.
#[derive(Clone)]
pub struct Undos {
    pub(super) parts: Parts,
}

impl Undos {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// What removes content with bans, which this takes back.
    pub fn removals(&self) -> ContentRemovals {
        let Parts { db, clock, limits, moderation, .. } = self.parts.clone();
        ContentRemovals::new(content_removals::Parts { db, clock, limits, moderation })
    }

    /// What would be taken back, the newest of it by name: it is taken back in a
    /// transaction that is rolled back. For those who manage the binding.
    pub(super) async fn preview(
        &self,
        actor: &Actor,
        cause: Cause,
    ) -> Result<(Undo, Page<Item>), Error> {
        self.check(actor, &cause).await?;
        let now = self.parts.clock.now();
        let id = new_uuid(now);
        let mut tx = self.parts.db.begin().await?;
        self.stop_removal(&mut tx, &cause).await?;
        store::insert(&mut tx, id, (&cause, actor.id), now).await?;
        let order = store::order(&mut tx, id).await?.ok_or(Error::NotFound)?;
        self.try_out(&mut tx, By { actor, order: &order }, PREVIEWED).await?;
        let counts = store::counts(&mut tx, id).await?;
        let page = PageRequest { after: None, limit: MAX_LIMIT };
        let found = store::find_in(&mut tx, actor, id, &page).await?;
        drop(tx);
        let (undo, items) = found.ok_or(Error::NotFound)?;
        let items = Page { next_cursor: None, ..Page::cut(items, page.limit, |item| item.number) };
        Ok((Undo { id: None, state: UndoState::Preview, counts, ..undo }, items))
    }

    /// Has it taken back, in the background. For those who manage the binding.
    pub(super) async fn start(&self, actor: &Actor, cause: Cause) -> Result<Undo, Error> {
        let community = self.check(actor, &cause).await?;
        let now = self.parts.clock.now();
        let id = new_uuid(now);
        let mut tx = self.parts.db.begin().await?;
        self.stop_removal(&mut tx, &cause).await?;
        let (total, counts) = store::insert(&mut tx, id, (&cause, actor.id), now).await?;
        let job = NewJob { priority: UNDO_PRIORITY, ..NewJob::new(UNDO, &id) };
        let job = job.once(format!("undo {id}"));
        jobs::enqueue(&mut tx, job, now).await?;
        let of = if matches!(cause, Cause::Ban(_)) { "ban" } else { "binding" };
        let detail = Some(format!("undo {id} of {of} {}", cause.id()));
        let action = NewAction::in_place(ActionKind::Undo, community);
        let action = NewAction { detail, ..action };
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, cause = %cause.id(), undo = %id, total,
            "what a binding or a ban did is to be taken back"
        );
        Ok(Undo {
            id: Some(id),
            cause: cause.id(),
            is_of_ban: matches!(cause, Cause::Ban(_)),
            state: UndoState::Waiting,
            total,
            counts,
            created_at: now,
            finished_at: None,
        })
    }

    /// A batch as it stands, and a page of what is in it. For those who manage
    /// the binding or the ban.
    pub(super) async fn find(
        &self,
        actor: &Actor,
        id: Uuid,
        page: &PageRequest<i64>,
    ) -> Result<(Undo, Page<Item>), Error> {
        let found = store::find(&self.parts.db, actor, id, page).await?;
        let (undo, items) = found.ok_or(Error::NotFound)?;
        Ok((undo, Page::cut(items, page.limit, |item| item.number)))
    }

    /// What a ban has not removed yet, it does not remove any more.
    async fn stop_removal(&self, tx: &mut Tx, cause: &Cause) -> Result<(), Error> {
        match cause {
            Cause::Binding(_) => Ok(()),
            Cause::Ban(ban) => content_removals::stop(tx, *ban, self.parts.clock.now()).await,
        }
    }

    /// The community of the binding or the ban, or `None` for the site, if the actor
    /// manages it.
    async fn check(&self, actor: &Actor, cause: &Cause) -> Result<Option<CommunityId>, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let scope = store::managed_scope(&self.parts.db, actor, cause).await?;
        let scope = scope.ok_or(Error::NotFound)?;
        Ok((scope != SITE).then(|| scope.into()))
    }
}
