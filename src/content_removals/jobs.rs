//! Removing what a banned account wrote, in batches. Each batch is one transaction
//! with the notes of what it removed.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{Removal, RemovalState, RemovedKind},
    service::ContentRemovals,
    store::{self, NewRemoved},
};
use crate::{
    accounts,
    base::{
        Error,
        actor::{Actor, Agent},
        ids::BanId,
    },
    db::Tx,
    events::{Content, Origin},
    jobs::{Failure, Job},
    votes,
};

/// Longest that one attempt takes: as long as an undo. What is left is done by the
/// next.
pub const LIMIT: Duration = Duration::from_hours(1);
/// Posts or comments of one batch: some tenths of a second of the writer's time on a
/// server in another place.
const CONTENTS: u32 = 20;
/// Votes of one batch: a vote is a quarter of the work of a removal.
const VOTES: u32 = 80;

impl ContentRemovals {
    /// Removes what a banned account wrote, or what is left of it.
    pub async fn remove(&self, job: Job) -> Result<(), Failure> {
        let ban: BanId = job.read::<Uuid>()?.into();
        while let Some(percent) = Box::pin(self.batch(ban)).await? {
            job.progress(percent).await?;
        }
        Ok(())
    }

    /// Removes some more. How far that is, in percent; `None` when nothing is left.
    async fn batch(&self, ban: BanId) -> Result<Option<u32>, Failure> {
        let mut tx = self.parts.db.begin().await?;
        let Some(mut removal) = store::find(&mut tx, ban).await? else { return Ok(None) };
        match removal.state {
            RemovalState::Done | RemovalState::Stopped => return Ok(None),
            RemovalState::Waiting => removal.total = store::start(&mut tx, &removal).await?,
            RemovalState::Running => {}
        }
        let by = accounts::find_actor(&mut tx, removal.created_by).await?;
        let Some((actor, _)) = by else { return Err(Failure::For("nobody wants it".to_owned())) };
        let is_over = !self.remove_some(&mut tx, &actor, &mut removal).await?;
        let finished_at = is_over.then(|| self.parts.clock.now());
        store::put(&mut tx, &removal, finished_at).await?;
        tx.commit().await?;
        if is_over {
            let (ban, removed) = (removal.ban, removal.removed());
            tracing::info!(%ban, removed, "what a banned account wrote was removed");
            return Ok(None);
        }
        let percent = removal.removed() * 100 / removal.total.max(1);
        Ok(Some(u32::try_from(percent.clamp(0, 100)).unwrap_or(0)))
    }

    /// Removes a batch of the first kind of which there is something; whether there was.
    async fn remove_some(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        removal: &mut Removal,
    ) -> Result<bool, Error> {
        for kind in [RemovedKind::Post, RemovedKind::Comment] {
            let contents = store::contents(tx, removal, (kind, CONTENTS)).await?;
            if contents.is_empty() {
                continue;
            }
            for content in contents {
                self.remove_one(tx, actor, removal, content).await?;
            }
            return Ok(true);
        }
        let votes = store::votes(tx, removal, VOTES).await?;
        let some = !votes.is_empty();
        for vote in votes {
            if votes::take_back_in(tx, vote).await? {
                let now = self.parts.clock.now();
                let (content, value, cast_at) = (vote.content, vote.value, Some(vote.cast_at));
                let kind = RemovedKind::Vote;
                let new = NewRemoved { kind, content, action: None, value, cast_at };
                store::insert(tx, removal.ban, &new, now).await?;
                removal.votes += 1;
            }
        }
        Ok(some)
    }

    async fn remove_one(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        removal: &mut Removal,
        content: Content,
    ) -> Result<(), Error> {
        let (moderation, now) = (&self.parts.moderation, self.parts.clock.now());
        let reason = Some(removal.reason.clone()).filter(|reason| !reason.is_empty());
        let agent = Agent::Person(actor);
        let action = moderation.remove_by(tx, (agent, Origin::Ban), content, reason);
        let action = Some(action.await?);
        let kind = match content {
            Content::Post(_) => RemovedKind::Post,
            Content::Comment(_) => RemovedKind::Comment,
        };
        match kind {
            RemovedKind::Post => removal.posts += 1,
            _ => removal.comments += 1,
        }
        let new = NewRemoved { kind, content: content.id(), action, value: 0, cast_at: None };
        Ok(store::insert(tx, removal.ban, &new, now).await?)
    }
}
