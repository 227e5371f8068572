//! What holds however often it is tried: swaps under load, broken components,
//! recorded decisions made again, and whatever a plugin may answer.
//!
//! Every day each is tried as often as takes seconds.
//! `CAMPAIGN=1 cargo test --test it -- campaigns --nocapture --test-threads 1`
//! tries it as often as is promised, which takes minutes, and prints figures.

mod answers;
mod hang_ups;
mod hot_swap;
mod mutants;
mod reproductions;

/// Says that this is a campaign.
const CAMPAIGN: &str = "CAMPAIGN";

/// How often something is tried: every day, or in a campaign.
pub fn times((every_day, in_a_campaign): (usize, usize)) -> usize {
    if std::env::var_os(CAMPAIGN).is_some() { in_a_campaign } else { every_day }
}
