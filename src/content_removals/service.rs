//! Looking how far the removal of content with a ban is, and taking it back.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Removal, Removed},
    store,
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::BanId,
    },
    db::{Db, Tx},
    http::{Action, RateLimits},
    moderation::Moderation,
    votes,
};

/// What the removal of content is built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub moderation: Moderation,
}

/// Removes what banned accounts wrote; cheap to clone.
#[derive(Clone)]
pub struct ContentRemovals {
    pub(super) parts: Parts,
}

impl ContentRemovals {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// How far the removal with a ban is, for those who may ban there.
    pub(super) async fn find(&self, actor: &Actor, ban: BanId) -> Result<Removal, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let found = store::find_managed(&self.parts.db, actor, ban).await?;
        found.ok_or(Error::NotFound)
    }
}

/// Stops the removal with a ban, as part of `tx`, if it is not done.
pub async fn stop(tx: &mut Tx, ban: BanId, now: Timestamp) -> Result<(), Error> {
    Ok(store::stop(tx, ban, now).await?)
}

/// Something that was removed with a ban.
pub async fn removed(tx: &mut Tx, item: Uuid) -> Result<Option<Removed>, Error> {
    Ok(store::removed(tx, item).await?)
}

/// Gives an account the vote back that was removed, as part of `tx`; `false` when the
/// account has voted since, or there is nothing to vote on.
pub async fn put_vote_back(tx: &mut Tx, removed: &Removed) -> Result<bool, Error> {
    let vote = votes::Cast {
        account: removed.account,
        content: removed.content,
        value: removed.value,
        cast_at: removed.cast_at,
    };
    votes::put_back_in(tx, vote).await
}
