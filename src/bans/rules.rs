//! When a ban holds, and whom it may not be set on. Pure.

use std::time::Duration;

use super::model::{BanState, Deed, Deeds, NewBan, REASON_MAX, Scope};
use crate::{
    base::{
        Error,
        actor::{Actor, Agent},
        clock::Timestamp,
        ids::AccountId,
        text::{clean_lines, length},
    },
    hooks::{self, Merged, Sanction},
};

/// Longest ban with an end that a plugin may want, in milliseconds: a hundred
/// years. What is longer is for ever.
const DURATION_MAX: u64 = 100 * 365 * 24 * 60 * 60 * 1_000;

/// Whether a ban is in force. It ends at `until`, not after.
pub(super) fn state(
    until: Option<Timestamp>,
    lifted_at: Option<Timestamp>,
    now: Timestamp,
) -> BanState {
    if lifted_at.is_some() {
        BanState::Lifted
    } else if until.is_some_and(|until| until <= now) {
        BanState::Expired
    } else {
        BanState::Active
    }
}

/// Refuses bans on oneself and on those who moderate the place, whoever or
/// whatever bans.
pub(super) fn may_set(
    person: Option<AccountId>,
    target: AccountId,
    target_moderates: bool,
) -> Result<(), Error> {
    if person == Some(target) {
        return Err(Error::conflict("self_ban", "You cannot ban yourself."));
    }
    if target_moderates {
        return Err(Error::conflict(
            "moderates_here",
            "Those who moderate here cannot be banned here.",
        ));
    }
    Ok(())
}

/// What somebody is told who may not do something because of a ban.
pub(super) fn refusal(reason: &str, until: Option<Timestamp>) -> Error {
    let mut message = match until {
        Some(until) => format!("A ban forbids you this until {until}."),
        None => "A ban forbids you this.".to_owned(),
    };
    if !reason.is_empty() {
        message.push_str(" Reason: ");
        message.push_str(reason);
    }
    Error::forbidden("banned", message)
}

/// Content is removed with a ban only by who may remove it: the author of a post, who
/// may ban from it, may not.
pub(super) fn may_remove(actor: &Actor, moderates: bool, new: &NewBan) -> Result<(), Error> {
    if new.removes_since.is_none() || moderates || actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("moderators_only", "Only those who moderate here remove content."))
}

/// How far who wants a ban may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// A single post.
    Post,
    /// The community.
    Community,
    /// Everywhere.
    Site,
}

impl Reach {
    /// The reach of a scope.
    pub(super) fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Post { .. } => Self::Post,
            Scope::Community(_) => Self::Community,
            Scope::Site => Self::Site,
        }
    }

    /// How far an agent may go who may ban in a scope: plugins no further than
    /// that, people as far as their rights go.
    pub(super) fn most(agent: Agent<'_>, moderates: bool, scope: &Scope) -> Self {
        match agent {
            Agent::Person(actor) if actor.is_admin() => Self::Site,
            Agent::Person(_) if moderates => Self::of(scope).max(Self::Community),
            Agent::Person(_) | Agent::Plugin(_) => Self::of(scope),
        }
    }
}

/// The scope that a plugin wants in place of the proposed one, if there is such
/// a place and the reach goes that far.
pub(super) fn rescoped(
    proposed: &Scope,
    wanted: hooks::Scope,
    most: Reach,
) -> Result<Scope, &'static str> {
    let scope = match (wanted, proposed) {
        (hooks::Scope::Site, _) => Scope::Site,
        (hooks::Scope::Community, Scope::Post { community, .. }) => Scope::Community(*community),
        (hooks::Scope::Community, Scope::Community(id)) => Scope::Community(*id),
        (hooks::Scope::Post, Scope::Post { .. }) => *proposed,
        (hooks::Scope::Community | hooks::Scope::Post, _) => {
            return Err("the event has no place of that scope");
        }
    };
    if Reach::of(&scope) > most {
        return Err("the scope is wider than who proposed it may ban from");
    }
    Ok(scope)
}

/// The ban that a plugin made of a proposed one, held to the rules of people.
pub(super) fn sentenced(
    (scope, username): (&Scope, &str),
    sanction: &Sanction,
    most: Reach,
    now: Timestamp,
) -> Result<(Scope, NewBan), &'static str> {
    let scope = rescoped(scope, sanction.scope, most)?;
    let mut deeds = Deeds::default();
    for deed in &sanction.deeds {
        deeds = deeds.with(match deed {
            hooks::Deed::View => Deed::View,
            hooks::Deed::Comment => Deed::Comment,
            hooks::Deed::Vote => Deed::Vote,
            hooks::Deed::Post => Deed::Post,
        });
    }
    if deeds == Deeds::default() {
        return Err("a ban must forbid something");
    }
    if deeds.contains(Deed::Post) && Reach::of(&scope) == Reach::Post {
        return Err("one does not post in a post");
    }
    if sanction.duration.is_some_and(|duration| duration == 0 || duration > DURATION_MAX) {
        return Err("a ban ends after a millisecond to a hundred years, or never");
    }
    let reason = clean_lines(&sanction.reason);
    if length(&reason) > REASON_MAX {
        return Err("the reason is too long");
    }
    let until = sanction.duration.map(|duration| now.plus(Duration::from_millis(duration)));
    let (username, removes_since) = (username.to_owned(), None);
    Ok((scope, NewBan { username, deeds, reason, until, removes_since }))
}

/// What comes of plugins' word on a ban.
pub(super) fn settle(verdict: &Merged) -> Result<(), Error> {
    match verdict {
        Merged::Allow | Merged::Annotate | Merged::Hold { .. } => Ok(()),
        Merged::Reject { reason } => {
            Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
        }
        Merged::Unavailable => {
            Err(Error::forbidden("policy_unavailable", "A policy could not be asked; try again."))
        }
    }
}
