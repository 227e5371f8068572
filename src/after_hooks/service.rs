//! Telling plugins what has happened.

use uuid::Uuid;

use super::{
    model::{Told, Whom},
    rules,
    store::{self, Deed},
};
use crate::{
    base::Error,
    db::Db,
    decisions::{DecisionTarget, Decisions, TargetKind},
    events::{Content, Event, Occurrence, Origin, Resolution},
    hooks::{self, Context, HookPoint, Hooks, Operation, Published, Purpose, Subject, Tick},
};

/// Tells plugins what has happened; cheap to clone.
#[derive(Clone)]
pub struct AfterHooks {
    db: Db,
    hooks: Hooks,
    decisions: Decisions,
}

impl AfterHooks {
    /// The feature.
    pub fn new(db: &Db, hooks: Hooks, decisions: Decisions) -> Self {
        Self { db: db.clone(), hooks, decisions }
    }

    /// Whether somebody is to be told of an event.
    pub fn wants(&self, event: &Event) -> bool {
        rules::hook(event).is_some_and(|hook| self.hooks.listens_anywhere(hook))
    }

    /// Tells those who are bound to the event's hook, if there is still something
    /// to tell.
    pub async fn on_event(&self, occurrence: &Occurrence) -> Result<(), Error> {
        match occurrence.event {
            Event::ContentPublished { content, edited } => {
                self.published(occurrence, content, Some(edited)).await
            }
            Event::ContentApproved { content } => self.published(occurrence, content, None).await,
            Event::ContentRemoved { content, by } => self.removed(occurrence, content, by).await,
            Event::AccountRegistered { account } => self.registered(occurrence, account).await,
            Event::ReportCreated { report } => {
                let report = store::report(&self.db, report).await?;
                self.done(occurrence, TargetKind::Report, report).await
            }
            Event::ModActionApplied { action } => {
                let action = store::action(&self.db, action).await?;
                self.done(occurrence, TargetKind::Action, action).await
            }
            Event::AppealSubmitted { appeal } => {
                let appeal = store::appeal(&self.db, appeal).await?;
                self.done(occurrence, TargetKind::Appeal, appeal).await
            }
            Event::DecisionOverridden { asked, resolution } => {
                self.overridden(occurrence, asked, resolution).await
            }
            Event::Ticked { previous } => {
                let previous = previous.and_then(|time| u64::try_from(time.0).ok());
                self.ticked(occurrence, &Tick { previous }).await
            }
            _ => Ok(()),
        }
    }

    async fn published(
        &self,
        occurrence: &Occurrence,
        content: Content,
        edited: Option<bool>,
    ) -> Result<(), Error> {
        let Some(text) = store::text(&self.db, content).await? else { return Ok(()) };
        if !text.is_published {
            return Ok(());
        }
        let is_edit = edited.unwrap_or(text.was_edited);
        let operation = if is_edit { Operation::Edit } else { Operation::Create };
        let told = Told {
            subject: Published(hooks::Content { operation, ..text.content }),
            place: Some(text.place),
            actor: Some(text.author),
            about: (kind(content), content.id()),
        };
        self.tell(occurrence, told, Whom::AllBut(occurrence.binding)).await
    }

    async fn removed(
        &self,
        occurrence: &Occurrence,
        content: Content,
        by: Origin,
    ) -> Result<(), Error> {
        let Some(text) = store::text(&self.db, content).await? else { return Ok(()) };
        let mut words = text.content;
        if text.is_deleted {
            words.title = words.title.map(|_| String::new());
            words.body.clear();
        }
        let reason = match by {
            Origin::Author => None,
            _ => store::removal_reason(&self.db, content.id()).await?,
        };
        let subject = hooks::Removed {
            content: words,
            author_id: text.author.to_string(),
            by: match by {
                Origin::Author => hooks::Origin::Author,
                Origin::Moderator | Origin::Ban => hooks::Origin::Moderator,
                Origin::Plugin => hooks::Origin::Plugin,
            },
            reason,
        };
        let actor = occurrence.actor.map(Into::into);
        let about = (kind(content), content.id());
        let told = Told { subject, place: Some(text.place), actor, about };
        self.tell(occurrence, told, Whom::AllBut(occurrence.binding)).await
    }

    async fn registered(&self, occurrence: &Occurrence, account: Uuid) -> Result<(), Error> {
        let domain = store::email_domain(&self.db, account.into()).await?;
        let Some(email_domain) = domain else { return Ok(()) };
        let told = Told {
            subject: hooks::Registered { email_domain },
            place: None,
            actor: Some(account.into()),
            about: (TargetKind::Account, account),
        };
        self.tell(occurrence, told, Whom::AllBut(occurrence.binding)).await
    }

    /// Something that has a row of its own.
    async fn done<S: Subject>(
        &self,
        occurrence: &Occurrence,
        kind: TargetKind,
        deed: Option<Deed<S>>,
    ) -> Result<(), Error> {
        let Some(Deed { what, about, actor, community }) = deed else { return Ok(()) };
        let place = store::place(&self.db, community).await?;
        let told = Told { subject: what, place, actor, about: (kind, about) };
        self.tell(occurrence, told, Whom::AllBut(occurrence.binding)).await
    }

    /// Each plugin is told of its own answer.
    async fn overridden(
        &self,
        occurrence: &Occurrence,
        asked: Uuid,
        resolution: Resolution,
    ) -> Result<(), Error> {
        for answered in store::answered(&self.db, asked).await? {
            let content = match answered.about {
                Some(about) => self.words(about).await?,
                None => None,
            };
            let told = Told {
                subject: hooks::Overridden {
                    decision_id: answered.decision.to_string(),
                    hook: answered.hook,
                    verdict: answered.verdict,
                    resolution: match resolution {
                        Resolution::Approved => hooks::Resolution::Approved,
                        Resolution::Removed => hooks::Resolution::Removed,
                    },
                    content,
                },
                place: store::place(&self.db, answered.community).await?,
                actor: occurrence.actor.map(Into::into),
                about: (TargetKind::Action, answered.about.unwrap_or(asked)),
            };
            let (binding, id) =
                (answered.binding.0, rules::part(occurrence.id, answered.binding.0));
            self.tell(occurrence, told, Whom::Only(vec![binding], id)).await?;
        }
        Ok(())
    }

    async fn words(&self, about: Uuid) -> Result<Option<hooks::Content>, Error> {
        for content in [Content::Comment(about), Content::Post(about)] {
            if let Some(text) = store::text(&self.db, content).await? {
                return Ok((!text.is_deleted).then_some(text.content));
            }
        }
        Ok(None)
    }

    /// Those who are bound to a community are told of a tick there.
    async fn ticked(&self, occurrence: &Occurrence, tick: &Tick) -> Result<(), Error> {
        for (scope, bindings) in self.hooks.bound(HookPoint::ScheduleTick) {
            let place = store::place(&self.db, scope.map(Into::into)).await?;
            let id = scope.map_or(occurrence.id, |scope| rules::part(occurrence.id, scope));
            let about = (TargetKind::Tick, id);
            let told = Told { subject: tick.clone(), place, actor: None, about };
            self.tell(occurrence, told, Whom::Only(bindings, id)).await?;
        }
        Ok(())
    }

    async fn tell<S: Subject>(
        &self,
        occurrence: &Occurrence,
        told: Told<S>,
        whom: Whom,
    ) -> Result<(), Error> {
        let Told { subject, place, actor, about } = told;
        let community = place.as_ref().map(|place| place.id);
        let scope = community.map(|community| community.0);
        if !self.hooks.listens(S::HOOK, scope) {
            return Ok(());
        }
        let who = match actor {
            Some(actor) => store::actor(&self.db, actor, community, occurrence.at).await?,
            None => None,
        };
        let id = match &whom {
            Whom::AllBut(_) => occurrence.id,
            Whom::Only(_, id) => *id,
        };
        let context = Context {
            event_id: id.to_string(),
            mode: Purpose::Enforce,
            time: u64::try_from(occurrence.at.0).unwrap_or(0),
            community: place.map(|place| place.slug),
            actor: who,
        };
        let input = || (context, subject);
        let outcome = match whom {
            Whom::AllBut(binding) => self.hooks.ask_others(scope, binding, input).await,
            Whom::Only(bindings, _) => self.hooks.ask_only(scope, &bindings, input).await,
        };
        let Some(outcome) = outcome else { return Ok(()) };
        let target = DecisionTarget { kind: about.0, id: about.1, community, actor };
        let mut tx = self.db.begin().await?;
        self.decisions.record(&mut tx, &target, &outcome).await?;
        Ok(tx.commit().await?)
    }
}

fn kind(content: Content) -> TargetKind {
    match content {
        Content::Post(_) => TargetKind::Post,
        Content::Comment(_) => TargetKind::Comment,
    }
}
