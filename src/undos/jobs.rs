//! Taking back what a binding did. Each piece is settled in one transaction with
//! the note that it was, so that a batch that is broken off goes on where it was
//! and takes nothing back twice.

use std::time::Duration;

use uuid::Uuid;

use super::{
    model::{Asked, Fate, Order, Piece, Reason, Thing},
    rules,
    service::{Parts, Undos},
    store,
};
use crate::{
    accounts, appeals, attachments,
    base::{
        Error,
        actor::{Actor, Agent},
        markdown,
    },
    content_removals,
    db::{Db, Tx},
    digests,
    effects::Inverse,
    events::{Content, Event, Occurrence, Resolution},
    hooks::{self, ContentKind},
    jobs::{self, Failure, Job},
    notifications::{Kind, NewNotification},
    publishing::{self, Refused, Revision, Terms},
    reports, warnings,
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
/// What authors are told whose words are back.
const WORDS_ARE_BACK: &str =
    "A rule had changed your text. That was undone: the text is as you wrote it.";

/// Who takes something back, and as part of which batch.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) actor: &'a Actor,
    pub(super) order: &'a Order,
}

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
        let by = By { actor: &actor, order: &order };
        while let Some(percent) = self.round(db, by).await? {
            job.progress(percent).await?;
        }
        Ok(())
    }

    /// Settles some pieces more. How far that is, in percent; `None` when
    /// nothing is left.
    async fn round(&self, db: &Db, by: By<'_>) -> Result<Option<u32>, Error> {
        let order = by.order;
        let mut tx = db.begin().await?;
        let pieces = store::next(&mut tx, order.id, ROUND).await?;
        let bodies = bodies(&mut tx, order, &pieces).await?;
        drop(tx);
        // The transactions of the pieces find their texts rendered.
        for body in bodies {
            markdown::render(&body).await.ok();
        }
        for piece in &pieces {
            let mut tx = db.begin().await?;
            // Otherwise another attempt at this job has settled it: nothing is done twice.
            if Box::pin(self.settle(&mut tx, by, piece)).await? {
                tx.commit().await?;
            }
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

    /// Settles the newest pieces of a batch in one transaction, at most so many: for
    /// a preview, which is rolled back.
    pub(super) async fn try_out(&self, tx: &mut Tx, by: By<'_>, most: u32) -> Result<(), Error> {
        for piece in store::next(tx, by.order.id, most).await? {
            Box::pin(self.settle(tx, by, &piece)).await?;
        }
        Ok(())
    }

    /// Takes a piece back, or notes why it stays as it is; whether that was still to be
    /// done.
    async fn settle(&self, tx: &mut Tx, by: By<'_>, piece: &Piece) -> Result<bool, Error> {
        tx.begin_part().await?;
        let fate = match self.take_back(tx, by, piece.thing).await {
            Ok(fate) => fate,
            Err(error) => Fate::Kept(rules::reason(&error).ok_or(error)?),
        };
        tx.end_part(matches!(fate, Fate::Undone { .. })).await?;
        Ok(store::settle(tx, (by.order.id, piece.number), fate).await?)
    }

    async fn take_back(&self, tx: &mut Tx, by: By<'_>, thing: Thing) -> Result<Fate, Error> {
        let Parts { review, webhooks, .. } = &self.parts;
        match thing {
            Thing::Effect(effect, inverse) => self.reverse_effect(tx, by, (effect, inverse)).await,
            Thing::Report { effect, target } => {
                let is_withdrawn = store::mark(tx, by.order.id, effect).await?
                    && reports::withdraw_in(tx, target, &by.order.plugin).await?;
                Ok(if is_withdrawn { UNDONE } else { Fate::Kept(Reason::ChangedSince) })
            }
            Thing::Webhook(effect) => {
                let is_cancelled = store::mark(tx, by.order.id, effect).await?
                    && webhooks.cancel_in(tx, effect).await?;
                Ok(if is_cancelled { UNDONE } else { Fate::Kept(Reason::WebhookDelivered) })
            }
            Thing::Held(item) => {
                let held = store::held(tx, item).await?.ok_or(Error::NotFound)?;
                match (held.is_superseded, held.waits_still) {
                    (true, true) => return Ok(Fate::Kept(Reason::NewerWaits)),
                    // A newer text of it has been let through.
                    (true, false) => return Ok(UNDONE),
                    (false, _) => review.approve_in(tx, by.actor, item).await?,
                }
                let Some(author) = held.author else { return Ok(UNDONE) };
                let mailed = digests::told_of_hold(tx, author, held.target).await?;
                Ok(Fate::Undone { mailed })
            }
            Thing::Refused { decision, asked } => {
                self.publish_refused(tx, by, (decision, asked)).await
            }
            Thing::Rewritten { asked } => self.put_back_words(tx, by, asked).await,
            Thing::Removed(item) => self.put_back(tx, by, item).await,
        }
    }

    /// Takes an effect back, corrects what people were told of it, and grants an
    /// appeal against it that waits.
    async fn reverse_effect(
        &self,
        tx: &mut Tx,
        By { actor, order }: By<'_>,
        (effect, inverse): (Uuid, Inverse),
    ) -> Result<Fate, Error> {
        let now = self.parts.clock.now();
        if let Some(action) = action(inverse)
            && appeals::grant_in(tx, actor, action, now).await?
        {
            return Ok(Fate::Kept(Reason::DecidedByPerson));
        }
        let is_taken_back = store::mark(tx, order.id, effect).await?
            && self.reverse(tx, Agent::Person(actor), inverse).await?;
        if !is_taken_back {
            return Ok(Fate::Kept(Reason::ChangedSince));
        }
        let mut mailed: i64 = 0;
        for cause in [Some(effect), action(inverse)].into_iter().flatten() {
            mailed = mailed.saturating_add(digests::told_because(tx, cause).await?);
            self.parts.notifications.correct(tx, cause).await?;
        }
        Ok(Fate::Undone { mailed })
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

    /// Gives back what was removed with a ban, if nobody has decided otherwise since.
    async fn put_back(&self, tx: &mut Tx, by: By<'_>, item: Uuid) -> Result<Fate, Error> {
        let removed = content_removals::removed(tx, item).await?.ok_or(Error::NotFound)?;
        let done = match removed.action {
            Some(action) => {
                if appeals::grant_in(tx, by.actor, action.0, self.parts.clock.now()).await? {
                    return Ok(Fate::Kept(Reason::DecidedByPerson));
                }
                self.parts.moderation.take_back_in(tx, Agent::Person(by.actor), action).await?
            }
            None => content_removals::put_vote_back(tx, &removed).await?,
        };
        Ok(if done { UNDONE } else { Fate::Kept(Reason::ChangedSince) })
    }

    /// Publishes a refused text in its author's name, at the time and place that it was
    /// written for, as the other plugins wanted it: held, or with other words.
    async fn publish_refused(
        &self,
        tx: &mut Tx,
        By { actor, order }: By<'_>,
        (decision, asked): (Uuid, Uuid),
    ) -> Result<Fate, Error> {
        let Parts { posts, comments, clock, .. } = &self.parts;
        let found = store::asked(tx, asked, order.cause).await?;
        let Some((asked, wrote)) = found.and_then(|mut asked| {
            let wrote = asked.wrote.take()?;
            Some((asked, wrote))
        }) else {
            return Ok(Fate::Kept(Reason::TextExpired));
        };
        if appeals::grant_in(tx, actor, decision, clock.now()).await? {
            return Ok(Fate::Kept(Reason::DecidedByPerson));
        }
        let Some((author, true)) = accounts::find_actor(tx, asked.author).await? else {
            return Ok(Fate::Kept(Reason::AuthorGone));
        };
        let content = match rules::without(&wrote, &asked.answers) {
            Ok(content) => content,
            Err(reason) => return Ok(Fate::Kept(reason)),
        };
        if store::is_posted_again(tx, (asked.author, asked.community), &content).await? {
            return Ok(Fate::Kept(Reason::PostedAgain));
        }
        let id: Uuid = wrote.id.parse().map_err(Error::internal)?;
        if store::is_edit_waiting(tx, id, asked.at).await? {
            return Ok(Fate::Kept(Reason::NewerWaits));
        }
        let refused = refused(tx, &asked, content).await?;
        let done = match wrote.kind {
            ContentKind::Post => {
                let approved = posts.overrule(tx, (actor, &author), &refused).await?;
                posts.publish(tx, &author, &approved).await?
            }
            ContentKind::Comment => {
                let approved = comments.overrule(tx, (actor, &author), &refused).await?;
                comments.publish(tx, &author, &approved).await?
            }
        };
        if !done {
            return Ok(Fate::Kept(Reason::ChangedSince));
        }
        let resolution = Resolution::Approved;
        let overridden = Event::DecisionOverridden { asked: asked.id, resolution };
        jobs::publish(tx, &Occurrence::new(clock.now(), actor, overridden)).await?;
        Ok(UNDONE)
    }

    /// Gives a text that the plugin changed its author's words back, if they are known
    /// and nobody has edited the text since.
    async fn put_back_words(
        &self,
        tx: &mut Tx,
        By { actor, order }: By<'_>,
        asked: Uuid,
    ) -> Result<Fate, Error> {
        let Parts { posts, comments, clock, notifications, .. } = &self.parts;
        let found = store::asked(tx, asked, order.cause).await?;
        let Some(asked) = found else { return Ok(Fate::Kept(Reason::TextExpired)) };
        let Some(wrote) = &asked.wrote else { return Ok(Fate::Kept(Reason::TextExpired)) };
        let text = match rules::without(wrote, &asked.answers) {
            Ok(text) => text,
            Err(reason) => return Ok(Fate::Kept(reason)),
        };
        let made = rules::made(wrote, &asked.answers);
        let id: Uuid = wrote.id.parse().map_err(Error::internal)?;
        let (done, content) = match wrote.kind {
            ContentKind::Post => {
                (posts.put_back_text(tx, (&made, &text)).await?, Content::Post(id))
            }
            ContentKind::Comment => {
                (comments.put_back_text(tx, (&made, &text)).await?, Content::Comment(id))
            }
        };
        let words = (&revision(&made), &revision(&text));
        if !done && !publishing::replace_pending(tx, id, words).await? {
            return Ok(Fate::Kept(Reason::EditedSince));
        }
        if done {
            let event = Event::ContentPublished { content, edited: true };
            jobs::publish(tx, &Occurrence::new(clock.now(), actor, event)).await?;
        }
        let told = NewNotification {
            recipient: asked.author,
            kind: Kind::Notice,
            content: Some(content),
            binding: None,
            community: Some(asked.community),
            actor: None,
            values: vec![hooks::Feature { name: "text".into(), value: WORDS_ARE_BACK.into() }],
            cause: asked.id,
        };
        notifications.notify(tx, told).await?;
        Ok(UNDONE)
    }
}

/// Taken back, and told of in no mail.
const UNDONE: Fate = Fate::Undone { mailed: 0 };

/// A refused text as it is to be let through.
async fn refused(tx: &mut Tx, asked: &Asked, content: hooks::Content) -> Result<Refused, Error> {
    let (written_at, held) = (Some(asked.at), rules::held_by_others(asked.id, &asked.answers));
    Ok(Refused {
        content,
        community: asked.slug.clone(),
        media: attachments::refused(tx, asked.id).await?,
        at: asked.at,
        terms: Terms { written_at, held },
    })
}

fn revision(text: &hooks::Content) -> Revision {
    Revision { title: text.title.clone(), body: text.body.clone(), media: None }
}

fn action(inverse: Inverse) -> Option<Uuid> {
    match inverse {
        Inverse::Action(id) | Inverse::Warning(id) | Inverse::Ban(id) => Some(id),
        Inverse::Reply(_) | Inverse::Notice => None,
    }
}

/// The bodies of the texts that taking pieces back publishes.
async fn bodies(tx: &mut Tx, order: &Order, pieces: &[Piece]) -> Result<Vec<String>, Error> {
    let mut bodies = Vec::new();
    for piece in pieces {
        let body = match piece.thing {
            Thing::Held(item) => match store::held(tx, item).await? {
                Some(held) => publishing::pending_body(tx, held.target).await?,
                None => None,
            },
            Thing::Refused { asked, .. } | Thing::Rewritten { asked } => {
                let asked = store::asked(tx, asked, order.cause).await?;
                asked.and_then(|asked| {
                    let text = rules::without(asked.wrote.as_ref()?, &asked.answers);
                    text.ok().map(|text| text.body)
                })
            }
            _ => None,
        };
        bodies.extend(body);
    }
    Ok(bodies)
}
