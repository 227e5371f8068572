use super::rules::{Budget, budget, once};
use crate::{
    base::clock::Timestamp,
    hooks::{Effect, Removal, SlowMode, Target},
};

fn removal(reason: &str) -> Effect {
    Effect::Remove(Removal { target: Target::Post("p".into()), reason: reason.into() })
}

#[test]
fn the_same_text_is_struck_once_whatever_is_said_of_it() {
    let at = |effect: &Effect, text, now| once(effect, ("p", Some(text)), Timestamp(now));
    assert_eq!(at(&removal("a"), "text", 0), at(&removal("b"), "text", 99_000_000));
    assert_ne!(at(&removal("a"), "text", 0), at(&removal("a"), "other text", 0));
    let lock = Effect::Lock(Target::Post("p".into()));
    assert_ne!(at(&removal("a"), "text", 0), at(&lock, "text", 0));
}

#[test]
fn without_a_text_an_effect_may_come_back_in_an_hour() {
    let slow = |interval| Effect::SlowMode(SlowMode { post: None, interval, duration: None });
    let at = |interval, now| once(&slow(interval), ("c", None), Timestamp(now));
    assert_eq!(at(10, 0), at(10, 3_599_999));
    assert_ne!(at(10, 0), at(10, 3_600_000));
    assert_ne!(at(10, 0), at(0, 0));
}

#[test]
fn parts_are_not_run_together() {
    let at = |target, text| once(&removal("a"), (target, Some(text)), Timestamp(0));
    assert_ne!(at("ab", "c"), at("a", "bc"));
}

#[test]
fn budgets_end_in_two_steps() {
    for (spent, left) in [
        ((0, 0), Budget::Left),
        ((59, 0), Budget::Left),
        ((60, 0), Budget::Spent),
        ((60, 59), Budget::Spent),
        ((60, 60), Budget::Overspent),
    ] {
        assert_eq!(budget(60, spent), left, "{spent:?}");
    }
    assert_eq!(budget(0, (0, 0)), Budget::Overspent, "none are allowed, and none are asked for");
}
