//! Taking back what a binding did.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Applied, Cause, Held, Item, Outcome, Undo},
    store,
};
use crate::{
    bans::Bans,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Clock,
        ids::new_uuid,
    },
    db::{Db, Tx},
    effects::Inverse,
    events::Content,
    http::{Action, RateLimits},
    mod_actions,
    moderation::Moderation,
    notifications::Notifications,
    review::{Resolution, Review},
    warnings,
};

/// What the log says of a bot's answer that is taken back.
const REASON: &str = "What the plugin did was taken back.";

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
    parts: Parts,
}

impl Undos {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// What would be taken back. For admins.
    pub(super) async fn preview(&self, actor: &Actor, cause: Cause) -> Result<Undo, Error> {
        let (applied, held) = self.find_all(actor, &cause).await?;
        let mut outcome = Outcome::default();
        for effect in applied {
            let undone = !effect.is_settled;
            outcome.add(item(effect, undone));
        }
        held.into_iter().map(waiting).for_each(|item| outcome.add(item));
        Ok(Undo { id: None, cause, outcome, created_at: self.parts.clock.now() })
    }

    /// Takes it back. For admins.
    pub(super) async fn run(&self, actor: &Actor, cause: Cause) -> Result<Undo, Error> {
        let (applied, held) = self.find_all(actor, &cause).await?;
        let now = self.parts.clock.now();
        let id = new_uuid(now);
        let mut tx = self.parts.db.begin().await?;
        store::insert(&mut tx, id, (&cause, actor.id), now).await?;
        tx.commit().await?;
        let mut outcome = Outcome::default();
        for effect in applied {
            let undone = Box::pin(self.take_back(actor, id, &effect)).await?;
            outcome.add(item(effect, undone));
        }
        for held in held {
            let undone = self.let_through(actor, held).await?;
            outcome.add(Item { undone, ..waiting(held) });
        }
        let mut tx = self.parts.db.begin().await?;
        store::finish(&mut tx, id, &outcome, self.parts.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(
            by = actor.username, binding = %cause.binding, undo = %id,
            kept = outcome.kept, "what a binding did was taken back"
        );
        Ok(Undo { id: Some(id), cause, outcome, created_at: now })
    }

    /// A batch that was done. For admins.
    pub(super) async fn find(&self, actor: &Actor, id: Uuid) -> Result<Undo, Error> {
        only_admins(actor)?;
        store::find(&self.parts.db, id).await?.ok_or(Error::NotFound)
    }

    async fn find_all(
        &self,
        actor: &Actor,
        cause: &Cause,
    ) -> Result<(Vec<Applied>, Vec<Held>), Error> {
        only_admins(actor)?;
        self.parts.limits.check_actor(Action::Write, actor)?;
        let db = &self.parts.db;
        if !store::is_there(db, cause).await? {
            return Err(Error::NotFound);
        }
        let (mut applied, held) = (store::applied(db, cause).await?, store::held(db, cause).await?);
        // Before anything is taken back: that is a person's doing as well.
        let mut tx = db.begin().await?;
        for effect in &mut applied {
            effect.is_settled = is_settled(&mut tx, effect).await?;
        }
        Ok((applied, held))
    }

    /// Whether the effect was taken back; otherwise it is not as it was left.
    async fn take_back(&self, actor: &Actor, undo: Uuid, effect: &Applied) -> Result<bool, Error> {
        if effect.is_settled {
            return Ok(false);
        }
        let mut tx = self.parts.db.begin().await?;
        if !store::mark(&mut tx, undo, effect.id).await? {
            return Ok(false);
        }
        match self.reverse(&mut tx, Agent::Person(actor), effect.inverse).await {
            Ok(true) => {}
            Ok(false) | Err(Error::NotFound | Error::Conflict { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        for cause in [Some(effect.id), action(effect.inverse)].into_iter().flatten() {
            self.parts.notifications.correct(&mut tx, cause).await?;
        }
        tx.commit().await?;
        Ok(true)
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
            Inverse::Warning(id) => warnings::withdraw_in(tx, agent, id.into(), clock.now()).await,
            Inverse::Ban(id) => bans.lift_in(tx, agent, id.into()).await,
            Inverse::Reply(id) => {
                let (comment, reason) = (Content::Comment(id), Some(REASON.to_owned()));
                moderation.remove_in(tx, agent, comment, reason).await.map(|_| true)
            }
            Inverse::Notice => Ok(true),
        }
    }

    /// Whether what waits was let through; otherwise somebody was faster.
    async fn let_through(&self, actor: &Actor, held: Held) -> Result<bool, Error> {
        match self.parts.review.resolve(actor, held.item, Resolution::Approve, "").await {
            Ok(_) => Ok(true),
            Err(Error::NotFound | Error::Conflict { .. } | Error::TooMany { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether a person has decided about the content since.
async fn is_settled(tx: &mut Tx, effect: &Applied) -> Result<bool, Error> {
    match (effect.target, effect.inverse) {
        (Some(target), Inverse::Action(_)) => {
            // Content is looked up by its id, whatever its kind.
            mod_actions::is_decided_by_people(tx, Content::Post(target), effect.at).await
        }
        _ => Ok(false),
    }
}

fn action(inverse: Inverse) -> Option<Uuid> {
    match inverse {
        Inverse::Action(id) | Inverse::Warning(id) | Inverse::Ban(id) => Some(id),
        Inverse::Reply(_) | Inverse::Notice => None,
    }
}

fn item(effect: Applied, undone: bool) -> Item {
    Item { id: effect.id, kind: effect.kind, target: effect.target, undone }
}

fn waiting(held: Held) -> Item {
    let Held { item, target } = held;
    Item { id: item.0, kind: "hold".to_owned(), target: Some(target), undone: true }
}

fn only_admins(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("admins_only", "Only admins take back what plugins did."))
}
