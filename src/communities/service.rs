//! Making, editing and joining communities, and who moderates them.

use std::sync::Arc;

use super::{
    model::{Community, CommunityAccess, CommunityEdit, MemberRole, Moderator, NewCommunity},
    store,
};
use crate::{
    bans::{Ban, Bans, NewBan, Scope},
    base::{
        Error,
        actor::{Actor, Agent, Viewer},
        clock::{Clock, Timestamp},
        ids::{AccountId, BanId, CommunityId},
        page::{Page, PageRequest},
    },
    config::CommunityCreation,
    db::Db,
    http::{Action, RateLimits},
    mod_actions::Acted,
};

/// The community that every forum has.
const GENERAL: &str = "general";

/// What communities are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub bans: Bans,
    /// Who may create communities.
    pub creation: CommunityCreation,
}

/// Communities; cheap to clone.
#[derive(Clone)]
pub struct Communities {
    parts: Parts,
}

/// Makes the community that every forum has, unless it is there. Several
/// processes may try at once.
pub async fn ensure_general(db: &Db, now: Timestamp) -> Result<(), Error> {
    if store::exists(db, GENERAL).await? {
        return Ok(());
    }
    let new = NewCommunity::parse(GENERAL, "General", "Everything that has no place of its own.")?;
    let mut tx = db.begin().await?;
    match store::insert(&mut tx, CommunityId::new(now), &new, None, now).await {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) if error.is_unique("communities.slug") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Communities {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// A community as the viewer may see it.
    pub async fn find(&self, viewer: Viewer<'_>, slug: &str) -> Result<CommunityAccess, Error> {
        let Parts { db, clock, .. } = &self.parts;
        store::access(db, viewer, slug, clock.now()).await?.ok_or(Error::NotFound)
    }

    /// Communities that the viewer may see, by slug.
    pub async fn list(
        &self,
        viewer: Viewer<'_>,
        page: &PageRequest<String>,
    ) -> Result<Page<Community>, Error> {
        let Parts { db, clock, .. } = &self.parts;
        let communities = store::list(db, viewer, page, clock.now()).await?;
        Ok(Page::cut(communities, page.limit, |community| community.slug.clone()))
    }

    /// Makes a community; its creator moderates it.
    pub async fn create(&self, actor: &Actor, new: NewCommunity) -> Result<Community, Error> {
        let Parts { db, clock, limits, creation, .. } = &self.parts;
        limits.check_actor(Action::Community, actor).await?;
        if *creation == CommunityCreation::Admins && !actor.is_admin() {
            return Err(Error::forbidden("admins_only", "Here, only admins create communities."));
        }
        let now = clock.now();
        let id = CommunityId::new(now);
        let mut tx = db.begin().await?;
        match store::insert(&mut tx, id, &new, Some(actor.id), now).await {
            Err(error) if error.is_unique("communities.slug") => {
                return Err(Error::conflict("slug_taken", "There is a community of this slug."));
            }
            other => other?,
        }
        store::insert_member(&mut tx, id, actor.id, MemberRole::Moderator, now).await?;
        tx.commit().await?;
        Ok(Community {
            id,
            slug: new.slug,
            name: new.name,
            description: new.description,
            member_count: 1,
            post_count: 0,
            created_at: now,
            my_role: Some(MemberRole::Moderator),
        })
    }

    /// Changes name or description.
    pub async fn edit(
        &self,
        actor: &Actor,
        slug: &str,
        edit: CommunityEdit,
    ) -> Result<Community, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let id = self.moderated(actor, slug).await?;
        let mut tx = self.parts.db.begin().await?;
        store::update(&mut tx, id, edit).await?;
        tx.commit().await?;
        Ok(self.find(Some(actor), slug).await?.community)
    }

    /// Makes the actor a member, if they are not one.
    pub async fn join(&self, actor: &Actor, slug: &str) -> Result<Community, Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let id = self.find(Some(actor), slug).await?.community.id;
        let mut tx = db.begin().await?;
        match store::insert_member(&mut tx, id, actor.id, MemberRole::Member, clock.now()).await {
            Ok(()) => {
                store::count_members(&mut tx, id, 1).await?;
                tx.commit().await?;
            }
            Err(error) if is_member_already(&error) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.find(Some(actor), slug).await?.community)
    }

    /// Ends the actor's membership, a moderator's too.
    pub async fn leave(&self, actor: &Actor, slug: &str) -> Result<(), Error> {
        let Parts { db, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let id = self.find(Some(actor), slug).await?.community.id;
        let mut tx = db.begin().await?;
        if store::delete_member(&mut tx, id, actor.id).await? {
            store::count_members(&mut tx, id, -1).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Who moderates a community.
    pub async fn moderators(
        &self,
        viewer: Viewer<'_>,
        slug: &str,
        page: &PageRequest<AccountId>,
    ) -> Result<Page<Moderator>, Error> {
        let id = self.find(viewer, slug).await?.community.id;
        let moderators = store::moderators(&self.parts.db, id, page).await?;
        Ok(Page::cut(moderators, page.limit, |moderator| moderator.id))
    }

    /// Makes somebody a moderator, and a member if they are not one.
    pub async fn appoint(&self, actor: &Actor, slug: &str, username: &str) -> Result<(), Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let id = self.moderated(actor, slug).await?;
        let mut tx = db.begin().await?;
        let (account, role) =
            store::find_member(&mut tx, id, username).await?.ok_or(Error::NotFound)?;
        match role {
            Some(MemberRole::Moderator) => return Ok(()),
            Some(MemberRole::Member) => {
                store::update_role(&mut tx, id, account, MemberRole::Moderator).await?;
            }
            None => {
                let role = MemberRole::Moderator;
                store::insert_member(&mut tx, id, account, role, clock.now()).await?;
                store::count_members(&mut tx, id, 1).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes a moderator a plain member again.
    pub async fn dismiss(&self, actor: &Actor, slug: &str, username: &str) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let id = self.moderated(actor, slug).await?;
        let mut tx = self.parts.db.begin().await?;
        let (account, role) =
            store::find_member(&mut tx, id, username).await?.ok_or(Error::NotFound)?;
        if role == Some(MemberRole::Moderator) {
            store::update_role(&mut tx, id, account, MemberRole::Member).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Bans from a community.
    pub async fn bans(
        &self,
        actor: &Actor,
        slug: &str,
        page: &PageRequest<BanId>,
    ) -> Result<Page<Ban>, Error> {
        let id = self.moderated(actor, slug).await?;
        self.parts.bans.list(&Scope::Community(id), page).await
    }

    /// Bans somebody from a community; `parse` checks the ban for its scope.
    pub async fn ban(
        &self,
        actor: &Actor,
        slug: &str,
        parse: impl FnOnce(&Scope, Timestamp) -> Result<NewBan, Error>,
    ) -> Result<Acted<Ban>, Error> {
        let scope = Scope::Community(self.moderated(actor, slug).await?);
        let new = parse(&scope, self.parts.clock.now())?;
        let ban = self.parts.bans.create(Agent::Person(actor), &scope, new).await?;
        Ok(match ban {
            Acted::Done(ban) => Acted::Done(Ban { community: Some(slug.to_owned()), ..ban }),
            needs_second @ Acted::NeedsSecond(_) => needs_second,
        })
    }

    /// Lifts a ban from a community.
    pub async fn lift_ban(
        &self,
        actor: &Actor,
        slug: &str,
        ban: BanId,
    ) -> Result<Acted<()>, Error> {
        let scope = Scope::Community(self.moderated(actor, slug).await?);
        self.parts.bans.lift(actor, &scope, ban).await
    }

    /// What time it is for communities.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The community, if the actor moderates it.
    async fn moderated(&self, actor: &Actor, slug: &str) -> Result<CommunityId, Error> {
        let access = self.find(Some(actor), slug).await?;
        if access.standing.moderates {
            Ok(access.community.id)
        } else {
            Err(Error::forbidden("moderators_only", "Only those who moderate here may do this."))
        }
    }
}

fn is_member_already(error: &crate::db::Error) -> bool {
    error.is_unique("community_members.community_id, community_members.account_id")
}
