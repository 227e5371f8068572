//! What plugins may not do after people, and how long a wish waits. Pure.

use std::time::Duration;

use crate::base::Error;

/// How long a moderator's wish waits for another who wants the same.
pub const SECOND_WITHIN: Duration = Duration::from_hours(24);

/// Automation never overrides a person's decision on the same text.
pub(super) fn yields(is_decided_by_people: bool) -> Result<(), Error> {
    if is_decided_by_people {
        return Err(Error::conflict("decided_by_people", "A person has decided about it."));
    }
    Ok(())
}
