//! What a call has written, seen before it is kept: a call reads its own writes.

use std::collections::BTreeMap;

use crate::hooks::{ports::Usage, state_write::StateWrite};

/// What a counter came to by this call's own increments.
pub(super) fn counted(writes: &[StateWrite], counter: &str, since: u64) -> u64 {
    writes
        .iter()
        .map(|write| match write {
            StateWrite::Increment { key, by, start, width, .. }
                if key == counter && start.saturating_add(*width) > since =>
            {
                u64::from(*by)
            }
            _ => 0,
        })
        .sum()
}

/// The last thing that this call did to a value: `None` when it did not touch it.
pub(super) fn last_on_value(writes: &[StateWrite], wanted: &str) -> Option<StateWrite> {
    let touches = |write: &&StateWrite| match write {
        StateWrite::Put { key, .. } | StateWrite::Delete { key } => key == wanted,
        _ => false,
    };
    writes.iter().rev().find(touches).cloned()
}

/// Whether this call left a member in a set: `None` when it did not touch it.
pub(super) fn is_member(writes: &[StateWrite], wanted: &str, wanted_member: &str) -> Option<bool> {
    writes.iter().rev().find_map(|write| match write {
        StateWrite::Add { set, member, .. } if set == wanted && member == wanted_member => {
            Some(true)
        }
        StateWrite::Remove { set, member } if set == wanted && member == wanted_member => {
            Some(false)
        }
        _ => None,
    })
}

/// Whether this call left members in a set, for those that it touched.
pub(super) fn members(writes: &[StateWrite], wanted: &str) -> BTreeMap<String, bool> {
    let mut members = BTreeMap::new();
    for write in writes {
        match write {
            StateWrite::Add { set, member, .. } if set == wanted => {
                members.insert(member.clone(), true);
            }
            StateWrite::Remove { set, member } if set == wanted => {
                members.insert(member.clone(), false);
            }
            _ => {}
        }
    }
    members
}

/// How much this call adds at most to what its binding uses.
pub(super) fn usage(writes: &[StateWrite]) -> Usage {
    let puts = writes.iter().filter(|write| matches!(write, StateWrite::Put { .. })).count();
    Usage {
        values: u64::try_from(puts).unwrap_or(u64::MAX),
        bytes: writes.iter().map(StateWrite::bytes).sum(),
    }
}
