//! Setting envelopes, and holding wishes against them.

use std::{collections::HashMap, sync::Arc};

use super::{
    model::{Envelope, Wish},
    rules, store,
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Clock,
        ids::CommunityId,
    },
    communities::Communities,
    db::Db,
    http::{Action, RateLimits},
    mod_actions::{self, ActionKind, NewAction, Target},
    plugin_versions::require_admin,
};

/// Envelopes; cheap to clone.
#[derive(Clone)]
pub struct Envelopes {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
    communities: Communities,
}

impl std::fmt::Debug for Envelopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelopes").finish_non_exhaustive()
    }
}

impl Envelopes {
    /// Envelopes stored in `db`.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>, communities: Communities) -> Self {
        Self { db, clock, limits, communities }
    }

    /// The envelope of a community, for those who moderate it.
    pub async fn find(&self, actor: &Actor, slug: &str) -> Result<Envelope, Error> {
        match store::see(&self.db, actor, slug, self.clock.now()).await? {
            Some((envelope, true)) => Ok(envelope),
            Some((_, false)) => Err(not_theirs()),
            None => Err(Error::NotFound),
        }
    }

    /// Sets the envelope of a community; what is at work notices.
    pub async fn set(&self, actor: &Actor, slug: &str, envelope: Envelope) -> Result<(), Error> {
        self.limits.check_actor(Action::Write, actor).await?;
        let community = self.communities.find(Some(actor), slug).await?.community.id;
        require_admin(actor)?;
        rules::check(&envelope)?;
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        store::set(&mut tx, community, &envelope, (actor.id, now)).await?;
        let action = NewAction::of(ActionKind::SetEnvelope, Target::Community(community));
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
        tx.commit().await?;
        tracing::info!(by = actor.username, community = slug, "an envelope was set");
        Ok(())
    }

    /// The community, if the actor moderates it.
    pub async fn moderated(&self, actor: &Actor, slug: &str) -> Result<CommunityId, Error> {
        let access = self.communities.find(Some(actor), slug).await?;
        if access.standing.moderates {
            return Ok(access.community.id);
        }
        Err(not_theirs())
    }

    /// What the moderators of a community may bind.
    pub async fn of(&self, community: CommunityId) -> Result<Envelope, Error> {
        Ok(store::find(&self.db, community).await?.unwrap_or_default())
    }

    /// All envelopes.
    pub async fn all(&self) -> Result<HashMap<CommunityId, Envelope>, Error> {
        Ok(store::all(&self.db).await?.into_iter().collect())
    }

    /// Refuses what the moderators of a community may not bind beside `others`
    /// bindings, naming the field.
    pub async fn hold(
        &self,
        community: CommunityId,
        wish: &Wish<'_>,
        others: u32,
    ) -> Result<(), Error> {
        let envelope = self.of(community).await?;
        if others >= envelope.max_bindings {
            return Err(rules::refusal("max_bindings"));
        }
        rules::outside(&envelope, wish).map_or(Ok(()), |field| Err(rules::refusal(field)))
    }
}

fn not_theirs() -> Error {
    Error::forbidden("moderators_only", "Only those who moderate here may do this.")
}
