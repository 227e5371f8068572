//! Contract of `mod-action.before-apply`.

use gatherly::hooks::{
    Action, ActionKind, HookPoint, Patch, Purpose, Requirement, Target, Verdict,
};

use super::{
    bench::Bench,
    contract::{ask, because, guest, plain, show},
};

fn action() -> Action {
    Action {
        kind: ActionKind::Remove,
        target: Target::Post("post".to_owned()),
        account_id: "author".to_owned(),
        reason: Some("off topic".to_owned()),
        seconded: 1,
    }
}

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let (reason, second) = (plain(1, Verdict::Hold).0, because(2, Verdict::Hold).0);
    let required = |what| Some(Patch::Requirement(what));
    let cases = [
        plain(0, Verdict::Allow),
        (reason, Verdict::Hold, required(Requirement::Reason)),
        (second, Verdict::Hold, required(Requirement::Second)),
        because(3, Verdict::Reject),
    ];
    show(&action(), (152, 156), "off topic", &cases).await;
}

#[tokio::test]
async fn who_asked_learns_what_the_action_waits_for() {
    let bench = Bench::new();
    let code = because(2, Verdict::Hold).0;
    let guest = guest(HookPoint::ModActionBeforeApply, &code, (0, 4));
    let outcome = ask(&bench, &guest, &action()).await;
    assert_eq!(outcome.patch(), Some(&Patch::Requirement(Requirement::Second)));
    let purpose = serde_json::to_value(Purpose::Enforce).expect("a word");
    assert_eq!(outcome.decisions[0].input_json()["context"]["mode"], purpose);
}
