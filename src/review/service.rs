//! Looking at what waits, and settling it.

use std::sync::Arc;

use super::{
    model::{ItemFilter, ItemKind, Resolution, ReviewItem, Waiting, parse_note},
    rules,
    store::{self, Resolved},
};
use crate::{
    accounts,
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::ReviewItemId,
        page::{Page, PageRequest},
    },
    comments::Comments,
    db::{Db, Tx},
    events::Occurrence,
    http::{Action, RateLimits},
    jobs,
    posts::Posts,
};

/// What waits for a person; cheap to clone.
#[derive(Clone)]
pub struct Review {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    posts: Posts,
    comments: Comments,
}

impl Review {
    /// What waits in this database.
    pub fn new(
        db: Db,
        clock: Clock,
        limits: Arc<RateLimits>,
        (posts, comments): (Posts, Comments),
    ) -> Self {
        Self { db, clock, limits, posts, comments }
    }

    /// Tells the metrics how many items wait.
    pub async fn measure(&self) -> Result<(), Error> {
        let open = store::count_open(&self.db.counted_apart()).await?;
        metrics::gauge!("gatherly_review_items_open").set(f64::from(open));
        Ok(())
    }

    /// Items that the actor may settle, the newest first; nobody's for somebody
    /// who moderates nothing.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &ItemFilter,
        page: &PageRequest<ReviewItemId>,
    ) -> Result<Page<ReviewItem>, Error> {
        let (items, decisions) = store::list(&self.db, actor, filter, page).await?;
        let items = rules::with_decisions(items, decisions);
        Ok(Page::cut(items, page.limit, |item: &ReviewItem| item.id))
    }

    /// One item, if the actor may settle it.
    pub async fn find(&self, actor: &Actor, id: ReviewItemId) -> Result<ReviewItem, Error> {
        let (item, decisions) = store::find(&self.db, actor, id).await?.ok_or(Error::NotFound)?;
        rules::with_decisions(vec![item], decisions).pop().ok_or(Error::NotFound)
    }

    /// Settles an item: what it is about changes with it or not at all.
    pub async fn resolve(
        &self,
        actor: &Actor,
        id: ReviewItemId,
        resolution: Resolution,
        note: &str,
    ) -> Result<ReviewItem, Error> {
        self.limits.check_actor(Action::Write, actor)?;
        let note = parse_note(note)?;
        let at = self.clock.now();
        let mut tx = self.db.begin().await?;
        let waiting = store::find_waiting(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        rules::may_resolve(waiting.state)?;
        store::resolve(&mut tx, actor, id, Resolved { resolution, note, at }).await?;
        self.carry_out(&mut tx, &waiting, resolution).await?;
        if let Some(event) = rules::happened(&waiting, resolution) {
            jobs::publish(&mut tx, &Occurrence::new(at, actor, event)).await?;
        }
        tx.commit().await?;
        tracing::info!(
            by = actor.username, item = %id, target = %waiting.target,
            resolution = resolution.state().as_str(), "an item was settled"
        );
        self.find(actor, id).await
    }

    /// Does to what waits as the resolution says. When that goes, its item is
    /// closed in the same transaction, so it must still be there.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        waiting: &Waiting,
        resolution: Resolution,
    ) -> Result<(), Error> {
        use Resolution::{Approve, Remove};
        let (posts, comments, id) = (&self.posts, &self.comments, waiting.target);
        let done = match (waiting.kind, resolution) {
            (ItemKind::Post, Approve) => posts.approve(tx, id.into()).await?,
            (ItemKind::Post, Remove) => posts.remove(tx, id.into()).await?,
            (ItemKind::Comment, Approve) => comments.approve(tx, id.into()).await?,
            (ItemKind::Comment, Remove) => comments.remove(tx, id.into()).await?,
            (ItemKind::Edit, Approve) if waiting.is_post => {
                posts.approve_edit(tx, id.into()).await?
            }
            (ItemKind::Edit, Remove) if waiting.is_post => posts.drop_edit(tx, id.into()).await?,
            (ItemKind::Edit, Approve) => comments.approve_edit(tx, id.into()).await?,
            (ItemKind::Edit, Remove) => comments.drop_edit(tx, id.into()).await?,
            (ItemKind::Account, Approve) => {
                accounts::approve_held(tx, id.into(), self.clock.now()).await?
            }
            (ItemKind::Account, Remove) => accounts::refuse_held(tx, id.into()).await?,
        };
        if done {
            return Ok(());
        }
        Err(Error::conflict("superseded", "It does not wait any more."))
    }
}
