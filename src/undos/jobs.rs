//! Taking back what a binding did. Each piece is settled in one transaction with
//! the note that it was, so that a batch that is broken off goes on where it was
//! and takes nothing back twice.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{ItemState, Order, Piece, Thing},
    service::{Parts, Undos},
    store,
};
use crate::{
    accounts,
    base::{
        Error,
        actor::{Actor, Agent},
    },
    db::{Db, Tx},
    effects::Inverse,
    events::Content,
    jobs::{Failure, Job},
    warnings,
};

/// The kind of the jobs.
pub const UNDO: &str = "undo";
/// Longest that one attempt takes: a million pieces. What is left is done by the
/// next.
pub const LIMIT: Duration = Duration::from_hours(1);
/// Pieces of a round: some tenths of a second, after which it is told how far
/// the batch is.
const ROUND: u32 = 100;
/// What the log says of a bot's answer that is taken back.
const REASON: &str = "What the plugin did was taken back.";

impl Undos {
    /// Does a batch, or what is left of one.
    pub async fn undo(&self, job: Job) -> Result<(), Failure> {
        let id: Uuid = job.read()?;
        let db = &self.parts.db;
        let mut tx = db.begin().await?;
        let Some(order) = store::order(&mut tx, id).await? else { return Ok(()) };
        let by = accounts::find_actor(&mut tx, order.created_by).await?;
        let Some((actor, _)) = by else { return Err(Failure::For("nobody wants it".to_owned())) };
        store::begin(&mut tx, id).await?;
        tx.commit().await?;
        while let Some(percent) = self.round(db, &actor, &order).await? {
            job.progress(percent).await?;
        }
        Ok(())
    }

    /// Settles some pieces more. How far that is, in percent; `None` when
    /// nothing is left.
    async fn round(&self, db: &Db, actor: &Actor, order: &Order) -> Result<Option<u32>, Error> {
        let pieces = store::next(db, order.id, ROUND).await?;
        for piece in &pieces {
            Box::pin(self.settle(db, actor, (order.id, piece))).await?;
        }
        let finished_at = pieces.is_empty().then(|| self.parts.clock.now());
        let mut tx = db.begin().await?;
        let counts = store::counts(&mut tx, order.id).await?;
        store::put_counts(&mut tx, order.id, &counts, finished_at).await?;
        tx.commit().await?;
        if finished_at.is_some() {
            tracing::info!(undo = %order.id, kept = counts.kept, "what a binding did was taken back");
            return Ok(None);
        }
        let percent = counts.settled() * 100 / order.total.max(1);
        Ok(Some(u32::try_from(percent.clamp(0, 100)).unwrap_or(0)))
    }

    /// Takes a piece back, or notes that it is not as it was left.
    async fn settle(
        &self,
        db: &Db,
        actor: &Actor,
        (undo, piece): (Uuid, &Piece),
    ) -> Result<(), Error> {
        let mut tx = db.begin().await?;
        if !store::settle(&mut tx, (undo, piece.number), ItemState::Undone).await? {
            return Ok(());
        }
        match self.take_back(&mut tx, actor, (undo, piece.thing)).await {
            Ok(true) => return Ok(tx.commit().await?),
            Ok(false) | Err(Error::NotFound | Error::Conflict { .. }) => drop(tx),
            Err(error) => return Err(error),
        }
        let mut tx = db.begin().await?;
        store::settle(&mut tx, (undo, piece.number), ItemState::Kept).await?;
        Ok(tx.commit().await?)
    }

    /// Whether something was taken back; otherwise it is not as it was left.
    async fn take_back(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (undo, thing): (Uuid, Thing),
    ) -> Result<bool, Error> {
        let (effect, inverse) = match thing {
            Thing::Effect(effect, inverse) => (effect, inverse),
            Thing::Held(item) => {
                return self.parts.review.approve_in(tx, actor, item).await.map(|()| true);
            }
        };
        let is_taken_back = store::mark(tx, undo, effect).await?
            && self.reverse(tx, Agent::Person(actor), inverse).await?;
        if is_taken_back {
            for cause in [Some(effect), action(inverse)].into_iter().flatten() {
                self.parts.notifications.correct(tx, cause).await?;
            }
        }
        Ok(is_taken_back)
    }

    async fn reverse(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        inverse: Inverse,
    ) -> Result<bool, Error> {
        let Parts { bans, moderation, clock, .. } = &self.parts;
        match inverse {
            Inverse::Action(id) => moderation.take_back_in(tx, agent, id.into()).await,
            Inverse::Warning(id) => {
                warnings::withdraw_in(tx, agent, id.into(), None, clock.now()).await
            }
            Inverse::Ban(id) => bans.lift_in(tx, agent, id.into(), None).await,
            Inverse::Reply(id) => {
                let (comment, reason) = (Content::Comment(id), Some(REASON.to_owned()));
                moderation.remove_in(tx, agent, comment, reason).await.map(|_| true)
            }
            Inverse::Notice => Ok(true),
        }
    }
}

fn action(inverse: Inverse) -> Option<Uuid> {
    match inverse {
        Inverse::Action(id) | Inverse::Warning(id) | Inverse::Ban(id) => Some(id),
        Inverse::Reply(_) | Inverse::Notice => None,
    }
}
