//! On what one may vote. Pure.

use super::model::Ballot;
use crate::{
    base::Error,
    posts::{Refusal, may_vote},
    publishing::ContentState,
};

/// Whether a vote counts.
pub(super) fn may_cast(ballot: &Ballot) -> Result<(), Refusal> {
    may_vote(&ballot.ground)?;
    match ballot.state {
        ContentState::Published => Ok(()),
        ContentState::Held => Err(Error::conflict("held", "It waits for a moderator.").into()),
        ContentState::Removed | ContentState::Deleted => {
            Err(Error::conflict("removed", "It was removed.").into())
        }
    }
}
