//! Looking at what waits, and settling it.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{ItemFilter, ItemKey, ItemKind, Resolution, ReviewItem, Waiting, parse_note},
    rules,
    store::{self, Resolved},
};
use crate::{
    accounts,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Clock,
        ids::ReviewItemId,
        markdown,
        page::{Page, PageRequest},
    },
    comments::Comments,
    db::{Db, Tx},
    events::{Content, Occurrence},
    http::{Action, RateLimits},
    jobs, media,
    mod_actions::{self, Acted, Permit},
    moderation::Moderation,
    posts::Posts,
    profiles, publishing,
};

/// What review is made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub posts: Posts,
    pub comments: Comments,
    pub moderation: Moderation,
}

/// What waits for a person; cheap to clone.
#[derive(Clone)]
pub struct Review {
    parts: Parts,
}

impl Review {
    /// What waits in this database.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Tells the metrics how many items wait.
    pub async fn measure(&self) -> Result<(), Error> {
        let open = store::count_open(&self.parts.db).await?;
        metrics::gauge!("gatherly_review_items_open").set(f64::from(open));
        Ok(())
    }

    /// Items that the actor may settle, the newest first; nobody's for somebody
    /// who moderates nothing.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &ItemFilter,
        page: &PageRequest<ItemKey>,
    ) -> Result<Page<ReviewItem>, Error> {
        let (items, decisions) = store::list(&self.parts.db, actor, filter, page).await?;
        let items = rules::with_decisions(items, decisions);
        Ok(Page::cut_by_size(items, page.limit, ReviewItem::size, ReviewItem::key))
    }

    /// One item, if the actor may settle it.
    pub async fn find(&self, actor: &Actor, id: ReviewItemId) -> Result<ReviewItem, Error> {
        let (item, decisions) =
            store::find(&self.parts.db, actor, id).await?.ok_or(Error::NotFound)?;
        rules::with_decisions(vec![item], decisions).pop().ok_or(Error::NotFound)
    }

    /// Settles an item: what it is about changes with it or not at all. Policies
    /// are asked before content is removed.
    pub async fn resolve(
        &self,
        actor: &Actor,
        id: ReviewItemId,
        resolution: Resolution,
        note: &str,
    ) -> Result<Acted<ReviewItem>, Error> {
        let Parts { db, clock, limits, moderation, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let waiting = store::read_waiting(db, actor, id).await?.ok_or(Error::NotFound)?;
        let note = parse_note(note)?;
        rules::may_resolve(waiting.state)?;
        let mut cleared = None;
        if let Some(content) = rules::removed(&waiting, resolution) {
            match moderation.clear_removal(actor, content, note.as_deref()).await? {
                Permit::Go(permit) => cleared = Some(permit),
                Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
            }
        }
        if (waiting.kind, resolution) == (ItemKind::Edit, Resolution::Approve) {
            self.render(waiting.target).await?;
        }
        let mut tx = db.begin().await?;
        if let Some(cleared) = &cleared {
            moderation.admit(&mut tx, cleared).await?;
        }
        let resolved = Resolved { resolution, note, at: clock.now() };
        let target = self.settle(&mut tx, actor, id, resolved).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, item = %id, %target,
            resolution = resolution.state().as_str(), "an item was settled"
        );
        self.find(actor, id).await.map(Acted::Done)
    }

    /// Renders the edit that waits: the transaction that approves it finds it rendered.
    async fn render(&self, content: Uuid) -> Result<(), Error> {
        let mut tx = self.parts.db.begin().await?;
        let body = publishing::pending_body(&mut tx, content).await?;
        drop(tx);
        if let Some(body) = body {
            markdown::render(&body).await.ok();
        }
        Ok(())
    }

    /// Lets what waits through, as part of `tx`.
    pub async fn approve_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ReviewItemId,
    ) -> Result<(), Error> {
        let (resolution, at) = (Resolution::Approve, self.parts.clock.now());
        self.settle(tx, actor, id, Resolved { resolution, note: None, at }).await.map(drop)
    }

    /// Settles an item that waits and is the actor's to settle; what it is about.
    async fn settle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ReviewItemId,
        resolved: Resolved,
    ) -> Result<Uuid, Error> {
        let (resolution, note, now) = (resolved.resolution, resolved.note.clone(), resolved.at);
        let waiting = store::find_waiting(tx, actor, id).await?.ok_or(Error::NotFound)?;
        rules::may_resolve(waiting.state)?;
        store::resolve(tx, actor, id, resolved).await?;
        self.carry_out(tx, actor, &waiting, resolution, note.clone()).await?;
        if let Some(action) = rules::logged(&waiting, resolution, note) {
            mod_actions::record(tx, Agent::Person(actor), &action, now).await?;
        }
        Ok(waiting.target)
    }

    /// Does to what waits as the resolution says. When that goes, its item is
    /// closed in the same transaction, so it must still be there.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        waiting: &Waiting,
        resolution: Resolution,
        note: Option<String>,
    ) -> Result<(), Error> {
        use Resolution::{Approve, Remove};
        let Parts { posts, comments, moderation, .. } = &self.parts;
        let (id, agent, now) = (waiting.target, Agent::Person(actor), self.parts.clock.now());
        if let Some(content) = rules::removed(waiting, resolution) {
            return match moderation.remove_in(tx, agent, content, None).await {
                // It was removed, or its author took it back, in the meantime.
                Err(Error::Conflict { .. } | Error::NotFound) => Err(rules::gone()),
                other => other.map(drop),
            };
        }
        let done = match (waiting.kind, waiting.content, resolution) {
            (ItemKind::Post, _, _) => posts.approve(tx, id.into()).await?,
            (ItemKind::Comment, _, _) => comments.approve(tx, id.into()).await?,
            (ItemKind::Edit, Some(Content::Post(_)), Approve) => {
                posts.approve_edit(tx, id.into()).await?
            }
            (ItemKind::Edit, Some(Content::Post(_)), Remove) => {
                posts.drop_edit(tx, id.into()).await?
            }
            (ItemKind::Edit, _, Approve) => comments.approve_edit(tx, id.into()).await?,
            (ItemKind::Edit, _, Remove) => comments.drop_edit(tx, id.into()).await?,
            (ItemKind::Account, _, Approve) => accounts::approve_held(tx, id.into(), now).await?,
            (ItemKind::Account, _, Remove) => accounts::refuse_held(tx, id.into(), now).await?,
            (ItemKind::Media, _, Approve) => media::approve(tx, id.into(), now).await?,
            (ItemKind::Media, _, Remove) => media::refuse(tx, id.into(), now).await?,
            (ItemKind::Report, None, Remove) => {
                profiles::clear_in(tx, actor, id.into(), note, now).await?;
                true
            }
            // The reports are settled with their item.
            (ItemKind::Report, _, _) => true,
        };
        if !done {
            return Err(rules::gone());
        }
        for event in rules::happened(waiting, resolution) {
            jobs::publish(tx, &Occurrence::new(now, actor, event)).await?;
        }
        Ok(())
    }
}
