//! Warning somebody, and taking a warning back.

use std::sync::Arc;

use super::{
    model::Warning,
    rules,
    store::{self, NewWarning},
};
use crate::{
    base::{
        Error, FieldError,
        actor::{Actor, Agent},
        clock::Timestamp,
        ids::{AccountId, CommunityId, WarningId},
        page::{Page, PageRequest},
    },
    communities::Communities,
    db::{Db, SITE, Tx},
    http::{Action, RateLimits},
    mod_actions::{
        self, Acted, ActionKind, Inverse, Matter, ModActions, NewAction, Permit, Proposed, Target,
        parse_reason,
    },
};

/// What warnings are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub limits: Arc<RateLimits>,
    pub actions: ModActions,
    pub communities: Communities,
}

/// Warnings; cheap to clone.
#[derive(Clone)]
pub struct Warnings {
    parts: Parts,
}

impl Warnings {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Warns somebody in a community that the actor moderates, or, for admins,
    /// on the whole site.
    pub async fn warn(
        &self,
        actor: &Actor,
        (username, slug): (&str, Option<&str>),
        reason: &str,
    ) -> Result<Acted<Warning>, Error> {
        let Parts { db, limits, actions, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        let community = self.community(actor, slug).await?;
        let reason = parse_reason(Some(reason))?
            .ok_or_else(|| FieldError::new("reason", "required", "must be given"))?;
        let warned = store::find_warned_by_name(db, community, username).await?;
        let warned =
            warned.ok_or_else(|| FieldError::new("username", "unknown", "is nobody's name"))?;
        rules::may_warn(Some(actor.id), warned.id, warned.moderates)?;
        let proposed = Proposed {
            kind: ActionKind::Warn,
            target: Target::Account(warned.id),
            account: warned.id,
            community: community.zip(slug),
            scope: community.map_or(SITE, |community| community.0),
            moderates: true,
            reason: Some(&reason),
        };
        let cleared = match actions.judge(actor, &proposed).await? {
            Permit::Go(cleared) => cleared,
            Permit::Wait(pending) => return Ok(Acted::NeedsSecond(pending)),
        };
        let mut tx = db.begin().await?;
        actions.admit(&mut tx, &cleared).await?;
        let place = (warned.id, community);
        let id = warn_in(&mut tx, Agent::Person(actor), place, &reason, actions.now()).await?;
        let warning = store::find_warning(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(Acted::Done(warning))
    }

    /// Takes a warning back, where the actor may give one.
    pub async fn withdraw(
        &self,
        actor: &Actor,
        id: WarningId,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let Parts { db, limits, actions, .. } = &self.parts;
        limits.check_actor(Action::Write, actor).await?;
        if !store::may_withdraw(db, actor, id).await? {
            return Err(Error::NotFound);
        }
        let (agent, reason) = (Agent::Person(actor), parse_reason(reason)?);
        let Warning { account, community, .. } =
            store::read_warning(db, id).await?.ok_or(Error::NotFound)?;
        let matter = Matter { community, about: Some(account), ..Matter::default() };
        mod_actions::may_decide(db, actor, &matter).await?;
        let mut tx = db.begin().await?;
        if !withdraw_in(&mut tx, agent, id, reason, actions.now()).await? {
            return Err(Error::conflict("withdrawn", "It was withdrawn already."));
        }
        Ok(tx.commit().await?)
    }

    /// The actor's own warnings, newest first.
    pub async fn of_actor(
        &self,
        actor: &Actor,
        page: &PageRequest<WarningId>,
    ) -> Result<Page<Warning>, Error> {
        let warnings = store::list(&self.parts.db, actor.id, page).await?;
        Ok(Page::cut(warnings, page.limit, |warning| warning.id))
    }

    /// The community in which the actor may warn; `None` is the whole site.
    async fn community(
        &self,
        actor: &Actor,
        slug: Option<&str>,
    ) -> Result<Option<CommunityId>, Error> {
        let Some(slug) = slug else {
            return if actor.is_admin() {
                Ok(None)
            } else {
                Err(Error::forbidden("admins_only", "Only admins warn on the whole site."))
            };
        };
        let unknown = || Error::invalid("community", "unknown", "is not the slug of a community");
        let access = match self.parts.communities.find(Some(actor), slug).await {
            Err(Error::NotFound) => return Err(unknown()),
            other => other?,
        };
        if access.standing.moderates {
            Ok(Some(access.community.id))
        } else {
            Err(Error::forbidden("moderators_only", "Only those who moderate here may do this."))
        }
    }
}

/// Gives an account a strike, in a community or on the whole site, with its row
/// in the log. Whether the agent may is for the caller to know, but for whom
/// nobody may warn.
pub async fn warn_in(
    tx: &mut Tx,
    agent: Agent<'_>,
    (account, community): (AccountId, Option<CommunityId>),
    reason: &str,
    now: Timestamp,
) -> Result<WarningId, Error> {
    let warned = store::find_warned(tx, community, account).await?.ok_or(Error::NotFound)?;
    rules::may_warn(agent.person().map(|actor| actor.id), account, warned.moderates)?;
    let id = WarningId::new(now);
    store::insert_warning(tx, agent, &NewWarning { id, account, community, reason }, now).await?;
    let action = NewAction {
        community,
        reason: Some(reason.to_owned()),
        inverse: Some(Inverse::WithdrawWarning { warning: id.0 }),
        ..NewAction::of(ActionKind::Warn, Target::Account(account))
    };
    mod_actions::record(tx, agent, &action, now).await?;
    Ok(id)
}

/// Takes a warning back; whether it stood.
pub async fn withdraw_in(
    tx: &mut Tx,
    agent: Agent<'_>,
    id: WarningId,
    reason: Option<String>,
    now: Timestamp,
) -> Result<bool, Error> {
    let warning = store::find_warning(tx, id).await?.ok_or(Error::NotFound)?;
    if !store::withdraw(tx, agent, &warning, now).await? {
        return Ok(false);
    }
    let target = Target::Account(warning.account);
    let inverse = Inverse::WithdrawWarning { warning: id.0 };
    mod_actions::undone(tx, agent, (target, ActionKind::Warn), Some(&inverse), now).await?;
    let action = NewAction {
        community: warning.community,
        reason,
        ..NewAction::of(ActionKind::WithdrawWarning, target)
    };
    mod_actions::record(tx, agent, &action, now).await?;
    Ok(true)
}

/// A warning.
pub async fn find(tx: &mut Tx, id: WarningId) -> Result<Option<Warning>, Error> {
    Ok(store::find_warning(tx, id).await?)
}
