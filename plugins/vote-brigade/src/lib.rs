//! Stops crowds: when many new accounts vote the same thing down within an
//! hour, the rest of them is refused, and moderators are asked to look.

use std::time::Duration;

use gatherly_plugin::vote::{BeforeCast, Decision, Kind, Vote};
use gatherly_plugin::{Context, Evidence, Plugin, Target, effects, state};
use serde::Deserialize;

/// What makes a crowd.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brigade {
    /// Down votes of new accounts on one post or comment that are too many.
    votes: u64,
    /// The time within which they come.
    minutes: u64,
    /// How long an account is new.
    new_days: u64,
}

impl Default for Brigade {
    fn default() -> Self {
        Self { votes: 10, minutes: 60, new_days: 7 }
    }
}

impl Plugin for Brigade {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforeCast for Brigade {
    fn before_cast(&self, context: &Context, vote: &Vote) -> Decision {
        let new = Duration::from_secs(self.new_days * 24 * 60 * 60).as_millis();
        let is_new =
            context.actor.as_ref().is_some_and(|actor| u128::from(actor.account_age) < new);
        if vote.value >= 0 || !is_new {
            return Decision::allow();
        }
        let window = Duration::from_mins(self.minutes);
        let Ok(votes) = state::increment(&vote.content_id, 1, window, None) else {
            return Decision::allow();
        };
        if votes <= self.votes {
            return Decision::allow();
        }
        let decision =
            Decision::reject("Many new accounts vote on this just now. Please come back later.")
                .because(
                    Evidence::new("brigade", "down votes of new accounts")
                        .measured("votes", &votes),
                );
        if votes > self.votes + 1 {
            return decision;
        }
        let target = match vote.kind {
            Kind::Post => Target::Post(vote.content_id.clone()),
            Kind::Comment => Target::Comment(vote.content_id.clone()),
        };
        decision.also(effects::report(target, "A crowd of new accounts votes this down."))
    }
}

gatherly_plugin::export!(Brigade: vote::BeforeCast);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{Actor, testing};

    use super::*;

    fn cast(value: i8, age_days: u64) -> Decision {
        let actor = Actor { account_age: age_days * 24 * 60 * 60 * 1000, ..testing::actor() };
        let context = Context { actor: Some(actor), ..testing::context() };
        Brigade { votes: 2, ..Brigade::default() }.before_cast(&context, &testing::vote(value))
    }

    #[test]
    fn the_crowd_is_stopped_and_reported_once() {
        let memory = testing::state();
        assert_eq!(cast(-1, 1), Decision::allow());
        assert_eq!(cast(-1, 1), Decision::allow());
        assert_eq!(cast(-1, 1).effects.len(), 1);
        let refused = cast(-1, 1);
        assert_ne!(refused, Decision::allow());
        assert_eq!(refused.effects, []);
        memory.advance(Duration::from_hours(1));
        assert_eq!(cast(-1, 1), Decision::allow());
    }

    #[test]
    fn others_vote_as_they_like() {
        let _memory = testing::state();
        for _ in 0..5 {
            assert_eq!(cast(-1, 30), Decision::allow());
            assert_eq!(cast(1, 1), Decision::allow());
        }
    }
}
