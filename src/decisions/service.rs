//! Putting decisions on record, and reading the record.

use uuid::Uuid;

use super::{
    model::{DecisionFilter, DecisionRecord, DecisionTarget, TargetKind},
    rules,
    store::{self, NewDecision, NewReviewItem},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::{BindingId, DecisionId},
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    hooks::{Merged, Outcome},
    plugin_state,
};

/// The record of decisions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Decisions {
    db: Db,
    clock: Clock,
}

impl Decisions {
    /// The record in this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Records what plugins decided, in the transaction that writes what they
    /// decided about: one statement for up to three decisions. What is held also
    /// comes up for review, in place of an edit of the same target that waits
    /// already.
    pub async fn record<T: Sync>(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        outcome: &Outcome<T>,
    ) -> Result<(), Error> {
        let created_at = self.clock.now();
        let word = rules::outcome(&outcome.verdict, outcome.modified);
        let mut event = None;
        let mut new = Vec::new();
        for decision in &outcome.decisions {
            let event_id = Uuid::parse_str(&decision.event_id).map_err(Error::internal)?;
            event = Some(event_id);
            new.push(NewDecision { decision, event_id, outcome: word, target, created_at });
        }
        store::insert(tx, &new).await?;
        for decision in &outcome.decisions {
            let binding = BindingId(decision.binding_id);
            plugin_state::apply(tx, binding, &decision.writes, created_at).await?;
        }
        if let Merged::Hold { reason } = &outcome.verdict {
            self.open_item(tx, target, event, reason).await?;
        }
        Ok(())
    }

    /// Records a refusal, of which nothing else is written.
    pub async fn record_refusal<T: Sync>(
        &self,
        target: &DecisionTarget,
        outcome: &Outcome<T>,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.record(&mut tx, target, outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets something wait for a moderator though no plugin asked for it.
    pub async fn hold(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        reason: &str,
    ) -> Result<(), Error> {
        self.open_item(tx, target, None, reason).await
    }

    /// An edit that waits has been overtaken by one that was published.
    pub async fn supersede_edit(&self, tx: &mut Tx, target: Uuid) -> Result<(), Error> {
        Ok(store::supersede_edit(tx, target).await?)
    }

    /// What waits is gone: its author took it back, or moderation removed it.
    pub async fn withdraw(&self, tx: &mut Tx, target: Uuid) -> Result<(), Error> {
        Ok(store::withdraw(tx, target).await?)
    }

    /// One decision in full, as far as the actor may see it.
    pub async fn find(&self, actor: &Actor, id: DecisionId) -> Result<DecisionRecord, Error> {
        store::find(&self.db, actor, id).await?.map(rules::limited).ok_or(Error::NotFound)
    }

    /// Decisions that the actor may see, newest first.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: DecisionFilter,
        page: &PageRequest<DecisionId>,
    ) -> Result<Page<DecisionRecord>, Error> {
        let rows = store::list(&self.db, actor, filter, page).await?;
        let rows = rows.into_iter().map(rules::limited).collect();
        Ok(Page::cut(rows, page.limit, |row: &DecisionRecord| row.id))
    }

    async fn open_item(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        event_id: Option<Uuid>,
        reason: &str,
    ) -> Result<(), Error> {
        if target.kind == TargetKind::Edit {
            store::supersede_edit(tx, target.id).await?;
        }
        let item = NewReviewItem { target, event_id, reason, created_at: self.clock.now() };
        Ok(store::insert_review_item(tx, &item).await?)
    }
}
