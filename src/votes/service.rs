//! Casting a vote.

use std::sync::Arc;

use super::{
    model::{Ballot, Cast, Subject, VoteValue},
    rules, store,
};
use crate::{
    base::{Error, actor::Actor},
    db::{Db, Tx},
    decisions::{DecisionTarget, TargetKind},
    hooks,
    http::{Action, RateLimits},
    posts::Posts,
    publishing::{self, Publishing, Tallies},
};

/// What votes are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub limits: Arc<RateLimits>,
    pub posts: Posts,
    pub publishing: Publishing,
}

/// Votes; cheap to clone.
#[derive(Clone)]
pub struct Votes {
    parts: Parts,
}

impl Votes {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Makes the actor's vote what they want it to be; the tallies then.
    pub async fn cast(
        &self,
        actor: &Actor,
        subject: Subject,
        value: VoteValue,
    ) -> Result<Tallies, Error> {
        let Parts { db, limits, publishing, .. } = &self.parts;
        limits.check_actor(Action::Vote, actor).await?;
        let ballot =
            store::ballot(db, actor, subject, publishing.now()).await?.ok_or(Error::NotFound)?;
        self.check(actor, &ballot).await?;
        if ballot.value == value {
            return Ok(ballot.tallies);
        }
        let target = DecisionTarget {
            kind: TargetKind::Vote,
            id: subject.id(),
            community: Some(ballot.ground.community),
            actor: Some(actor.id),
        };
        let vote = || vote(&ballot, value);
        let asked = publishing.judge_vote(actor, &ballot.ground.place(), vote, target).await?;

        let mut tx = db.begin().await?;
        let mut tallies = self.write(&mut tx, actor, &ballot, value).await?;
        if tallies.is_none() {
            // Somebody was faster. What is read now stays as it is until the end.
            drop(tx);
            tx = db.begin().await?;
            tallies = Some(self.write_as_it_stands(&mut tx, actor, subject, value).await?);
        }
        if let Some(asked) = &asked {
            publishing.record_vote(&mut tx, asked).await?;
        }
        tx.commit().await?;
        Ok(tallies.unwrap_or_default())
    }

    async fn check(&self, actor: &Actor, ballot: &Ballot) -> Result<(), Error> {
        match rules::may_cast(ballot) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.parts.posts.refused(actor, &ballot.ground, refusal).await),
        }
    }

    /// Writes the vote, the tallies and the author's score; `None` when
    /// something is no longer as the ballot says.
    async fn write(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        ballot: &Ballot,
        value: VoteValue,
    ) -> Result<Option<Tallies>, Error> {
        let change = value.number() - ballot.value.number();
        let after = ballot.tallies.after(ballot.value.number(), value.number());
        let hot = publishing::hot(after.score(), ballot.created_at);
        let now = self.parts.publishing.now();
        // Nobody gains by what they think of themselves.
        let gain = if ballot.author == actor.id { 0 } else { change };
        let written = store::set(tx, actor, ballot, value, now).await?
            && store::tally(tx, ballot, (after, hot), gain).await?;
        Ok(written.then_some(after))
    }

    async fn write_as_it_stands(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        subject: Subject,
        value: VoteValue,
    ) -> Result<Tallies, Error> {
        let now = self.parts.publishing.now();
        let ballot = store::ballot_within(tx, actor, subject, now).await?.ok_or(Error::NotFound)?;
        self.check(actor, &ballot).await?;
        if ballot.value == value {
            return Ok(ballot.tallies);
        }
        self.write(tx, actor, &ballot, value)
            .await?
            .ok_or_else(|| Error::internal("a vote changed under its own transaction"))
    }
}

/// Takes a vote back, as part of `tx`, whoever may vote there by now; `false` when it is
/// not there any more.
pub async fn take_back_in(tx: &mut Tx, cast: Cast) -> Result<bool, Error> {
    Ok(store::delete(tx, cast).await? && recount(tx, cast, (cast.value, 0)).await?)
}

/// Puts a vote back that was taken back, as part of `tx`; `false` when the account has
/// voted since, or there is nothing to vote on any more.
pub async fn put_back_in(tx: &mut Tx, cast: Cast) -> Result<bool, Error> {
    Ok(store::insert(tx, cast).await? && recount(tx, cast, (0, cast.value)).await?)
}

/// Counts a vote that has changed, for the content and for its author. Whether there is
/// such content.
async fn recount(tx: &mut Tx, cast: Cast, (was, is): (i64, i64)) -> Result<bool, Error> {
    let Some(counted) = store::counted(tx, cast.content).await? else { return Ok(false) };
    let after = counted.tallies.after(was, is);
    let hot = publishing::hot(after.score(), counted.created_at);
    // Nobody gains by what they think of themselves.
    let gain = if counted.author == cast.account { 0 } else { is - was };
    store::recount(tx, &counted, (after, hot), gain).await?;
    Ok(true)
}

fn vote(ballot: &Ballot, value: VoteValue) -> hooks::Vote {
    hooks::Vote {
        kind: ballot.subject.kind(),
        content_id: ballot.subject.id().to_string(),
        author_id: ballot.author.to_string(),
        previous: ballot.value.small(),
        value: value.small(),
    }
}
