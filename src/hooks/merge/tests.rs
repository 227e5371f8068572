//! The merge is a lattice: whatever the order, the strictest wins.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Answered {
    decision: Uuid,
    mode: Mode,
    priority: i32,
    verdict: Verdict,
}

fn answers() -> impl Strategy<Value = Vec<Answered>> {
    let mode = prop_oneof![Just(Mode::Enforce), Just(Mode::Shadow)];
    let answer = (any::<u128>(), mode, -2..3_i32, proptest::sample::select(Verdict::ALL.to_vec()))
        .prop_map(|(id, mode, priority, verdict)| Answered {
            decision: Uuid::from_u128(id),
            mode,
            priority,
            verdict,
        });
    proptest::collection::vec(answer, 0..8)
}

fn merged(answers: &[Answered]) -> (Merged, Option<Uuid>) {
    merge(answers.iter().map(|answer| Voice {
        decision: answer.decision,
        mode: answer.mode,
        priority: answer.priority,
        verdict: answer.verdict,
        message: Some("because"),
    }))
}

fn strictness(merged: &Merged) -> u8 {
    match merged {
        Merged::Allow => 0,
        Merged::Annotate => 1,
        Merged::Hold { .. } => 2,
        Merged::Unavailable => 3,
        Merged::Reject { .. } => 4,
    }
}

proptest! {
    #[test]
    fn the_order_of_the_answers_does_not_matter(answers in answers(), turn in 0..8_usize) {
        let mut turned = answers.clone();
        turned.rotate_left(turn % answers.len().max(1));
        prop_assert_eq!(merged(&turned), merged(&answers));
        turned.reverse();
        prop_assert_eq!(merged(&turned), merged(&answers));
    }

    #[test]
    fn shadows_change_nothing(answers in answers()) {
        let enforced: Vec<_> =
            answers.iter().filter(|answer| answer.mode == Mode::Enforce).cloned().collect();
        prop_assert_eq!(merged(&answers), merged(&enforced));
    }

    #[test]
    fn one_more_answer_never_makes_it_milder(answers in answers(), more in answers()) {
        let both: Vec<_> = answers.iter().chain(&more).cloned().collect();
        prop_assert!(strictness(&merged(&both).0) >= strictness(&merged(&answers).0));
    }

    #[test]
    fn the_decision_named_is_one_of_the_strictest_with_the_highest_priority(answers in answers()) {
        let heard: Vec<_> = answers.iter().filter(|answer| answer.mode == Mode::Enforce).collect();
        let strictest = heard.iter().map(|answer| (answer.verdict, answer.priority)).max();
        let named = merged(&answers).1;
        match strictest.filter(|(verdict, _)| *verdict != Verdict::Allow) {
            None => prop_assert_eq!(named, None),
            Some(strictest) => {
                let deciding = heard.iter().find(|answer| Some(answer.decision) == named).unwrap();
                prop_assert_eq!((deciding.verdict, deciding.priority), strictest);
            }
        }
    }
}
