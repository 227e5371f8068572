//! Setting, lifting and showing bans. Whether the actor may do so in a scope is
//! for the feature to say that the scope belongs to.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Ban, Deed, NewBan, Scope, unknown_account},
    rules,
    store::{self, Placed},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::{BanId, CommunityId, PostId},
        page::{Page, PageRequest},
    },
    db::Db,
    http::{Action, RateLimits},
};

/// Bans; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bans {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
}

impl Bans {
    /// Bans in this database.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>) -> Self {
        Self { db, clock, limits }
    }

    /// What time it is for bans.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets a ban in a scope where the actor may.
    pub async fn create(&self, actor: &Actor, scope: &Scope, new: NewBan) -> Result<Ban, Error> {
        self.limits.check_actor(Action::Ban, actor)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let target =
            store::find_target(&mut tx, scope, &new.username).await?.ok_or_else(unknown_account)?;
        rules::may_set(actor.id, target.id, target.moderates)?;
        let id = BanId::new(now);
        let placed = Placed { id, scope, target: target.id, actor: actor.id, now };
        store::insert(&mut tx, &placed, &new).await?;
        tx.commit().await?;
        let post = match scope {
            Scope::Post { id, .. } => Some(*id),
            Scope::Site | Scope::Community(_) => None,
        };
        Ok(Ban {
            id,
            scope: scope.as_str().to_owned(),
            community: None,
            post,
            username: target.username,
            deeds: new.deeds,
            reason: new.reason,
            created_by: actor.username.clone(),
            created_at: now,
            until: new.until,
            lifted_by: None,
            lifted_at: None,
        })
    }

    /// Lifts a ban of a scope where the actor may.
    pub async fn lift(&self, actor: &Actor, scope: &Scope, id: BanId) -> Result<(), Error> {
        self.limits.check_actor(Action::Ban, actor)?;
        let mut tx = self.db.begin().await?;
        if !store::lift(&mut tx, id, scope, actor.id, self.clock.now()).await? {
            return Err(if store::exists(&mut tx, id, scope).await? {
                Error::conflict("not_in_force", "The ban is over already.")
            } else {
                Error::NotFound
            });
        }
        tx.commit().await?;
        Ok(())
    }

    /// Bans of a scope, those that are over included, newest first.
    pub async fn list(&self, scope: &Scope, page: &PageRequest<BanId>) -> Result<Page<Ban>, Error> {
        Ok(Page::cut(store::list(&self.db, scope, page).await?, page.limit, |ban| ban.id))
    }

    /// Bans on the actor, newest first, without who set and lifted them.
    pub async fn of_actor(
        &self,
        actor: &Actor,
        page: &PageRequest<BanId>,
    ) -> Result<Page<Ban>, Error> {
        let bans = store::list_of_account(&self.db, actor.id, page).await?;
        Ok(Page::cut(bans, page.limit, |ban| ban.id))
    }

    /// The refusal for somebody whom a ban forbids a deed, with the reason.
    pub async fn refusal(
        &self,
        actor: &Actor,
        deed: Deed,
        community: CommunityId,
        post: Option<PostId>,
    ) -> Error {
        let scopes = (community.0, post.map_or(Uuid::nil(), |post| post.0));
        match store::strictest(&self.db, actor.id, scopes, deed, self.clock.now()).await {
            Ok(Some((reason, until))) => rules::refusal(&reason, until),
            // It ended in this very moment; the next try will do.
            Ok(None) => rules::refusal("", None),
            Err(error) => error.into(),
        }
    }
}

/// Refuses everybody but admins.
pub(super) fn site_staff(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        Ok(())
    } else {
        Err(Error::forbidden("admins_only", "Only admins ban from the whole site."))
    }
}
