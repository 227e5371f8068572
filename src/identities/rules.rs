//! When a new account waits because of one that was closed. Pure.

use super::model::{Sanction, Sanctioned};
use crate::base::text::clean_line;

/// Most characters of a ban's reason that staff are shown; the log has the whole.
const REASON_SHOWN: usize = 200;

/// Why staff have to look at a new account: what counts against closed accounts that had
/// its address or its name. `None`: nothing does.
pub(super) fn why_it_waits(earlier: &[Sanctioned]) -> Option<String> {
    let told: Vec<String> = earlier.iter().filter(|account| account.counts()).map(told).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

fn told(earlier: &Sanctioned) -> String {
    let bans = earlier.bans.iter().map(ban);
    let strikes = (earlier.strikes > 0).then(|| format!("strikes: {}", earlier.strikes));
    let sanctions: Vec<String> = bans.chain(strikes).collect();
    format!(
        "The address or the name is that of the closed account {}, which has {}.",
        earlier.account,
        sanctions.join("; ")
    )
}

fn ban(ban: &Sanction) -> String {
    let until = ban.until.map_or_else(|| "for ever".to_owned(), |until| format!("until {until}"));
    let reason: String = clean_line(&ban.reason).chars().take(REASON_SHOWN).collect();
    let reason = if reason.is_empty() { reason } else { format!(" ({reason})") };
    format!("a ban from the {} {until}{reason}", ban.scope)
}
