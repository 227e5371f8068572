//! Appealing, and deciding appeals.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Against, Appeal, AppealState},
    rules, store,
};
use crate::{
    bans::Bans,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::AppealId,
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    events::{Event, Occurrence},
    http::{Action, RateLimits},
    jobs,
    moderation::Moderation,
    warnings,
};

/// What appeals are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub bans: Bans,
    pub moderation: Moderation,
}

/// Appeals; cheap to clone.
#[derive(Clone)]
pub struct Appeals {
    parts: Parts,
}

impl Appeals {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Appeals against what struck the actor: once, while it stands.
    pub(super) async fn submit(
        &self,
        actor: &Actor,
        subject: (Against, Uuid),
        text: &str,
    ) -> Result<Appeal, Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Appeal, actor)?;
        let now = clock.now();
        let mut tx = db.begin().await?;
        let strike = store::strike(&mut tx, subject, now).await?;
        let open = store::count_open(&mut tx, actor.id).await?;
        let strike = rules::may_appeal(actor.id, strike, open)?;
        let text = rules::parse_text(text)?;
        let id = AppealId::new(now);
        match store::insert(&mut tx, id, subject, (&strike, &text), now).await {
            Err(error) if error.is_unique("appeals.subject_id") => {
                return Err(Error::conflict("already_appealed", "You have appealed against it."));
            }
            other => other?,
        }
        let event = Event::AppealSubmitted { appeal: id.0 };
        jobs::publish(&mut tx, &Occurrence::new(now, actor, event)).await?;
        let appeal = store::find(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(appeal)
    }

    /// The actor's appeals, and those that are theirs to decide.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        state: Option<AppealState>,
        page: &PageRequest<AppealId>,
    ) -> Result<Page<Appeal>, Error> {
        let appeals = store::list(&self.parts.db, actor, state, page).await?;
        Ok(Page::cut(appeals, page.limit, |appeal| appeal.id))
    }

    /// Decides an appeal: what is granted is reversed with it or not at all.
    pub(super) async fn decide(
        &self,
        actor: &Actor,
        id: AppealId,
        (grant, note): (bool, &str),
    ) -> Result<Appeal, Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor)?;
        let now = clock.now();
        let mut tx = db.begin().await?;
        let appeal = store::find(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        if !appeal.is_staff {
            return Err(Error::forbidden("staff_only", "Somebody else decides your appeal."));
        }
        rules::may_decide(appeal.state)?;
        let note = rules::parse_note(note)?;
        if grant {
            self.reverse(&mut tx, actor, &appeal, now).await?;
        }
        let state = if grant { AppealState::Granted } else { AppealState::Denied };
        if !store::decide(&mut tx, actor, (id, state), note, now).await? {
            return rules::may_decide(state).map(|()| appeal);
        }
        let event = Event::AppealDecided { appeal: id.0 };
        jobs::publish(&mut tx, &Occurrence::new(now, actor, event)).await?;
        let decided = store::find(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(decided)
    }

    /// Reverses what is appealed: in the log, and with its events.
    async fn reverse(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        appeal: &Appeal,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (agent, subject) = (Agent::Person(actor), appeal.subject);
        let strike = store::strike(tx, (appeal.against, subject), now).await?;
        let strike = strike.filter(|strike| strike.stands).ok_or_else(rules::nothing_to_reverse)?;
        let done = match appeal.against {
            Against::Ban => self.parts.bans.lift_in(tx, agent, subject.into()).await?,
            Against::Warning => warnings::withdraw_in(tx, agent, subject.into(), now).await?,
            Against::Removal => {
                let content = strike.content.ok_or(Error::NotFound)?;
                self.parts.moderation.restore_in(tx, agent, content).await.map(|_| true)?
            }
            Against::Rejection => return Err(rules::not_kept()),
        };
        if done { Ok(()) } else { Err(rules::nothing_to_reverse()) }
    }
}
