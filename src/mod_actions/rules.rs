//! What comes of a policy's word on an action, and what plugins may not do after
//! people. Pure.

use std::time::Duration;

use super::model::{Matter, NewAction, Tie};
use crate::{
    base::{Error, ids::AccountId},
    hooks::{Merged, Mode, Outcome, Patch, Requirement, Verdict},
};

/// How long a moderator's wish waits for another who wants the same.
pub const SECOND_WITHIN: Duration = Duration::from_hours(24);

/// Automation never overrides a person's decision on the same text.
pub(super) fn yields(is_decided_by_people: bool) -> Result<(), Error> {
    if is_decided_by_people {
        return Err(Error::conflict("decided_by_people", "A person has decided about it."));
    }
    Ok(())
}

/// The closest tie of a person to a matter, if there is one.
pub(super) fn tie(actor: AccountId, matter: &Matter) -> Option<Tie> {
    Tie::ALL.into_iter().filter(|tie| matter.tied(*tie) == Some(actor)).max()
}

/// Nobody decides their own matter while somebody else can. Returns whether a matter that
/// may be decided is the person's own.
pub(super) fn may_decide(tie: Option<Tie>, others_can: bool) -> Result<bool, Error> {
    let Some(tie) = tie.filter(|_| others_can) else { return Ok(tie.is_some()) };
    let message = match tie {
        Tie::Subject => "This is about you: another moderator or an admin has to decide it.",
        Tie::Report => "Only you reported this: another moderator or an admin has to decide it.",
        Tie::Act => "You did this yourself: another moderator or an admin has to decide it.",
    };
    Err(Error::forbidden("own_matter", message))
}

/// Whether a row of the log tells of a person's act on their own content or account.
pub(super) fn is_own(person: Option<AccountId>, action: &NewAction) -> bool {
    person.is_some() && person == action.account && !action.kind.is_administration()
}

/// What one enforcing plugin wants before an action: a reason, or a second with
/// its words on why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Reason,
    Second(String),
}

/// What all enforcing plugins want before an action.
pub(super) fn wanted<S>(outcome: &Outcome<S>) -> Vec<Wanted> {
    let enforcing = outcome.decisions.iter().filter(|decision| decision.mode == Mode::Enforce);
    let holds = enforcing.filter(|decision| decision.verdict == Verdict::Hold);
    holds
        .map(|decision| match decision.patch {
            Some(Patch::Requirement(Requirement::Reason)) => Wanted::Reason,
            _ => Wanted::Second(decision.message.clone().unwrap_or_default()),
        })
        .collect()
}

/// What comes of it: nothing for an action that may go on, why one waits for a
/// second, or an error.
pub(super) fn settle(
    verdict: &Merged,
    wanted: &[Wanted],
    (has_reason, seconded): (bool, u32),
) -> Result<Option<String>, Error> {
    match verdict {
        Merged::Allow | Merged::Annotate => Ok(None),
        Merged::Reject { reason } => {
            Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
        }
        Merged::Unavailable => {
            Err(Error::forbidden("policy_unavailable", "A policy could not be asked; try again."))
        }
        Merged::Hold { .. } if !has_reason && wanted.contains(&Wanted::Reason) => {
            Err(Error::invalid("reason", "reason_required", "must be given: a policy wants it"))
        }
        Merged::Hold { .. } if seconded > 0 => Ok(None),
        Merged::Hold { .. } => Ok(wanted.iter().find_map(|wanted| match wanted {
            Wanted::Second(why) => Some(why.clone()),
            Wanted::Reason => None,
        })),
    }
}
