//! Putting decisions on record, and reading the record.

use std::{num::NonZeroU32, sync::Arc};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use super::{
    model::{DecisionFilter, DecisionKey, DecisionRecord, DecisionTarget, TargetKind, Wanted},
    rules,
    store::{self, NewEvent, NewReviewItem},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{AccountId, BindingId, DecisionId, MediaId, ReviewItemId, first_uuid},
        page::{Page, PageRequest},
    },
    config,
    db::{Db, Tx},
    events::{Cause, Event, Occurrence},
    frozen_copies,
    hooks::{Merged, Outcome},
    jobs, plugin_state,
};

/// Events that are tidied at once: some milliseconds of the writer's time.
const TIDY_BATCH: i64 = 500;

/// The record of decisions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Decisions {
    db: Db,
    clock: Clock,
    settings: config::Decisions,
    /// Of events at which every plugin just allowed; none are kept without it.
    plain: Option<Arc<DefaultDirectRateLimiter>>,
}

impl Decisions {
    /// The record in this database.
    pub fn new(db: Db, clock: Clock, settings: config::Decisions) -> Self {
        let rate = NonZeroU32::new(settings.allows_per_second);
        let plain = rate.map(|rate| Arc::new(RateLimiter::direct(Quota::per_second(rate))));
        Self { db, clock, settings, plain }
    }

    /// Records what plugins decided, in the transaction that writes what they
    /// decided about, and what they want remembered. What is held also comes up
    /// for review, in place of an edit of the same target that waits already;
    /// effects are published. An event that is on record already is left as it is.
    /// Of events at which every plugin just allowed, a flood is not recorded whole.
    pub async fn record<T: Sync>(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        outcome: &Outcome<T>,
    ) -> Result<(), Error> {
        let Some(first) = outcome.decisions.first() else { return Ok(()) };
        let event = Uuid::parse_str(&first.event_id).map_err(Error::internal)?;
        if rules::are_plain(&outcome.decisions) && !self.keeps_plain() {
            return Ok(());
        }
        let now = self.clock.now();
        let changed = |decision| outcome.modified.then(|| rules::other_input(first, decision));
        let new = NewEvent {
            id: event,
            hook: first.hook,
            target,
            outcome: rules::outcome(&outcome.verdict, outcome.modified),
            input: first.input_text(),
            created_at: now,
            decisions: outcome
                .decisions
                .iter()
                .map(|decision| (decision, changed(decision).flatten()))
                .collect(),
        };
        if !store::insert(tx, new).await? {
            return Ok(());
        }
        for decision in &outcome.decisions {
            let binding = BindingId(decision.binding_id);
            plugin_state::apply(tx, binding, &decision.writes, now).await?;
        }
        if rules::wants_effects(&outcome.decisions) {
            let cause = target.actor.map_or(Cause::Server, |actor| Cause::Person(actor.0));
            let wanted = Event::EffectsWanted { asked: event };
            jobs::publish(tx, &Occurrence::new(now, cause, wanted)).await?;
        }
        if let (Merged::Hold { reason }, true) = (&outcome.verdict, target.kind.may_wait()) {
            self.open_item(tx, target, Some(event), reason).await?;
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

    /// What the decisions on one event that count want done, in their order.
    pub async fn of_event(&self, asked: Uuid) -> Result<Vec<Wanted>, Error> {
        Ok(store::wanted(&self.db, asked).await?)
    }

    /// Lets something wait for a moderator though no plugin is asked about it now;
    /// `asked` is an event at which some plugin wanted that.
    pub async fn hold(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        asked: Option<Uuid>,
        reason: &str,
    ) -> Result<(), Error> {
        self.open_item(tx, target, asked, reason).await
    }

    /// An edit that waits has been overtaken by one that was published.
    pub async fn supersede_edit(&self, tx: &mut Tx, target: Uuid) -> Result<(), Error> {
        Ok(store::supersede(tx, target, TargetKind::Edit, self.clock.now()).await?)
    }

    /// Closes the open item of an account that waits for approval.
    pub async fn withdraw(&self, tx: &mut Tx, account: Uuid) -> Result<(), Error> {
        Ok(store::supersede(tx, account, TargetKind::Account, self.clock.now()).await?)
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
        page: &PageRequest<DecisionKey>,
    ) -> Result<Page<DecisionRecord>, Error> {
        let rows = store::list(&self.db, actor, filter, page).await?;
        let rows = rows.into_iter().map(rules::limited).collect();
        Ok(Page::cut(rows, page.limit, DecisionKey::of))
    }

    /// The words of content go from what is on record about it: its author took
    /// it back.
    pub async fn erase(&self, tx: &mut Tx, target: Uuid) -> Result<(), Error> {
        Ok(store::erase(tx, target).await?)
    }

    /// Goes on with deleting what is too old, and with erasing what closed
    /// accounts wrote: a little at once, so that nobody waits. Whether there may
    /// be more to do.
    pub async fn tidy(&self) -> Result<bool, Error> {
        let before = first_uuid(self.settings.keep_since(self.clock.now()));
        let mut tx = self.db.begin().await?;
        let forgotten = store::forget(&mut tx, before, TIDY_BATCH).await?;
        tx.commit().await?;
        let Some(erasure) = store::next_erasure(&self.db).await? else { return Ok(forgotten > 0) };
        let newest = store::newest(&self.db).await?;
        let to = newest.min(erasure.swept.saturating_add(TIDY_BATCH));
        let mut tx = self.db.begin().await?;
        store::sweep(&mut tx, erasure, to, to == newest).await?;
        tx.commit().await?;
        Ok(true)
    }

    fn keeps_plain(&self) -> bool {
        self.plain.as_ref().is_some_and(|rate| rate.check().is_ok())
    }

    async fn open_item(
        &self,
        tx: &mut Tx,
        target: &DecisionTarget,
        event_id: Option<Uuid>,
        reason: &str,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let older = store::open_item(tx, target.id, target.kind).await?;
        let item = ReviewItemId::new(now);
        let new = NewReviewItem { target, event_id, reason, created_at: now };
        store::insert_review_item(tx, item, &new).await?;
        if let Some(older) = older {
            // The author changed a text that waits: its earlier versions stay readable.
            store::supersede_item(tx, older, now).await?;
            frozen_copies::hand_on(tx, older, item).await?;
        }
        match rules::frozen(target) {
            Some(subject) => frozen_copies::freeze(tx, item, subject, now).await,
            None => Ok(()),
        }
    }
}

/// Closes the item of a held picture that is deleted, as part of `tx`.
pub async fn withdraw_picture(tx: &mut Tx, media: MediaId, now: Timestamp) -> Result<(), Error> {
    Ok(store::supersede(tx, media.0, TargetKind::Media, now).await?)
}

/// A closed account is to go from what is on record, with all that it wrote.
pub async fn erase_account(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    Ok(store::note_erasure(tx, account).await?)
}
