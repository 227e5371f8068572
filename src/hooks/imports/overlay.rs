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

/// What this call made of a value: `None` when it did not touch it.
pub(super) fn value(writes: &[StateWrite], wanted: &str) -> Option<Option<String>> {
    writes.iter().rev().find_map(|write| match write {
        StateWrite::Put { key, value, .. } if key == wanted => Some(Some(value.clone())),
        StateWrite::Delete { key } if key == wanted => Some(None),
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
