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
        actor::{Actor, Agent},
        clock::{Clock, Timestamp},
        ids::{AccountId, BanId, CommunityId, PostId},
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    http::{Action, RateLimits},
    mod_actions::{self, ActionKind, Inverse, NewAction, Target},
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

    /// Sets a ban in a scope where the agent may.
    pub async fn create(&self, agent: Agent<'_>, scope: &Scope, new: NewBan) -> Result<Ban, Error> {
        if let Agent::Person(actor) = agent {
            self.limits.check_actor(Action::Ban, actor)?;
        }
        let mut tx = self.db.begin().await?;
        let ban = self.create_in(&mut tx, agent, scope, new).await?;
        tx.commit().await?;
        Ok(ban)
    }

    /// Sets a ban, with its row in the log of actions.
    pub async fn create_in(
        &self,
        tx: &mut Tx,
        agent: Agent<'_>,
        scope: &Scope,
        new: NewBan,
    ) -> Result<Ban, Error> {
        let now = self.clock.now();
        let target =
            store::find_target(tx, scope, &new.username).await?.ok_or_else(unknown_account)?;
        rules::may_set(agent.person().map(|actor| actor.id), target.id, target.moderates)?;
        let id = BanId::new(now);
        let placed = Placed { id, scope, target: target.id, agent, now };
        store::insert(tx, &placed, &new).await?;
        let action = NewAction {
            reason: Some(new.reason.clone()).filter(|reason| !reason.is_empty()),
            inverse: Some(Inverse::LiftBan { ban: id.0 }),
            ..logged(ActionKind::Ban, scope, target.id)
        };
        mod_actions::record(tx, agent, &action, now).await?;
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
            created_by: agent.person().map(|actor| actor.username.clone()),
            plugin: agent.plugin().map(|automation| automation.plugin.clone()),
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
        match store::find(&mut tx, id).await? {
            Some((found, _)) if found == *scope => {}
            _ => return Err(Error::NotFound),
        }
        if !self.lift_in(&mut tx, Agent::Person(actor), id).await? {
            return Err(Error::conflict("not_in_force", "The ban is over already."));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Lifts a ban, with its row in the log of actions; whether it was in force.
    pub async fn lift_in(&self, tx: &mut Tx, agent: Agent<'_>, id: BanId) -> Result<bool, Error> {
        let now = self.clock.now();
        let (scope, account) = store::find(tx, id).await?.ok_or(Error::NotFound)?;
        let by = agent.person().map(|actor| actor.id);
        if !store::lift(tx, id, by, now).await? {
            return Ok(false);
        }
        let inverse = Inverse::LiftBan { ban: id.0 };
        let ban = (Target::Account(account), ActionKind::Ban);
        mod_actions::undone(tx, agent, ban, Some(&inverse), now).await?;
        let action = logged(ActionKind::LiftBan, &scope, account);
        mod_actions::record(tx, agent, &action, now).await?;
        Ok(true)
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

/// A row of the log about a ban.
fn logged(kind: ActionKind, scope: &Scope, account: AccountId) -> NewAction {
    NewAction {
        kind,
        target: Target::Account(account),
        account: Some(account),
        community: scope.community(),
        reason: None,
        inverse: None,
    }
}
