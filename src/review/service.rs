//! Looking at what waits, and settling it.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{ItemFilter, ItemKey, ItemKind, Resolution, ReviewItem, Ruling, Settled, Waiting},
    rules, store,
};
use crate::{
    accounts,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::ReviewItemId,
        markdown,
        page::{Page, PageRequest},
    },
    comments::Comments,
    db::{Db, Tx},
    events::{Content, Event, Occurrence},
    frozen_copies,
    http::{Action, RateLimits},
    jobs, media,
    mod_actions::{self, Acted, Permit},
    moderation::Moderation,
    posts::Posts,
    profiles,
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

    /// Items that the actor may settle, by priority, then the oldest first; none for
    /// an actor who moderates nothing.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &ItemFilter,
        page: &PageRequest<ItemKey>,
    ) -> Result<Page<ReviewItem>, Error> {
        let (items, decisions) = store::list(&self.parts.db, actor, filter, page).await?;
        let items = rules::with_decisions(items, decisions);
        let page = Page::cut_by_size(items, page.limit, ReviewItem::size, ReviewItem::key);
        Ok(page.map(|item| rules::seen_by(actor.id, item)))
    }

    /// One item, if the actor may settle it.
    pub async fn find(&self, actor: &Actor, id: ReviewItemId) -> Result<ReviewItem, Error> {
        let (item, decisions) =
            store::find(&self.parts.db, actor, id).await?.ok_or(Error::NotFound)?;
        let item = rules::with_decisions(vec![item], decisions).pop().ok_or(Error::NotFound)?;
        // The newest copy comes with the item.
        let item = match item.copy_count {
            0 | 1 => item,
            _ => ReviewItem { copies: frozen_copies::list(&self.parts.db, id).await?, ..item },
        };
        Ok(rules::seen_by(actor.id, item))
    }

    /// Settles an item: the content changes in the same transaction or the item stays
    /// open. Policies are asked before content is removed.
    pub async fn resolve(
        &self,
        actor: &Actor,
        id: ReviewItemId,
        parse: impl FnOnce() -> Result<Ruling, Error>,
    ) -> Result<Acted<ReviewItem>, Error> {
        let Parts { db, limits, moderation, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let waiting = store::read_waiting(db, actor, id).await?.ok_or(Error::NotFound)?;
        let ruling = parse()?;
        rules::may_resolve(waiting.state)?;
        let own_matter = mod_actions::may_decide(db, actor, &waiting.matter).await?;
        let mut cleared = None;
        if let Some(content) = rules::removed(&waiting, ruling.resolution) {
            match moderation.clear_removal(actor, content, ruling.reason.as_deref()).await? {
                Permit::Go(permit) => cleared = Some(permit),
                Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
            }
        }
        if (waiting.kind, ruling.resolution) == (ItemKind::Edit, Resolution::Approve) {
            // The transaction that publishes the edit finds it rendered.
            let item = store::find(db, actor, id).await?;
            if let Some(edit) = item.and_then(|(item, _)| item.pending) {
                markdown::render(&edit.body).await.ok();
            }
        }
        let mut tx = db.begin().await?;
        if let Some(cleared) = &cleared {
            moderation.admit(&mut tx, cleared).await?;
        }
        let target = self.settle(&mut tx, actor, id, &ruling, own_matter).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, item = %id, %target,
            resolution = ruling.resolution.state().as_str(), "settled a review item"
        );
        self.find(actor, id).await.map(Acted::Done)
    }

    /// A settled item, as its author may know it.
    pub async fn settled(db: &Db, id: ReviewItemId) -> Result<Option<Settled>, Error> {
        Ok(store::settled(db, id).await?)
    }

    /// Lets what waits through, as part of `tx`.
    pub async fn approve_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ReviewItemId,
    ) -> Result<(), Error> {
        let ruling = Ruling { resolution: Resolution::Approve, reason: None, note: None };
        self.settle(tx, actor, id, &ruling, false).await.map(drop)
    }

    /// Settles an open item that the actor may settle. Returns the id of the post,
    /// comment, picture or account.
    async fn settle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ReviewItemId,
        ruling: &Ruling,
        own_matter: bool,
    ) -> Result<Uuid, Error> {
        let now = self.parts.clock.now();
        let waiting = store::find_waiting(tx, actor, id).await?.ok_or(Error::NotFound)?;
        rules::may_resolve(waiting.state)?;
        store::resolve(tx, actor, id, ruling, own_matter, now).await?;
        self.carry_out(tx, actor, &waiting, ruling, now).await?;
        if let Some(action) = rules::logged(&waiting, ruling) {
            mod_actions::record(tx, Agent::Person(actor), &action, now).await?;
        }
        let resolved = Event::ReviewItemResolved { item: id.0 };
        jobs::publish(tx, &Occurrence::new(now, actor, resolved)).await?;
        Ok(waiting.target)
    }

    /// Does to the content, the picture or the account as the ruling says. `now` is
    /// the time of the resolution: the events that this publishes carry it.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        waiting: &Waiting,
        ruling: &Ruling,
        now: Timestamp,
    ) -> Result<(), Error> {
        use Resolution::{Approve, Remove};
        let Parts { posts, comments, moderation, .. } = &self.parts;
        let (id, agent, resolution) = (waiting.target, Agent::Person(actor), ruling.resolution);
        if let Some(content) = rules::removed(waiting, resolution) {
            return match moderation.remove_in(tx, agent, content, ruling.reason.clone()).await {
                // It was removed, or its author took it back, in the meantime.
                Err(Error::Conflict { .. } | Error::NotFound) => Err(rules::gone()),
                other => other.map(drop),
            };
        }
        let done = match (waiting.kind, waiting.content, resolution) {
            // Nothing is left to change: the resolution is on record, and told.
            _ if waiting.is_deleted => true,
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
                profiles::clear_in(tx, actor, id.into(), ruling.for_log(), now).await?;
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
