//! Contract of `vote.before-cast`.

use gatherly::hooks::{ContentKind, FailureMode, HookPoint, Merged, Verdict, Vote};

use super::{
    bench::{Bench, binding, broken, context},
    guest::{answer, component, core, echo},
};

const WORLD: &str = "export gatherly:plugin/vote-before-cast@0.3.0;";

fn vote() -> Vote {
    Vote {
        kind: ContentKind::Post,
        content_id: "post".to_owned(),
        author_id: "author".to_owned(),
        previous: 0,
        value: -1,
    }
}

#[tokio::test]
async fn the_guest_sees_the_vote_and_may_allow_or_reject() {
    let bench = Bench::new();
    for (decide, expected) in [
        (answer(0, ""), Merged::Allow),
        (answer(1, "no"), Merged::Reject { reason: "no".to_owned() }),
        (echo(1, (128, 132)), Merged::Reject { reason: "post".to_owned() }),
        (echo(1, (136, 140)), Merged::Reject { reason: "author".to_owned() }),
    ] {
        let guest = component(WORLD, &core("vote-before-cast", &decide, ""));
        bench.hooks.replace(vec![binding(bench.activate(&guest, "").await)]);
        let outcome =
            bench.hooks.ask(None, || (context(), vote())).await.expect("somebody is bound");
        assert_eq!(outcome.verdict, expected);
    }
}

#[tokio::test]
async fn a_failure_counts_as_allowed_unless_the_binding_is_closed() {
    let bench = Bench::new();
    for (failure, verdict) in [
        (None, Verdict::Allow),
        (Some(FailureMode::Open), Verdict::Allow),
        (Some(FailureMode::Closed), Verdict::Unavailable),
        // Nobody reviews votes.
        (Some(FailureMode::Hold), Verdict::Allow),
    ] {
        bench.hooks.replace(vec![broken(HookPoint::VoteBeforeCast, failure)]);
        let outcome =
            bench.hooks.ask(None, || (context(), vote())).await.expect("somebody is bound");
        assert_eq!(outcome.decisions.first().map(|decision| decision.verdict), Some(verdict));
    }
}
