//! Making, editing and joining communities, and who moderates them.

use std::sync::Arc;

use super::{
    model::{
        Community, CommunityAccess, CommunityEdit, MemberRole, Moderator, ModeratorKey,
        NewCommunity,
    },
    store::{self, Appointment},
};
use crate::{
    bans::{Ban, Bans, NewBan, Scope},
    base::{
        Error,
        actor::{Actor, Agent, Viewer},
        clock::{Clock, Timestamp},
        ids::{BanId, CommunityId},
        page::{Page, PageRequest},
    },
    config::CommunityCreation,
    db::{Db, Tx},
    http::{Action, RateLimits},
    mod_actions::{self, Acted, ActionKind, NewAction, Target, parse_reason},
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

    /// [`Communities::find`] in a transaction.
    pub async fn find_in(
        &self,
        tx: &mut Tx,
        viewer: Viewer<'_>,
        slug: &str,
    ) -> Result<CommunityAccess, Error> {
        let now = self.parts.clock.now();
        store::access_in(tx, viewer, slug, now).await?.ok_or(Error::NotFound)
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
        let action = NewAction::of(ActionKind::CreateCommunity, Target::Community(id));
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
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
        let action = NewAction::of(ActionKind::EditCommunity, Target::Community(id));
        let now = self.parts.clock.now();
        mod_actions::record(&mut tx, Agent::Person(actor), &action, now).await?;
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

    /// Ends the actor's membership. A moderator who leaves resigns, which is in the log.
    pub async fn leave(&self, actor: &Actor, slug: &str) -> Result<(), Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let id = self.find(Some(actor), slug).await?.community.id;
        let mut tx = db.begin().await?;
        let role = store::member_role(&mut tx, id, actor.id).await?;
        if store::delete_member(&mut tx, id, actor.id).await? {
            store::count_members(&mut tx, id, -1).await?;
            if role == Some(MemberRole::Moderator) {
                let resigned = Appointment { actor, community: id, account: actor.id };
                let (kind, now) = (ActionKind::DismissModerator, clock.now());
                log(&mut tx, resigned, kind, None, now).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// The moderators of a community, by rank.
    pub async fn moderators(
        &self,
        viewer: Viewer<'_>,
        slug: &str,
        page: &PageRequest<ModeratorKey>,
    ) -> Result<Page<Moderator>, Error> {
        let id = self.find(viewer, slug).await?.community.id;
        let moderators = store::moderators(&self.parts.db, id, page).await?;
        Ok(Page::cut(moderators, page.limit, Moderator::key))
    }

    /// Makes somebody a moderator of the lowest rank, and a member if they are not one.
    pub async fn appoint(
        &self,
        actor: &Actor,
        slug: &str,
        username: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let Parts { db, clock, limits, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let id = self.moderated(actor, slug).await?;
        let (reason, now) = (parse_reason(reason)?, clock.now());
        let mut tx = db.begin().await?;
        let (account, role) =
            store::find_member(&mut tx, id, username).await?.ok_or(Error::NotFound)?;
        let appointment = Appointment { actor, community: id, account };
        let appointed = store::next_appointment(&mut tx, id, now).await?;
        let done = match role {
            Some(MemberRole::Moderator) => return Ok(()),
            Some(MemberRole::Member) => {
                store::appoint_member(&mut tx, appointment, appointed).await?
            }
            None => {
                let done = store::appoint_stranger(&mut tx, appointment, (now, appointed)).await?;
                store::count_members(&mut tx, id, i64::from(done)).await?;
                done
            }
        };
        if !done {
            return Err(moderators_only());
        }
        log(&mut tx, appointment, ActionKind::AppointModerator, reason, now).await?;
        Ok(tx.commit().await?)
    }

    /// Makes a moderator a plain member again: one of lower rank, or the actor. Admins
    /// dismiss anybody.
    pub async fn dismiss(
        &self,
        actor: &Actor,
        slug: &str,
        username: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let id = self.moderated(actor, slug).await?;
        let reason = parse_reason(reason)?;
        let mut tx = self.parts.db.begin().await?;
        let (account, role) =
            store::find_member(&mut tx, id, username).await?.ok_or(Error::NotFound)?;
        if role != Some(MemberRole::Moderator) {
            return Ok(());
        }
        let appointment = Appointment { actor, community: id, account };
        if !store::dismiss(&mut tx, appointment).await? {
            return Err(Error::forbidden(
                "outranked",
                "The moderator was appointed before you: only an admin or a moderator of \
                 higher rank may do this.",
            ));
        }
        let now = self.parts.clock.now();
        log(&mut tx, appointment, ActionKind::DismissModerator, reason, now).await?;
        Ok(tx.commit().await?)
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
        reason: Option<&str>,
    ) -> Result<Acted<()>, Error> {
        let scope = Scope::Community(self.moderated(actor, slug).await?);
        self.parts.bans.lift(actor, &scope, ban, reason).await
    }

    /// What time it is for communities.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The community, if the actor moderates it.
    async fn moderated(&self, actor: &Actor, slug: &str) -> Result<CommunityId, Error> {
        let access = self.find(Some(actor), slug).await?;
        if access.standing.moderates { Ok(access.community.id) } else { Err(moderators_only()) }
    }
}

/// Writes an appointment or a dismissal into the log.
async fn log(
    tx: &mut Tx,
    appointment: Appointment<'_>,
    kind: ActionKind,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    let Appointment { actor, community, account } = appointment;
    let community = Some(community);
    let action = NewAction { community, reason, ..NewAction::of(kind, Target::Account(account)) };
    mod_actions::record(tx, Agent::Person(actor), &action, now).await.map(drop)
}

fn moderators_only() -> Error {
    Error::forbidden("moderators_only", "Only those who moderate here may do this.")
}

fn is_member_already(error: &crate::db::Error) -> bool {
    error.is_unique("community_members.community_id, community_members.account_id")
}
