//! How long a ban is, by what went before: every further ban of the same person
//! takes the next step of a ladder, what is long ago is forgiven, and after the
//! last step the ban holds until somebody lifts it.

use gatherly_plugin::ban::{Decide, Decision, Patch, Proposal, Term};
use gatherly_plugin::{Context, Evidence, Plugin};
use serde::Deserialize;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// The ladder.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ladder {
    /// Length of the first ban, the second and so on.
    days: Vec<u64>,
    /// Bans this long ago no longer count.
    forgive_after_days: u64,
    /// So many warnings weigh as much as one ban.
    strikes_per_step: u32,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { days: vec![1, 7, 30], forgive_after_days: 365, strikes_per_step: 3 }
    }
}

impl Plugin for Ladder {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl Decide for Ladder {
    fn decide(&self, context: &Context, proposal: &Proposal) -> Decision {
        let since = context.time.saturating_sub(self.forgive_after_days * DAY);
        let before = context.event.sanctions();
        let counted = before.iter().filter(|it| !it.lifted && it.imposed_at >= since).count();
        let strikes = proposal.account.strikes.checked_div(self.strikes_per_step).unwrap_or(0);
        let step = counted + usize::try_from(strikes).unwrap_or(usize::MAX);
        let term =
            self.days.get(step).map_or(Term::UntilLifted, |days| Term::Milliseconds(days * DAY));
        let why = format!("{counted} bans that count, {} strikes", proposal.account.strikes);
        Decision::modify(Patch { term: Some(term), ..Patch::default() })
            .because(Evidence::new("ladder", why).measured("step", &(step + 1)))
    }
}

gatherly_plugin::export!(Ladder: ban::Decide);

#[cfg(test)]
mod tests {
    use gatherly_plugin::ban::{Origin, Verdict};
    use gatherly_plugin::testing::{self, Known};
    use gatherly_plugin::{Actor, PriorSanction};

    use super::*;

    /// The term of a ban after others, each so many days ago.
    fn term(days_ago: &[u64], strikes: u32) -> Option<Term> {
        let context = testing::context();
        let sanctions = days_ago.iter().map(|days| PriorSanction {
            sanction: testing::proposal(0).sanction,
            imposed_at: context.time - days * DAY,
            imposed_by: Origin::Moderator,
            lifted: false,
        });
        let known = Known { sanctions: sanctions.collect(), ..Known::default() };
        let context = Context { event: known.into(), ..context };
        let account = Actor { strikes, ..testing::actor() };
        let proposal = Proposal { account, ..testing::proposal(0) };
        match Ladder::default().decide(&context, &proposal).verdict {
            Verdict::Modify(patch) => patch.term,
            Verdict::Allow | Verdict::Reject(_) => None,
        }
    }

    #[test]
    fn each_ban_is_a_step_and_old_ones_are_forgiven() {
        assert_eq!(term(&[], 0), Some(Term::Milliseconds(DAY)));
        assert_eq!(term(&[10], 0), Some(Term::Milliseconds(7 * DAY)));
        assert_eq!(term(&[10, 400], 0), Some(Term::Milliseconds(7 * DAY)));
        assert_eq!(term(&[1, 2, 3], 0), Some(Term::UntilLifted));
    }

    #[test]
    fn warnings_weigh_too() {
        assert_eq!(term(&[], 2), Some(Term::Milliseconds(DAY)));
        assert_eq!(term(&[], 3), Some(Term::Milliseconds(7 * DAY)));
    }

    #[test]
    fn settings_are_checked() {
        assert!(Ladder::configure(r#"{"days": [2], "strikes_per_step": 0}"#).is_ok());
        assert!(Ladder::configure(r#"{"weeks": [2]}"#).is_err());
    }
}
