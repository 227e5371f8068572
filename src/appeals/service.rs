//! Appealing, and deciding appeals.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Against, Appeal, AppealState, Decided, Ready, ReadyText, Rejection},
    rules,
    store::{self, Ruling},
};
use crate::{
    accounts, attachments,
    bans::Bans,
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{AppealId, CommunityId},
        markdown,
        page::{Page, PageRequest},
    },
    comments::Comments,
    db::{Db, Tx},
    events::{Event, Occurrence, Resolution},
    hooks::ContentKind,
    http::{Action, RateLimits},
    jobs,
    mod_actions::{self, ActionKind, Matter, NewAction, Target},
    moderation::Moderation,
    posts::Posts,
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
    pub posts: Posts,
    pub comments: Comments,
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
        limits.check_actor(Action::Appeal, actor).await?;
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
        limits.check_actor(Action::Write, actor).await?;
        let now = clock.now();
        let mut tx = db.begin().await?;
        let appeal = may_decide(&mut tx, actor, id).await?;
        let note = rules::parse_note(note)?;
        let matter = matter(&mut tx, &appeal, now).await?;
        let rejected = match appeal.against {
            Against::Rejection if grant => store::rejection(&mut tx, appeal.subject).await?,
            _ => None,
        };
        drop(tx);
        let own_matter = mod_actions::may_decide(db, actor, &matter).await?;
        if let Some(refused) = rejected.and_then(|rejected| rejected.refused) {
            // The transaction that publishes the text finds it rendered.
            markdown::render(&refused.content.body).await.ok();
        }
        let mut tx = db.begin().await?;
        may_decide(&mut tx, actor, id).await?;
        let mut ready = None;
        if grant && appeal.against == Against::Rejection {
            let (rejection, author) = rejection(&mut tx, appeal.subject, now).await?;
            let checked = self.check(&mut tx, (actor, author), rejection).await;
            ready = Some(checked.map_err(rules::not_publishable)?);
        }
        if grant {
            self.reverse(&mut tx, actor, (&appeal, ready), note.clone()).await?;
        } else {
            let strike = store::strike(&mut tx, (appeal.against, appeal.subject), now).await?;
            let community = strike.and_then(|strike| strike.community);
            let denied = decided(ActionKind::DenyAppeal, &appeal, community, note.clone());
            mod_actions::record(&mut tx, Agent::Person(actor), &denied, now).await?;
        }
        let state = if grant { AppealState::Granted } else { AppealState::Denied };
        let ruling = Ruling { state, note, own_matter };
        if !store::decide(&mut tx, actor, id, ruling, now).await? {
            return rules::may_decide(state).map(|()| appeal);
        }
        let event = Event::AppealDecided { appeal: id.0 };
        jobs::publish(&mut tx, &Occurrence::new(now, actor, event)).await?;
        let decided = store::find(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(decided)
    }

    /// The decision on an appeal, once there is one.
    pub async fn decided(db: &Db, id: AppealId) -> Result<Option<Decided>, Error> {
        Ok(store::decided(db, id).await?)
    }

    /// Checks a refused text as its author would send it now.
    async fn check(
        &self,
        tx: &mut Tx,
        (actor, author): (&Actor, Actor),
        Rejection { asked, refused, .. }: Rejection,
    ) -> Result<Ready, Error> {
        let Parts { posts, comments, .. } = &self.parts;
        let refused = refused.ok_or_else(rules::not_kept)?;
        let text = match refused.content.kind {
            ContentKind::Post => {
                ReadyText::Post(posts.overrule(tx, (actor, &author), &refused).await?)
            }
            ContentKind::Comment => {
                ReadyText::Comment(comments.overrule(tx, (actor, &author), &refused).await?)
            }
        };
        Ok(Ready { asked, author, text })
    }

    /// Publishes a refused text in its author's name; the plugins that refused it
    /// are told that they were overruled.
    async fn publish(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        Ready { asked, author, text }: Ready,
    ) -> Result<bool, Error> {
        let Parts { posts, comments, clock, .. } = &self.parts;
        let done = match &text {
            ReadyText::Post(approved) => posts.publish(tx, &author, approved).await?,
            ReadyText::Comment(approved) => comments.publish(tx, &author, approved).await?,
        };
        if !done {
            return Err(rules::changed_meanwhile());
        }
        let overridden = Event::DecisionOverridden { asked, resolution: Resolution::Approved };
        jobs::publish(tx, &Occurrence::new(clock.now(), actor, overridden)).await?;
        Ok(true)
    }

    /// Reverses what is appealed: in the log, and with its events.
    async fn reverse(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (appeal, ready): (&Appeal, Option<Ready>),
        reason: Option<String>,
    ) -> Result<(), Error> {
        let now = self.parts.clock.now();
        let (agent, subject) = (Agent::Person(actor), appeal.subject);
        let strike = store::strike(tx, (appeal.against, subject), now).await?;
        let strike = strike.filter(|strike| strike.stands).ok_or_else(rules::nothing_to_reverse)?;
        let done = match appeal.against {
            Against::Ban => self.parts.bans.lift_in(tx, agent, subject.into(), reason).await?,
            Against::Warning => {
                warnings::withdraw_in(tx, agent, subject.into(), reason, now).await?
            }
            Against::Removal => {
                let content = strike.content.ok_or(Error::NotFound)?;
                self.parts.moderation.restore_in(tx, agent, content, reason).await.map(|_| true)?
            }
            Against::Rejection => {
                let ready = ready.ok_or_else(rules::not_kept)?;
                let granted = decided(ActionKind::GrantAppeal, appeal, strike.community, reason);
                mod_actions::record(tx, agent, &granted, now).await?;
                self.publish(tx, actor, ready).await?
            }
        };
        if done { Ok(()) } else { Err(rules::nothing_to_reverse()) }
    }
}

/// The row of the log for a decision on an appeal. Its detail is the id of the appeal.
fn decided(
    kind: ActionKind,
    appeal: &Appeal,
    community: Option<CommunityId>,
    reason: Option<String>,
) -> NewAction {
    let detail = Some(format!("appeal {}", appeal.id));
    NewAction { community, detail, reason, ..NewAction::of(kind, Target::Account(appeal.account)) }
}

/// Grants, as part of `tx`, the open appeal against something that `by` takes back
/// otherwise. Whether a person has denied one: then the thing is not to be taken back.
pub async fn grant_in(
    tx: &mut Tx,
    by: &Actor,
    subject: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some((id, state, own_matter)) = store::against(tx, by, subject).await? else {
        return Ok(false);
    };
    let ruling = Ruling { state: AppealState::Granted, note: None, own_matter };
    if state == AppealState::Open && store::decide(tx, by, id, ruling, now).await? {
        let event = Event::AppealDecided { appeal: id.0 };
        jobs::publish(tx, &Occurrence::new(now, by, event)).await?;
    }
    Ok(state == AppealState::Denied)
}

/// An appeal that the actor may decide.
async fn may_decide(tx: &mut Tx, actor: &Actor, id: AppealId) -> Result<Appeal, Error> {
    let appeal = store::find(tx, actor, id).await?.ok_or(Error::NotFound)?;
    if !appeal.moderates {
        return Err(Error::forbidden("staff_only", "A moderator or an admin decides your appeal."));
    }
    rules::may_decide(appeal.state)?;
    Ok(appeal)
}

/// Everybody whom an appeal concerns: the account that appealed, and the person who did
/// what is appealed.
async fn matter(tx: &mut Tx, appeal: &Appeal, now: Timestamp) -> Result<Matter, Error> {
    let strike = store::strike(tx, (appeal.against, appeal.subject), now).await?;
    Ok(Matter {
        community: strike.as_ref().and_then(|strike| strike.community),
        about: Some(appeal.account),
        reported_by: None,
        done_by: strike.and_then(|strike| strike.done_by),
    })
}

/// A refusal that stands, and who wrote what it refused.
async fn rejection(
    tx: &mut Tx,
    decision: Uuid,
    now: Timestamp,
) -> Result<(Rejection, Actor), Error> {
    let strike = store::strike(tx, (Against::Rejection, decision), now).await?;
    strike.filter(|strike| strike.stands).ok_or_else(rules::nothing_to_reverse)?;
    let mut rejection = store::rejection(tx, decision).await?.ok_or_else(rules::not_kept)?;
    if let Some(refused) = &mut rejection.refused {
        refused.media = attachments::refused(tx, rejection.asked).await?;
    }
    match accounts::find_actor(tx, rejection.author).await? {
        Some((author, true)) => Ok((rejection, author)),
        _ => Err(rules::author_gone()),
    }
}
