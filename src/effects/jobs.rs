//! What plugins want done, settled: each effect once.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{Done, EffectState, NewEffect, Struck, Wish},
    rules::{self, Budget},
    service::Effects,
    store,
};
use crate::{
    base::{Error, ids::new_uuid},
    db::Tx,
    events::{Cause, Content, Event, Occurrence},
    hooks::{self, Effect},
    jobs,
};

/// The time that a budget is for.
const HOUR: Duration = Duration::from_hours(1);

impl Effects {
    /// Whether an event is one that effects come from.
    pub fn wants(event: &Event) -> bool {
        matches!(event, Event::EffectsWanted { .. })
    }

    /// Does what the plugins want that were asked about an event.
    pub async fn on_event(&self, occurrence: &Occurrence) -> Result<(), Error> {
        let Event::EffectsWanted { asked } = occurrence.event else { return Ok(()) };
        for wish in store::wishes(&self.parts.db, asked).await? {
            for (number, effect) in wish.effects.iter().enumerate() {
                Box::pin(self.settle(&wish, number, effect)).await?;
            }
        }
        Ok(())
    }

    /// Does an effect, or writes down why not; once.
    async fn settle(&self, wish: &Wish, number: usize, effect: &Effect) -> Result<(), Error> {
        let now = self.parts.clock.now();
        let mut tx = self.parts.db.begin().await?;
        if store::is_recorded(&mut tx, wish, number).await? {
            return Ok(());
        }
        let struck = find(&mut tx, wish, effect).await?;
        let (target, text) = self.cause(&mut tx, (wish, &struck)).await?;
        let name = target.map(|target| target.to_string()).unwrap_or_default();
        let once = rules::once(effect, (&name, text.as_deref()), now);
        let new = NewEffect { id: new_uuid(now), wish, number, effect, target, once };
        let settled = match self.attempt(&mut tx, &new, &struck).await {
            Ok(Done::Later) => {
                drop(tx);
                self.apply_judged(&new, &struck).await
            }
            Ok(done) => {
                let outcome = match done {
                    Done::Applied(inverse) => (EffectState::Applied, inverse, None),
                    Done::Queued | Done::Later => (EffectState::Queued, None, None),
                };
                store::insert(&mut tx, &new, outcome, now).await?;
                Ok(tx.commit().await?)
            }
            Err(error) => {
                drop(tx);
                Err(error)
            }
        };
        match settled {
            Err(error) if rules::is_refusal(&error) => self.refuse(&new, &error).await,
            settled => settled,
        }
    }

    async fn refuse(&self, new: &NewEffect<'_>, error: &Error) -> Result<(), Error> {
        let refused = (EffectState::Refused, None, Some(rules::reason(error)));
        let mut tx = self.parts.db.begin().await?;
        store::insert(&mut tx, new, refused, self.parts.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// The id of what is struck, and the text that this is tied to: its own, or
    /// that of what the event was about.
    async fn cause(
        &self,
        tx: &mut Tx,
        (wish, struck): (&Wish, &Struck),
    ) -> Result<(Option<Uuid>, Option<String>), Error> {
        let target = match struck {
            Struck::Content(content, facts) => {
                return Ok((Some(content.id()), Some(facts.text.clone())));
            }
            Struck::Account(account) => Some(account.0),
            Struck::Community(community) => Some(community.0),
            Struck::Missing | Struck::Nothing => None,
        };
        let Some(about) = wish.about else { return Ok((target, None)) };
        for content in [Content::Comment(about), Content::Post(about)] {
            if let Some(facts) = store::content(tx, content).await? {
                return Ok((target, Some(format!("{about} {}", facts.text))));
            }
        }
        Ok((target, None))
    }

    /// Holds an effect to what its binding may, and does it.
    async fn attempt(
        &self,
        tx: &mut Tx,
        new: &NewEffect<'_>,
        struck: &Struck,
    ) -> Result<Done, Error> {
        rules::may_do(new.wish, new.effect, struck)?;
        if store::has_acted(tx, new).await? {
            return Err(Error::conflict("acted_already", "The binding has done so."));
        }
        if rules::is_counted(new.effect.kind()) {
            let (now, limit) = (self.parts.clock.now(), new.wish.terms.effects_per_hour);
            let spent = store::spent(tx, new.wish, now.minus(HOUR)).await?;
            match rules::budget(limit, spent) {
                Budget::Left => {}
                Budget::Spent => return self.queue(tx, new, struck).await,
                Budget::Overspent => {
                    let spent = Event::BudgetSpent { binding: new.wish.terms.binding.0 };
                    jobs::publish(tx, &Occurrence::new(now, Cause::Server, spent)).await?;
                    return self.queue(tx, new, struck).await;
                }
            }
        }
        if matches!(new.effect, Effect::Reply(_) | Effect::Ban(_)) {
            return Ok(Done::Later);
        }
        self.apply(tx, new, struck).await.map(Done::Applied)
    }
}

/// Finds what an effect is done to.
async fn find(tx: &mut Tx, wish: &Wish, effect: &Effect) -> Result<Struck, Error> {
    if let Effect::SlowMode(hooks::SlowMode { post: None, .. }) = effect {
        return Ok(wish.community.map_or(Struck::Missing, Struck::Community));
    }
    let Some(target) = rules::target(effect) else { return Ok(Struck::Nothing) };
    let Ok(id) = Uuid::parse_str(target.id()) else { return Ok(Struck::Missing) };
    let content = match target {
        hooks::Target::Post(_) => Content::Post(id),
        hooks::Target::Comment(_) => Content::Comment(id),
        hooks::Target::Account(_) => {
            let there = store::username(tx, id.into()).await?.is_some();
            return Ok(if there { Struck::Account(id.into()) } else { Struck::Missing });
        }
    };
    let facts = store::content(tx, content).await?;
    Ok(facts.map_or(Struck::Missing, |facts| Struck::Content(content, facts)))
}
