//! Asking for digests, ending them, and making those that are due.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use uuid::Uuid;

use super::store::{self, About, Due};
use crate::{
    base::{Error, actor::Actor, clock::Clock, ids::AccountId, secret::random_token},
    db::{Db, Tx},
    http::{Action, ClientAddress, RateLimits},
    mail::{self, Digest, DigestItem, Kind, Unread},
    notifications::Notifications,
};

/// Most digests that are made in one go: some milliseconds of the writer each.
const DUE_MAX: i64 = 100;
/// Most that one digest tells of: as much as one reads.
const ITEMS_MAX: i64 = 20;

/// How many digests that were sent told of what has this cause, as seen in `tx`.
pub async fn told_because(tx: &mut Tx, cause: Uuid) -> Result<i64, Error> {
    Ok(store::told_of(tx, About::Cause(cause)).await?)
}

/// How many digests that were sent told an author that content was held.
pub async fn told_of_hold(tx: &mut Tx, author: AccountId, content: Uuid) -> Result<i64, Error> {
    Ok(store::told_of(tx, About::Held(author, content)).await?)
}

/// What digests are built on.
#[expect(missing_docs, reason = "each is named as its type")]
#[derive(Clone)]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub notifications: Notifications,
    pub window: Duration,
}

/// Digests; cheap to clone.
#[derive(Clone)]
pub struct Digests {
    parts: Parts,
}

impl Digests {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Time between two.
    pub(super) fn window(&self) -> Duration {
        self.parts.window
    }

    /// Whether the actor wants digests.
    pub(super) async fn is_wanted(&self, actor: &Actor) -> Result<bool, Error> {
        Ok(store::token(&self.parts.db, actor.id).await?.is_some())
    }

    /// Begins or ends the actor's digests. The first tells of what comes from now on.
    pub(super) async fn set_wanted(&self, actor: &Actor, wanted: bool) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let due_at = self.parts.clock.now().plus(self.parts.window);
        let token = random_token()?;
        let mut tx = self.parts.db.begin().await?;
        if wanted {
            store::insert(&mut tx, actor.id, token.expose().clone(), due_at).await?;
        } else {
            store::delete(&mut tx, actor.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends the digests of who has this token.
    pub(super) async fn end(&self, token: &str, client: ClientAddress) -> Result<(), Error> {
        self.parts.limits.check_network(Action::SignInNetwork, client).await?;
        let mut tx = self.parts.db.begin().await?;
        if !store::delete_by_token(&mut tx, token.to_owned()).await? {
            return Err(Error::NotFound);
        }
        Ok(tx.commit().await?)
    }

    /// Makes the digests that are due, each in the transaction that takes its turn:
    /// of several processes one does.
    pub async fn make_due(&self) -> Result<(), Error> {
        let (db, now) = (self.parts.db.clone(), self.parts.clock.now());
        for due in store::due(&db, now, DUE_MAX).await? {
            let Due { account, told_to, last, .. } = due;
            let mut tx = db.begin().await?;
            if !store::claim(&mut tx, &due, now.plus(self.parts.window)).await? {
                continue;
            }
            if last > told_to {
                let values = vec![("after", told_to.to_string()), ("up_to", last.to_string())];
                mail::tell(&mut tx, account, Kind::Digest, values, now).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    async fn write(&self, account: AccountId, places: (i64, i64)) -> Result<Option<Digest>, Error> {
        let db = &self.parts.db;
        let Some(token) = store::token(db, account).await? else { return Ok(None) };
        let unread = self.parts.notifications.unread(account, places, ITEMS_MAX).await?;
        let item = |unread: crate::notifications::Unread| DigestItem {
            kind: unread.kind.as_str(),
            actor: unread.actor,
            title: unread.title,
            text: unread.text,
            reason: unread.reason,
        };
        Ok(Some(Digest { items: unread.into_iter().map(item).collect(), token }))
    }
}

impl Unread for Digests {
    fn digest(
        &self,
        account: AccountId,
        after: i64,
        up_to: i64,
    ) -> BoxFuture<'_, Result<Option<Digest>, Error>> {
        self.write(account, (after, up_to)).boxed()
    }
}
