//! Contract of `account.before-register`.

use gatherly::hooks::{Merged, Registration};

use super::{
    bench::{Bench, binding, context},
    guest::{answer, component, core, echo},
};

const WORLD: &str = "export gatherly:plugin/account-before-register@0.3.0;";

#[tokio::test]
async fn the_guest_sees_the_registration_and_may_allow_hold_or_reject() {
    let bench = Bench::new();
    for (decide, expected) in [
        (answer(0, ""), Merged::Allow),
        (answer(1, "wait"), Merged::Hold { reason: "wait".to_owned() }),
        (answer(2, "no"), Merged::Reject { reason: "no".to_owned() }),
        (echo(2, (124, 128)), Merged::Reject { reason: "rosa".to_owned() }),
        (echo(2, (132, 136)), Merged::Reject { reason: "example.org".to_owned() }),
    ] {
        let guest = component(WORLD, &core("account-before-register", &decide, ""));
        bench.hooks.replace(vec![binding(bench.activate(&guest, "").await)]);
        let input = || {
            let mut context = context();
            context.actor = None;
            let registration = Registration {
                username: "rosa".to_owned(),
                email_domain: "example.org".to_owned(),
            };
            (context, registration)
        };
        let outcome = bench.hooks.ask(None, input).await.expect("somebody is bound");
        assert_eq!(outcome.verdict, expected);
    }
}
