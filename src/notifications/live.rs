//! Notifications as they come, for somebody who waits for them. A stream ends
//! when the server closes and when its session is over.
//!
//! The order is that of places in the list, which the transaction gives that sends:
//! such transactions take turns, so a place that is seen has none before it that is
//! still to come, and who goes on after one misses nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, stream};
use tokio::{
    sync::Notify,
    time::{Interval, MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{model::Notification, service::Notifications, store, store::Part};
use crate::base::{Error, actor::Actor, ids::AccountId};

/// Most streams of one account at a time: a browser, a phone, a program, and one
/// that has not noticed yet that it is gone.
const STREAMS_MAX: usize = 4;
/// How often it is looked whether the session goes on, and whether there is
/// something new that nobody told of: what ends it takes effect within a second.
const LOOK: Duration = Duration::from_millis(500);
/// When somebody with too many streams may try again.
const RETRY_AFTER: Duration = Duration::from_secs(15);
/// Most notifications that are read at once.
const BATCH: i64 = 100;

/// Who has which streams open; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    open: Arc<Mutex<HashMap<AccountId, Vec<Arc<Notify>>>>>,
}

/// One of an account's streams; gives its place back when dropped.
struct Place {
    live: Live,
    account: AccountId,
    news: Arc<Notify>,
}

impl Live {
    fn take(&self, account: AccountId) -> Result<Place, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let places = open.entry(account).or_default();
        if places.len() >= STREAMS_MAX {
            return Err(Error::TooMany { retry_after: RETRY_AFTER });
        }
        let news = Arc::new(Notify::new());
        places.push(Arc::clone(&news));
        Ok(Place { live: self.clone(), account, news })
    }

    /// Has an account's streams look at once.
    pub(super) fn wake(&self, account: AccountId) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for news in open.get(&account).into_iter().flatten() {
            news.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = open.get_mut(&self.account) {
            places.retain(|news| !Arc::ptr_eq(news, &self.news));
            if places.is_empty() {
                open.remove(&self.account);
            }
        }
    }
}

/// A stream that is open.
struct Listening {
    notifications: Notifications,
    actor: Actor,
    /// Of the last notification that was read from the list.
    position: i64,
    ready: VecDeque<Notification>,
    looks: Interval,
    place: Place,
}

impl Notifications {
    /// The actor's notifications from now on, or after the one with an id.
    pub(super) async fn listen(
        &self,
        actor: Actor,
        after: Option<Uuid>,
    ) -> Result<impl Stream<Item = Notification> + Send + use<>, Error> {
        let place = self.live.take(actor.id)?;
        let (db, now) = (&self.parts.db, self.parts.clock.now());
        let known = match after {
            Some(id) => store::position(db, actor.id, id).await?,
            None => None,
        };
        let position = match known {
            Some(position) => position,
            None => store::pulse(db, actor.session, now).await?.unwrap_or(0),
        };
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listening = Listening {
            notifications: self.clone(),
            actor,
            position,
            ready: VecDeque::new(),
            looks,
            place,
        };
        Ok(stream::unfold(listening, |mut listening| async move {
            let next = listening.next().await?;
            Some((next, listening))
        }))
    }
}

impl Listening {
    /// The next notification; `None` at the end.
    async fn next(&mut self) -> Option<Notification> {
        let lifecycle = self.notifications.parts.lifecycle.clone();
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Some(next);
            }
            tokio::select! {
                () = lifecycle.closing() => return None,
                _ = self.looks.tick() => {}
                () = self.place.news.notified() => {}
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => tracing::debug!(%error, "a stream could not look for news"),
            }
        }
    }

    /// Reads what is new; `false` when the session is over.
    async fn look(&mut self) -> Result<bool, Error> {
        let parts = &self.notifications.parts;
        let (db, now) = (parts.db.clone(), parts.clock.now());
        let Some(last) = store::pulse(&db, self.actor.session, now).await? else {
            return Ok(false);
        };
        if last <= self.position {
            return Ok(true);
        }
        // What the actor may see can have changed since.
        let Some(actor) = parts.sessions.actor(self.actor.session).await? else {
            return Ok(false);
        };
        self.actor = actor;
        let part = Part { after: self.position, upwards: true, with_read: true, rows: BATCH };
        let inbox = store::list(&db, &self.actor, part, now).await?;
        self.position = inbox.items.last().map_or(last, |item| item.position);
        self.ready.extend(inbox.items);
        Ok(true)
    }
}
