//! Which picture may be used. Pure.

use super::model::{Use, Wanted};
use crate::base::{Error, ids::AccountId};

/// A picture that somebody may use, or uses there already; `field` is what the
/// request calls it. Others' pictures are not there.
pub(super) fn usable(
    wanted: Option<Wanted>,
    owner: AccountId,
    (usage, field): (Use, &'static str),
) -> Result<Wanted, Error> {
    let Some(wanted) = wanted.filter(|wanted| wanted.owner == owner) else {
        return Err(Error::invalid(field, "unknown", "is not a picture that you uploaded"));
    };
    if wanted.used_by.is_some_and(|user| user != usage.id()) {
        return Err(Error::conflict("media_used", "The picture is used already."));
    }
    match wanted.state.as_str() {
        "ready" => Ok(wanted),
        "held" => Err(Error::conflict("media_held", "The picture waits for a moderator.")),
        _ => Err(Error::conflict("media_refused", "A moderator refused the picture.")),
    }
}
