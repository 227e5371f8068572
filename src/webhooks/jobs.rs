//! What webhooks are told of what happens, and sending it. Each may be done more
//! than once: a webhook is told once for each cause, with an id by which its
//! receiver knows what it has had already.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{model::Delivery, rules, service::Webhooks, store};
use crate::{
    base::{Error, ids::CommunityId},
    db::{Sql, Tx},
    events::{Content, Event, Occurrence, Origin},
    hooks::Feature,
    jobs::{self, Failure, Job, NewJob},
    notifications::{Kind, NewNotification},
    outbound::{Method, Refusal, Request},
};

/// The kind of job that sends a delivery.
pub const DELIVER: &str = "webhooks.deliver";
/// Longest that such a job may take: an exchange has five seconds.
pub const DELIVERY_LIMIT: Duration = Duration::from_secs(10);
/// Deliveries at once: half of the jobs that are done at once, so that receivers
/// which do not answer leave room for others.
pub(super) const AT_ONCE: usize = 4;
/// When a delivery is tried for which there was no room.
const WHEN_BUSY: Duration = Duration::from_secs(5);

/// Which delivery is due.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Due {
    pub(super) delivery: Uuid,
}

/// Something to tell.
struct Message {
    community: Option<Uuid>,
    name: &'static str,
    payload: Value,
}

/// Why a delivery did not arrive.
struct Missed {
    status: Option<u16>,
    error: String,
}

impl Webhooks {
    /// Whether webhooks are to be told of an event.
    pub fn wants(&self, event: &Event) -> bool {
        self.any() && Self::tells(event)
    }

    /// Whether programs outside can be told of an event.
    pub fn tells(event: &Event) -> bool {
        matches!(
            event,
            Event::ContentPublished { .. }
                | Event::ContentRemoved { .. }
                | Event::ReportCreated { .. }
                | Event::ModActionApplied { .. }
                | Event::AppealSubmitted { .. }
                | Event::AppealDecided { .. }
        )
    }

    /// What programs outside are told of an event: its name, and the same data as
    /// webhooks get. `None` when there is nothing to tell any more.
    pub async fn told(&self, occurrence: &Occurrence) -> Result<Option<(&str, Value)>, Error> {
        let message = self.message(occurrence).await?;
        Ok(message.map(|Message { name, payload, .. }| (name, payload)))
    }

    /// Tells webhooks of what happened.
    pub async fn on_event(&self, occurrence: &Occurrence) -> Result<(), Error> {
        let Some(message) = self.message(occurrence).await? else { return Ok(()) };
        let Message { community, name, payload } = message;
        let mut tx = self.parts.db.begin().await?;
        self.emit(&mut tx, community.map(CommunityId), name, &payload, occurrence.id).await?;
        Ok(tx.commit().await?)
    }

    /// What is to be told: of what everybody may see, what it is; of what only
    /// staff may see, its id.
    async fn message(&self, occurrence: &Occurrence) -> Result<Option<Message>, Error> {
        match occurrence.event {
            Event::ContentPublished { content, edited } => self.published(content, edited).await,
            Event::ContentRemoved { content, by } => self.removed(content, by).await,
            Event::ReportCreated { report } => {
                self.staff("report.created", report, store::REPORT).await
            }
            Event::ModActionApplied { action } => {
                self.staff("mod_action.applied", action, store::MOD_ACTION).await
            }
            Event::AppealSubmitted { appeal } => {
                self.staff("appeal.submitted", appeal, store::APPEAL).await
            }
            Event::AppealDecided { appeal } => {
                self.staff("appeal.decided", appeal, store::APPEAL).await
            }
            _ => Ok(None),
        }
    }

    async fn published(&self, content: Content, edited: bool) -> Result<Option<Message>, Error> {
        let (db, now) = (self.parts.db.clone(), self.parts.clock.now());
        let Some(found) = store::published(&db, content.id(), now).await? else {
            return Ok(None);
        };
        let payload = json!({
            "kind": if found.comment.is_some() { "comment" } else { "post" },
            "id": content.id(),
            "post_id": found.post,
            "parent_id": found.parent,
            "community": found.slug,
            "author": found.author,
            "title": found.title,
            "excerpt": found.excerpt,
            "edited": edited,
        });
        Ok(Some(Message { community: Some(found.community), name: "content.published", payload }))
    }

    async fn removed(&self, content: Content, by: Origin) -> Result<Option<Message>, Error> {
        let db = &self.parts.db;
        let Some((community, slug, post)) = store::place(db, content.id()).await? else {
            return Ok(None);
        };
        let kind = match content {
            Content::Post(_) => "post",
            Content::Comment(_) => "comment",
        };
        let payload = json!({
            "kind": kind, "id": content.id(), "post_id": post, "community": slug,
            "by": by.told(),
        });
        Ok(Some(Message { community: Some(community), name: "content.removed", payload }))
    }

    /// Of what only staff may see, the id and where it is.
    async fn staff(
        &self,
        name: &'static str,
        id: Uuid,
        place: Sql,
    ) -> Result<Option<Message>, Error> {
        let db = &self.parts.db;
        let Some((community, slug)) = store::staff_place(db, place, id).await? else {
            return Ok(None);
        };
        let payload = json!({"id": id, "community": slug});
        Ok(Some(Message { community, name, payload }))
    }

    /// Sends a delivery, and says when it is to be tried again if it does not
    /// arrive.
    pub async fn deliver(&self, job: Job) -> Result<(), Failure> {
        let due: Due = job.read()?;
        let db = &self.parts.db;
        let Some(delivery) = store::delivery(db, due.delivery).await? else { return Ok(()) };
        let Ok(_room) = self.room.try_acquire() else {
            let mut tx = db.begin().await?;
            self.try_again(&mut tx, due, WHEN_BUSY).await?;
            return Ok(tx.commit().await?);
        };
        match self.send(&delivery).await {
            Ok(()) => {
                let mut tx = db.begin().await?;
                store::settle(&mut tx, delivery.id, true).await?;
                store::note_success(&mut tx, delivery.webhook).await?;
                Ok(tx.commit().await?)
            }
            Err(missed) => Ok(self.note_failure(&delivery, missed).await?),
        }
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), Missed> {
        let request = Request {
            method: Method::Post,
            url: delivery.url.clone(),
            headers: rules::headers(delivery, self.parts.clock.now()),
            body: delivery.body.clone().into_bytes(),
        };
        match self.parts.outbound.send(request).await {
            Ok(response) if (200..300).contains(&response.status) => Ok(()),
            Ok(response) => {
                let status = response.status;
                Err(Missed { status: Some(status), error: format!("answered with {status}") })
            }
            // It has answered, only more than anybody asked for.
            Err(Refusal::TooLarge) => Ok(()),
            Err(refusal) => Err(Missed { status: None, error: refusal.to_string() }),
        }
    }

    /// Writes down that a delivery did not arrive, and what follows from it.
    async fn note_failure(&self, delivery: &Delivery, missed: Missed) -> Result<(), Error> {
        let now = self.parts.clock.now();
        let mut tx = self.parts.db.begin().await?;
        if !store::count_attempt(&mut tx, delivery).await? {
            return Ok(());
        }
        store::note_failure(&mut tx, delivery.webhook, &missed.error, now).await?;
        if rules::gives_up(delivery.failing_since, missed.status, now) {
            self.disable(&mut tx, delivery).await?;
        } else if let Some(at) = rules::next_attempt(delivery.attempts + 1, now) {
            self.try_again(&mut tx, Due { delivery: delivery.id }, at.since(now)).await?;
        } else {
            store::settle(&mut tx, delivery.id, false).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn try_again(&self, tx: &mut Tx, due: Due, wait: Duration) -> Result<(), Error> {
        let now = self.parts.clock.now();
        let job = NewJob::new(DELIVER, &due).not_before(now.plus(wait));
        jobs::enqueue(tx, job, now).await?;
        Ok(())
    }

    /// Disables a webhook at which nothing arrives, and tells the admins.
    async fn disable(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Error> {
        let now = self.parts.clock.now();
        store::settle(tx, delivery.id, false).await?;
        if !store::disable(tx, delivery.webhook, now).await? {
            return Ok(());
        }
        tracing::warn!(webhook = %delivery.webhook, "a webhook was disabled: nothing arrives");
        let text = format!("A webhook was disabled because nothing arrives at {}.", delivery.url);
        for admin in store::admins(tx).await? {
            let notice = NewNotification {
                recipient: admin,
                kind: Kind::Notice,
                content: None,
                binding: None,
                community: None,
                actor: None,
                values: vec![Feature { name: "text".into(), value: text.clone() }],
                cause: delivery.webhook.0,
            };
            self.parts.notifications.notify(tx, notice).await?;
        }
        Ok(())
    }
}
