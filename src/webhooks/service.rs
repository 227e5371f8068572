//! Setting webhooks up, and telling them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    jobs::{AT_ONCE, DELIVER, Due},
    model::{NewWebhook, SigningSecret, Webhook},
    rules,
    store::{self, NewDelivery, Placed},
};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{CommunityId, WebhookId, new_uuid, time_of},
        page::{Page, PageRequest},
    },
    communities::Communities,
    db::{Db, SITE, Tx},
    http::{Action, RateLimits},
    jobs::{self, NewJob},
    mod_actions::{self, ActionKind, NewAction},
    notifications::Notifications,
    outbound,
};

/// Most webhooks of one scope: each event is a delivery for each.
const WEBHOOKS_MAX: i64 = 20;
/// How long it is remembered what webhooks were told: longer than the last
/// attempt at it may take.
pub const KEEP: Duration = Duration::from_hours(3 * 24);

/// Longest time between a cause and what webhooks are told of it: they are made in one
/// transaction.
const EMITTED_WITHIN: Duration = Duration::from_mins(5);

/// What webhooks are built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub communities: Communities,
    pub notifications: Notifications,
    pub outbound: outbound::Client,
}

/// Webhooks; cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    pub(super) parts: Parts,
    /// Whether there are any: an event costs nothing when there are not.
    any: Arc<AtomicBool>,
    /// A slow receiver must not keep other jobs waiting.
    pub(super) room: Arc<Semaphore>,
}

/// A webhook that was made, and its secret.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: WebhookId,
    pub(super) secret: SigningSecret,
}

impl Webhooks {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        let any = Arc::new(AtomicBool::new(true));
        Self { parts, any, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Tells the webhooks that want to know of an event, as part of `tx`, once
    /// for each cause. `name` is one of those offered; what plugins emit is
    /// `plugin.` and their name for it. How many are told.
    pub async fn emit(
        &self,
        tx: &mut Tx,
        community: Option<CommunityId>,
        name: &str,
        payload: &Value,
        cause: Uuid,
    ) -> Result<usize, Error> {
        let now = self.parts.clock.now();
        let listening = store::listening(tx, community.map(|community| community.0), name).await?;
        if listening.is_empty() {
            return Ok(0);
        }
        let body = json!({"type": name, "timestamp": now.to_string(), "data": payload}).to_string();
        for webhook in &listening {
            let id = new_uuid(now);
            let body = body.as_str();
            let new = NewDelivery { id, webhook: *webhook, cause, name, body, now };
            if store::insert_delivery(tx, &new).await? {
                jobs::enqueue(tx, NewJob::new(DELIVER, &Due { delivery: id }), now).await?;
            }
        }
        Ok(listening.len())
    }

    /// Cancels, as part of `tx`, what webhooks are still to be told because of
    /// something that has an id of its time. Whether none has been told yet.
    pub async fn cancel_in(&self, tx: &mut Tx, cause: Uuid) -> Result<bool, Error> {
        let since = time_of(cause);
        Ok(store::cancel(tx, cause, (since, since.plus(EMITTED_WITHIN))).await?)
    }

    /// Whether there are webhooks, as far as is known here.
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Looks whether there are webhooks: other processes may have made some.
    pub async fn look(&self) -> Result<(), Error> {
        let any = store::any(&self.parts.db).await?;
        self.any.store(any, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets what webhooks were told long ago.
    pub async fn forget_old(&self) -> Result<u64, Error> {
        let mut tx = self.parts.db.begin().await?;
        let forgotten = store::forget(&mut tx, self.parts.clock.now().minus(KEEP)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Whether an address may be sent to.
    pub(super) fn is_reachable(&self, url: &str) -> bool {
        self.parts.outbound.check(url).is_ok()
    }

    /// Webhooks that the actor may manage, newest first; nobody's for somebody
    /// who moderates nothing.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        community: Option<&str>,
        page: &PageRequest<WebhookId>,
    ) -> Result<Page<Webhook>, Error> {
        let rows = store::list(&self.parts.db, actor, community, page).await?;
        Ok(Page::cut(rows, page.limit, |row| row.id))
    }

    /// Sets up a webhook for a community, or for the whole site.
    pub(super) async fn create(
        &self,
        actor: &Actor,
        community: Option<&str>,
        new: &NewWebhook,
    ) -> Result<Made, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let scope = self.scope(actor, community).await?;
        let (now, secret) = (self.parts.clock.now(), SigningSecret::random()?);
        let id = WebhookId::new(now);
        let mut tx = self.parts.db.begin().await?;
        if store::count(&mut tx, scope).await? >= WEBHOOKS_MAX {
            let message = "There are as many webhooks as there may be; delete one first.";
            return Err(Error::conflict("too_many_webhooks", message));
        }
        let placed = Placed { id, scope, secret: &secret, by: actor.id, now };
        store::insert(&mut tx, &placed, new).await?;
        log(&mut tx, actor, (ActionKind::CreateWebhook, scope, id), now).await?;
        tx.commit().await?;
        self.any.store(true, Ordering::Relaxed);
        tracing::info!(by = actor.username, webhook = %id, "a webhook was set up");
        Ok(Made { id, secret })
    }

    /// Where the actor may set up a webhook.
    async fn scope(&self, actor: &Actor, community: Option<&str>) -> Result<Uuid, Error> {
        let Some(slug) = community else {
            if actor.is_admin() {
                return Ok(SITE);
            }
            let message = "Only admins set up webhooks for the whole site.";
            return Err(Error::forbidden("admins_only", message));
        };
        let access = match self.parts.communities.find(Some(actor), slug).await {
            Err(Error::NotFound) => {
                return Err(Error::invalid(
                    "community",
                    "unknown",
                    "is not the slug of a community",
                ));
            }
            other => other?,
        };
        if !access.standing.moderates {
            let message = "Only those who moderate here may do this.";
            return Err(Error::forbidden("moderators_only", message));
        }
        Ok(access.community.id.0)
    }

    /// Deletes a webhook that the actor may manage.
    pub(super) async fn delete(&self, actor: &Actor, id: WebhookId) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let mut tx = self.parts.db.begin().await?;
        let scope = store::managed(&mut tx, actor, id).await?.ok_or(Error::NotFound)?.scope;
        store::delete(&mut tx, id).await?;
        let now = self.parts.clock.now();
        log(&mut tx, actor, (ActionKind::DeleteWebhook, scope, id), now).await?;
        tx.commit().await?;
        tracing::info!(by = actor.username, webhook = %id, "a webhook was deleted");
        Ok(())
    }

    /// Gives a webhook a new secret; the old one signs beside it for a day.
    pub(super) async fn rotate(
        &self,
        actor: &Actor,
        id: WebhookId,
    ) -> Result<(SigningSecret, Timestamp), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let secret = SigningSecret::random()?;
        let now = self.parts.clock.now();
        let until = now.plus(rules::OLD_SECRET_LIFETIME);
        let mut tx = self.parts.db.begin().await?;
        let old = store::managed(&mut tx, actor, id).await?.ok_or(Error::NotFound)?;
        store::rotate(&mut tx, id, (old.secret, until), &secret).await?;
        log(&mut tx, actor, (ActionKind::RotateWebhookSecret, old.scope, id), now).await?;
        tx.commit().await?;
        tracing::info!(by = actor.username, webhook = %id, "a webhook has a new secret");
        Ok((secret, until))
    }
}

/// Writes an act on a webhook into the log. The detail is the id of the webhook.
async fn log(
    tx: &mut Tx,
    actor: &Actor,
    (kind, scope, id): (ActionKind, Uuid, WebhookId),
    now: Timestamp,
) -> Result<(), Error> {
    let community = (scope != SITE).then(|| scope.into());
    let detail = Some(format!("webhook {id}"));
    let action = NewAction { detail, ..NewAction::in_place(kind, community) };
    mod_actions::record(tx, Agent::Person(actor), &action, now).await.map(drop)
}
