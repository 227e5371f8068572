use proptest::prelude::*;

use super::{model::*, rules::*};
use crate::{
    base::{Error, clock::Timestamp},
    hooks::Merged,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

#[test]
fn a_verdict_publishes_holds_or_refuses() {
    let reason = || "because".to_owned();
    assert_eq!(settle(&Merged::Allow).unwrap(), ContentState::Published);
    assert_eq!(settle(&Merged::Annotate).unwrap(), ContentState::Published);
    assert_eq!(settle(&Merged::Hold { reason: reason() }).unwrap(), ContentState::Held);
    assert!(matches!(
        settle(&Merged::Reject { reason: reason() }),
        Err(Error::RejectedByPolicy { message, .. }) if message == "because"
    ));
    assert!(matches!(
        settle(&Merged::Unavailable),
        Err(Error::Forbidden { code: "policy_unavailable", .. })
    ));
}

#[test]
fn what_a_plugin_broke_is_told_in_words() {
    let error = Error::invalid("title", "length", "must have 3 to 200 characters");
    assert_eq!(words(&error), "title must have 3 to 200 characters");
}

#[test]
fn states_survive_storage() {
    for state in
        [ContentState::Published, ContentState::Held, ContentState::Removed, ContentState::Deleted]
    {
        assert_eq!(ContentState::from_stored(state.as_str()), state);
    }
    assert_eq!(ContentState::from_stored("?"), ContentState::Deleted);
}

#[test]
fn ten_times_the_votes_make_up_for_half_a_day() {
    let later = Timestamp(NOW.0 + 45_000_000);
    assert!((hot(10, NOW) - hot(1, later)).abs() < 1e-9);
    assert!((hot(0, NOW) - hot(1, NOW)).abs() < f64::EPSILON);
    assert!(hot(-10, NOW) < hot(0, NOW));
}

proptest! {
    /// The tallies of any walk of one account's votes are those of its last one.
    #[test]
    fn votes_count_once(walk in proptest::collection::vec(-1_i64..=1, 0..20), ups in 0_i64..9, downs in 0_i64..9) {
        let start = Tallies { ups, downs };
        let mut tallies = start;
        let mut stands = 0;
        for value in walk {
            tallies = tallies.after(stands, value);
            stands = value;
        }
        prop_assert_eq!(tallies.ups, ups + i64::from(stands == 1));
        prop_assert_eq!(tallies.downs, downs + i64::from(stands == -1));
        prop_assert_eq!(tallies.score(), start.score() + stands);
    }

    #[test]
    fn more_votes_are_never_colder(score in -1_000_000_i64..1_000_000, at in 0_i64..4_000_000_000_000) {
        let at = Timestamp(at);
        prop_assert!(hot(score + 1, at) >= hot(score, at));
        prop_assert!(hot(score, Timestamp(at.0 + 1_000)) > hot(score, at));
    }
}
