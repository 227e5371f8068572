//! Asking for what a binding did to be taken back, and looking how far that is.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    jobs::UNDO,
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
    db::{Db, SITE},
    http::{Action, RateLimits},
    jobs::{self, NewJob},
    mod_actions::{self, ActionKind, NewAction},
    moderation::Moderation,
    notifications::Notifications,
    review::Review,
};

/// What went wrong is put right before all that follows from what happened.
const UNDO_PRIORITY: i32 = 10;

/// What undoing is built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub bans: Bans,
    pub moderation: Moderation,
    pub notifications: Notifications,
    pub review: Review,
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

    /// What would be taken back, the newest of it by name. For those who manage
    /// the binding.
    pub(super) async fn preview(
        &self,
        actor: &Actor,
        cause: Cause,
    ) -> Result<(Undo, Page<Item>), Error> {
        self.check(actor, &cause).await?;
        let (db, now) = (&self.parts.db, self.parts.clock.now());
        let counts = store::preview_counts(db, &cause, now).await?;
        let items = store::preview_items(db, &cause, (now, MAX_LIMIT)).await?;
        let undo = Undo {
            id: None,
            binding: cause.binding,
            state: UndoState::Preview,
            total: counts.settled(),
            counts,
            created_at: now,
            finished_at: None,
        };
        Ok((undo, Page { items, next_cursor: None }))
    }

    /// Has it taken back, in the background. For those who manage the binding.
    pub(super) async fn start(&self, actor: &Actor, cause: Cause) -> Result<Undo, Error> {
        let community = self.check(actor, &cause).await?;
        let now = self.parts.clock.now();
        let id = new_uuid(now);
        let mut tx = self.parts.db.begin().await?;
        let (total, counts) = store::insert(&mut tx, id, (&cause, actor.id), now).await?;
        let job = NewJob { priority: UNDO_PRIORITY, ..NewJob::new(UNDO, &id) };
        let job = job.once(format!("undo {id}"));
        jobs::enqueue(&mut tx, job, now).await?;
        let detail = Some(format!("undo {id} of binding {}", cause.binding));
        let action = NewAction::in_place(ActionKind::Undo, community);
        let action = NewAction { detail, ..action };
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, binding = %cause.binding, undo = %id, total,
            "what a binding did is to be taken back"
        );
        Ok(Undo {
            id: Some(id),
            binding: cause.binding,
            state: UndoState::Waiting,
            total,
            counts,
            created_at: now,
            finished_at: None,
        })
    }

    /// A batch as it stands, and a page of what is in it. For those who manage
    /// the binding.
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

    /// The community of the binding, or `None` for the site, if the actor manages the
    /// binding.
    async fn check(&self, actor: &Actor, cause: &Cause) -> Result<Option<CommunityId>, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let scope = store::managed_scope(&self.parts.db, actor, cause.binding).await?;
        let scope = scope.ok_or(Error::NotFound)?;
        Ok((scope != SITE).then(|| scope.into()))
    }
}
