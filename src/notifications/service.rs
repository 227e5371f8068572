//! Telling people, taking it back, and showing them what they were told.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    live::Live,
    model::{Inbox, Kind, NewNotification, Preferences, ReadMark, Unread},
    rules,
    store::{self, Part},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{AccountId, NotificationId, new_uuid},
        page::PageRequest,
    },
    db::{Db, Tx},
    decisions::Decisions,
    events::{Cause, Event, Occurrence},
    hooks::{HookPoint, Hooks},
    http::{Action, RateLimits},
    jobs,
    lifecycle::Lifecycle,
    sessions::Sessions,
};

/// How long a notification is kept: longer than anybody looks back.
pub const KEEP: Duration = Duration::from_hours(90 * 24);
/// Most delayed notifications that are sent in one go.
const DUE_MAX: i64 = 100;

/// What notifications are built on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub hooks: Hooks,
    pub decisions: Decisions,
    pub sessions: Sessions,
    pub lifecycle: Lifecycle,
}

/// Notifications; cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    pub(super) parts: Parts,
    pub(super) live: Live,
}

impl Notifications {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts, live: Live::default() }
    }

    /// Somebody's list may have something new, here or by another process: their
    /// streams look at once.
    pub fn wake(&self, account: AccountId) {
        self.live.wake(account);
    }

    /// Tells somebody something, as part of `tx`, once for each cause. Where there
    /// are policies, it goes out after they were asked. `None`: they are told
    /// already, or do not want to be.
    pub async fn notify(
        &self,
        tx: &mut Tx,
        new: NewNotification,
    ) -> Result<Option<NotificationId>, Error> {
        let now = self.parts.clock.now();
        let id = NotificationId::new(now);
        if new.actor == Some(new.recipient) || !store::insert(tx, id, &new, now).await? {
            return Ok(None);
        }
        if self.parts.hooks.listens_anywhere(HookPoint::NotificationBeforeSend) {
            let made = Event::NotificationMade { notification: id.0 };
            jobs::publish(tx, &Occurrence::new(now, Cause::Server, made)).await?;
        } else if let Some(made) = store::just_made(tx, (id, new.recipient), now).await? {
            let fate = rules::fate(&made, None, now);
            store::settle(tx, (id, new.recipient), &fate, now).await?;
        }
        Ok(Some(id))
    }

    /// Takes back, as part of `tx`, what people were told because of something.
    /// Who has read it is told so. How many notifications that were.
    pub async fn correct(&self, tx: &mut Tx, cause: Uuid) -> Result<usize, Error> {
        let caused = store::caused(tx, cause).await?;
        for told in &caused {
            store::withdraw(tx, told.id).await?;
            if told.was_read {
                let correction = NewNotification {
                    recipient: told.recipient,
                    kind: Kind::Notice,
                    content: None,
                    binding: None,
                    community: told.community,
                    actor: None,
                    values: rules::correction(told.kind),
                    cause: told.id.0,
                };
                self.notify(tx, correction).await?;
            }
        }
        Ok(caused.len())
    }

    /// The actor's notifications, the newest first.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        unread_only: bool,
        page: &PageRequest<i64>,
    ) -> Result<Inbox, Error> {
        let part = Part {
            after: page.after.unwrap_or(i64::MAX),
            upwards: false,
            with_read: !unread_only,
            rows: page.rows(),
        };
        Ok(store::list(&self.parts.db, actor, part, self.parts.clock.now()).await?)
    }

    /// What somebody has not read of what they were told between two places of
    /// their list, at most `most`, as far as they may see it now, and as far as
    /// policies let it be mailed.
    pub async fn unread(
        &self,
        recipient: AccountId,
        (after, up_to): (i64, i64),
        most: i64,
    ) -> Result<Vec<Unread>, Error> {
        let db = &self.parts.db;
        let Some(party) = store::party(db, recipient, None).await? else { return Ok(Vec::new()) };
        let part = Part { after, upwards: true, with_read: false, rows: most };
        let inbox = store::list(db, &party.actor, part, self.parts.clock.now()).await?;
        let before = inbox.items.into_iter().filter(|item| item.position <= up_to);
        let mut unread = Vec::new();
        for item in before {
            let Some(shown) = item.shown else { continue };
            let Some(values) = self.for_mail(item.id).await? else { continue };
            let value = |name| values.iter().find(|value| value.name == name);
            let [title, text, reason] = ["title", "text", "reason"]
                .map(|name| value(name).map(|found| found.value.clone()));
            unread.push(Unread { kind: item.kind, actor: shown.actor, title, text, reason });
        }
        Ok(unread)
    }

    /// Marks notifications as read; those that are not the actor's stay as they are.
    pub(super) async fn read(&self, actor: &Actor, mark: ReadMark) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let now = self.parts.clock.now();
        let position = match &mark {
            ReadMark::Ids(_) => None,
            ReadMark::UpTo(id) => {
                let position = store::position(&self.parts.db, actor.id, *id).await?;
                Some(position.ok_or(Error::NotFound)?)
            }
        };
        let mut tx = self.parts.db.begin().await?;
        if let Some(position) = position {
            store::read_up_to(&mut tx, actor.id, position, now).await?;
        }
        if let ReadMark::Ids(ids) = mark {
            for id in ids {
                store::read(&mut tx, actor.id, id, now).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// What the actor wants to be told.
    pub(super) async fn preferences(&self, actor: &Actor) -> Result<Preferences, Error> {
        Ok(store::preferences(&self.parts.db, actor.id).await?)
    }

    /// Sets what the actor wants to be told from now on.
    pub(super) async fn set_preferences(
        &self,
        actor: &Actor,
        preferences: &Preferences,
    ) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let mut tx = self.parts.db.begin().await?;
        store::put_preferences(&mut tx, actor.id, preferences).await?;
        Ok(tx.commit().await?)
    }

    /// Sends what was delayed until now.
    pub async fn send_due(&self) -> Result<(), Error> {
        let (db, now) = (self.parts.db.clone(), self.parts.clock.now());
        let due = store::due(&db, now, DUE_MAX).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        for notification in due {
            store::send(&mut tx, notification, None, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets what is old. How many notifications that were.
    pub async fn forget_old(&self) -> Result<u64, Error> {
        let before: Timestamp = self.parts.clock.now().minus(KEEP);
        let mut tx = self.parts.db.begin().await?;
        let forgotten = store::forget(&mut tx, new_uuid(before)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
