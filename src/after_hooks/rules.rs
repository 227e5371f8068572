//! Which hook is told of what. Pure.

use uuid::Uuid;

use crate::{
    base::secret::sha256,
    events::Event,
    hooks::{ActionKind, HookPoint},
};

/// The hook that is told of an event, if one is.
pub(super) fn hook(event: &Event) -> Option<HookPoint> {
    Some(match event {
        Event::ContentPublished { .. } | Event::ContentApproved { .. } => {
            HookPoint::ContentAfterPublish
        }
        Event::ContentRemoved { .. } => HookPoint::ContentAfterRemove,
        Event::AccountRegistered { .. } => HookPoint::AccountAfterRegister,
        Event::ReportCreated { .. } => HookPoint::ReportCreated,
        Event::ModActionApplied { .. } => HookPoint::ModActionApplied,
        Event::AppealSubmitted { .. } => HookPoint::AppealSubmitted,
        Event::DecisionOverridden { .. } => HookPoint::DecisionOverridden,
        Event::Ticked { .. } => HookPoint::ScheduleTick,
        Event::ContentHeld { .. }
        | Event::AppealDecided { .. }
        | Event::ReviewItemResolved { .. }
        | Event::EffectsWanted { .. }
        | Event::BindingTrouble { .. }
        | Event::BudgetSpent { .. }
        | Event::NotificationMade { .. } => return None,
    })
}

/// An id for the part of an occurrence that some are told: always the same, and
/// of the same time.
pub(super) fn part(occurrence: Uuid, part: Uuid) -> Uuid {
    let mut both = occurrence.as_bytes().to_vec();
    both.extend_from_slice(part.as_bytes());
    let hash = sha256(&both);
    let mut bytes = *occurrence.as_bytes();
    for (byte, random) in bytes.iter_mut().zip(hash).skip(9) {
        *byte = random;
    }
    Uuid::from_bytes(bytes)
}

/// What plugins are told that moderators do, by its name in the log.
pub(super) fn action_kind(name: &str) -> Option<ActionKind> {
    Some(match name {
        "remove" => ActionKind::Remove,
        "restore" => ActionKind::Restore,
        "lock" => ActionKind::Lock,
        "unlock" => ActionKind::Unlock,
        "warn" => ActionKind::Warn,
        "ban" => ActionKind::Ban,
        "lift_ban" => ActionKind::LiftBan,
        _ => return None,
    })
}
