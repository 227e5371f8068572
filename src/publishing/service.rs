//! Asking plugins about a text, and putting what they said on record.

use uuid::Uuid;

use super::{
    model::{ContentState, Place, Revision, Terms},
    rules, store,
};
use crate::{
    attachments::{self, Attachments, Use},
    bans::Standing,
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{AccountId, CommunityId, new_uuid},
        markdown,
    },
    db::{Db, Tx},
    decisions::{AuthorDecision, DecisionTarget, Decisions, TargetKind},
    events::{Cause, Event, Occurrence},
    frozen_copies,
    hooks::{self, Content, Context, Hooks, Merged, Outcome, Role},
    jobs,
};

/// The way to publication; cheap to clone.
#[derive(Clone)]
pub struct Publishing {
    db: Db,
    clock: Clock,
    hooks: Hooks,
    decisions: Decisions,
}

/// A text that may go on, and what plugins said of it.
#[derive(Debug)]
pub struct Judged {
    /// What to store: the text with what plugins changed.
    pub content: Content,
    /// Published, or held for a moderator.
    pub state: ContentState,
    /// What plugins said; `None` when none was asked.
    outcome: Option<Outcome<Content>>,
    pub(super) target: DecisionTarget,
    /// How a person lets it through though policies refused it.
    pub(super) overruled: Option<Terms>,
    /// Whose doing it is.
    cause: Cause,
}

impl Judged {
    /// The id that the content has or will have.
    pub fn id(&self) -> Uuid {
        self.target.id
    }

    /// Whether it waits for a moderator while the published text stands.
    pub fn waits(&self) -> bool {
        self.target.kind == TargetKind::Edit && self.state == ContentState::Held
    }

    /// When the text counts as written; `None` is now.
    pub fn written_at(&self) -> Option<Timestamp> {
        self.overruled.as_ref()?.written_at
    }

    /// Why it waits, if it does.
    pub fn reason(&self) -> Option<&str> {
        match self.outcome.as_ref().map(|outcome| &outcome.verdict) {
            Some(Merged::Hold { reason }) => Some(reason),
            _ => None,
        }
    }

    /// What its author may know of the decisions.
    pub fn told(&self) -> Vec<AuthorDecision> {
        self.outcome
            .as_ref()
            .map(|outcome| AuthorDecision::list(&outcome.decisions))
            .unwrap_or_default()
    }
}

impl Publishing {
    /// The feature.
    pub fn new(db: Db, clock: Clock, hooks: Hooks, decisions: Decisions) -> Self {
        Self { db, clock, hooks, decisions }
    }

    /// What time it is for content.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks plugins about a text that its author wants to publish. A text that is too
    /// large to render is refused. A refusal by plugins is recorded with the pictures that
    /// were wanted, and becomes an error. `recheck` holds the text as a plugin changed it to
    /// the rules of what people write.
    pub async fn judge(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        (kind, content, wanted): (TargetKind, Content, Option<&Attachments>),
        recheck: impl Fn(&Content) -> Result<(), Error> + Send,
    ) -> Result<Judged, Error> {
        let now = self.clock.now();
        markdown::render(&content.body).await.map_err(|_| rules::too_complex())?;
        let id = content.id.parse().map_err(Error::internal)?;
        let (community, by) = (Some(place.community), Some(actor.id));
        let target = DecisionTarget { kind, id, community, actor: by };
        let input = || (context(actor, place, now), content.clone());
        let recheck =
            move |content: &Content| recheck(content).map_err(|error| rules::words(&error));
        let (scope, by_bot) = (Some(place.community.0), actor.bot_of.map(|binding| binding.0));
        let asked = self.hooks.ask_others_checked(scope, by_bot, input, recheck).await;
        let Some(outcome) = asked else {
            let state = ContentState::Published;
            let cause = actor.into();
            return Ok(Judged { content, state, outcome: None, target, overruled: None, cause });
        };
        match rules::settle(&outcome.verdict) {
            Ok(state) => {
                let (content, cause) = (outcome.subject.clone(), actor.into());
                // The transaction finds the text rendered, also where a plugin changed it.
                markdown::render(&content.body).await.ok();
                let (outcome, overruled) = (Some(outcome), None);
                Ok(Judged { content, state, outcome, target, overruled, cause })
            }
            Err(refusal) => {
                self.record_refusal(&target, &outcome, wanted).await?;
                Err(rules::with_decision(refusal, outcome.decided_by))
            }
        }
    }

    /// Records a refusal, and which pictures an appeal brings back.
    async fn record_refusal(
        &self,
        target: &DecisionTarget,
        outcome: &Outcome<Content>,
        wanted: Option<&Attachments>,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.decisions.record(&mut tx, target, outcome).await?;
        let asked = outcome.decisions.first();
        if let (Some(asked), Some(author), Some(wanted)) = (asked, target.actor, wanted) {
            let asked = asked.event_id.parse().map_err(Error::internal)?;
            attachments::keep_refused(&mut tx, author, wanted, asked, self.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A text that policies refused and `by` lets through: nobody is asked again.
    pub fn overrule(
        by: &Actor,
        (author, community): (&Actor, CommunityId),
        (kind, content): (TargetKind, Content),
        terms: Terms,
    ) -> Result<Judged, Error> {
        let id = content.id.parse().map_err(Error::internal)?;
        let (community, actor) = (Some(community), Some(author.id));
        let target = DecisionTarget { kind, id, community, actor };
        let is_held = terms.held.is_some();
        let state = if is_held { ContentState::Held } else { ContentState::Published };
        let (outcome, overruled, cause) = (None, Some(terms), by.into());
        Ok(Judged { content, state, outcome, target, overruled, cause })
    }

    /// Asks plugins about a vote; a refusal is recorded and becomes an error.
    /// What is returned is to be recorded with the vote.
    pub async fn judge_vote(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        vote: impl FnOnce() -> hooks::Vote + Send,
        target: DecisionTarget,
    ) -> Result<Option<(DecisionTarget, Outcome<hooks::Vote>)>, Error> {
        let now = self.clock.now();
        let input = || (context(actor, place, now), vote());
        let asked = self.hooks.ask(Some(place.community.0), input).await;
        let Some(outcome) = asked else { return Ok(None) };
        if let Err(refusal) = rules::settle(&outcome.verdict) {
            self.decisions.record_refusal(&target, &outcome).await?;
            return Err(refusal);
        }
        Ok(Some((target, outcome)))
    }

    /// Records what plugins said, with the text, and that it happened.
    pub async fn record(&self, tx: &mut Tx, judged: &Judged) -> Result<(), Error> {
        if let Some(outcome) = &judged.outcome {
            self.decisions.record(tx, &judged.target, outcome).await?;
        }
        if let Some(held) = judged.overruled.as_ref().and_then(|terms| terms.held.as_ref()) {
            self.decisions.hold(tx, &judged.target, Some(held.asked), &held.reason).await?;
        }
        match rules::happened(judged) {
            Some(event) => self.announce(tx, judged.cause, event).await,
            None => Ok(()),
        }
    }

    /// Tells that content was published, held or taken back.
    pub async fn announce(
        &self,
        tx: &mut Tx,
        cause: impl Into<Cause>,
        event: Event,
    ) -> Result<(), Error> {
        Ok(jobs::publish(tx, &Occurrence::new(self.now(), cause, event)).await?)
    }

    /// Records what plugins said, with the vote.
    pub async fn record_vote(
        &self,
        tx: &mut Tx,
        (target, outcome): &(DecisionTarget, Outcome<hooks::Vote>),
    ) -> Result<(), Error> {
        self.decisions.record(tx, target, outcome).await
    }

    /// Lets an edit wait for a moderator, with the pictures that its author wants,
    /// in place of one that waits already.
    pub async fn put_pending(
        &self,
        tx: &mut Tx,
        judged: &Judged,
        text: Revision,
        (author, usage, wanted): (AccountId, Use, Option<&Attachments>),
    ) -> Result<(), Error> {
        let (now, content) = (self.now(), judged.target.id);
        let id = new_uuid(now);
        store::drop_pending(tx, content, now).await?;
        store::insert_pending(tx, (id, content), text, now).await?;
        if let Some(wanted) = wanted {
            attachments::wait(tx, (author, usage), wanted, id, now).await?;
        }
        self.record(tx, judged).await
    }

    /// Keeps the text that an edit replaced, and closes the item of an edit that was to
    /// replace it. When the new text waits again, its item takes the place of the old
    /// text's.
    pub async fn put_past(
        &self,
        tx: &mut Tx,
        judged: &Judged,
        (old, had_pending): (Revision, bool),
    ) -> Result<(), Error> {
        let id = judged.target.id;
        store::keep_past(tx, id, old, self.now()).await?;
        if had_pending {
            store::drop_pending(tx, id, self.now()).await?;
            self.decisions.supersede_edit(tx, id).await?;
        }
        self.record(tx, judged).await
    }

    /// Deletes what is kept beside content that its author deletes: its pictures, the edit
    /// that waits, and its words in the record of decisions. The text itself is erased
    /// later. Open items stay open, with frozen copies: who reported it has a right to a
    /// decision.
    pub async fn forget(&self, tx: &mut Tx, content: Uuid) -> Result<(), Error> {
        store::note_deleted(tx, content, self.now()).await?;
        frozen_copies::freeze_open(tx, content, self.now()).await?;
        attachments::erase_of(tx, content, self.now()).await?;
        store::drop_pending(tx, content, self.now()).await?;
        self.decisions.erase(tx, content).await
    }
}

/// What plugins are told of a deed of `actor` in a place.
pub fn context(actor: &Actor, place: &Place<'_>, now: Timestamp) -> Context {
    Context::now(Some(person(actor, place.standing, now)), Some(place.slug), now)
}

/// What plugins are told of somebody.
pub fn person(actor: &Actor, standing: Standing, now: Timestamp) -> hooks::Actor {
    hooks::Actor::of(actor, role(actor, standing), now)
}

fn role(actor: &Actor, standing: Standing) -> Role {
    if actor.is_admin() {
        Role::Admin
    } else if standing.moderates {
        Role::Moderator
    } else {
        Role::Member
    }
}
