//! Contract of `ban.decide`.

use gatherly::hooks::{
    BanPatch, Deed, HookPoint, Merged, Origin, Patch, Proposal, Sanction, Scope, Term, Verdict,
};

use super::{
    bench::{Bench, broken, context},
    contract::{ask, guest, modify, number, plain, show, text},
};

fn proposal() -> Proposal {
    Proposal {
        sanction: Sanction {
            account: "account".to_owned(),
            scope: Scope::Community,
            place: Some("general".to_owned()),
            deeds: vec![Deed::Comment],
            duration: Some(60_000),
            reason: "spam".to_owned(),
        },
        proposed_by: Origin::Moderator,
        account: context().actor.expect("there is one"),
        prior_bans: 2,
    }
}

/// Another scope, a day, another reason.
fn changes() -> String {
    let tags = [1032, 1048, 1072].map(|at| format!("(i32.store8 (i32.const {at}) (i32.const 1))"));
    let scope = "(i32.store8 (i32.const 1033) (i32.const 2))";
    format!("{} {scope} {} {}", tags.join(" "), number(1064, 86_400_000), text(1076, 2128, 7))
}

fn patch() -> Patch {
    Patch::Ban(BanPatch {
        scope: Some(Scope::Site),
        deeds: None,
        term: Some(Term::Milliseconds(86_400_000)),
        reason: Some("changed".to_owned()),
    })
}

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let reject = format!("{} {}", plain(2, Verdict::Reject).0, text(1032, 2048, 7));
    let reject = (reject, Verdict::Reject, None);
    let cases = [plain(0, Verdict::Allow), modify(1, &changes(), patch()), reject];
    show(&proposal(), (176, 180), "spam", &cases).await;
}

#[tokio::test]
async fn what_the_guest_changes_is_what_is_imposed() {
    let bench = Bench::new();
    let code = modify(1, &changes(), patch()).0;
    let outcome = ask(&bench, &guest(HookPoint::BanDecide, &code, (0, 4)), &proposal()).await;
    let Sanction { scope, place, deeds, duration, reason, .. } = outcome.subject.sanction;
    assert_eq!((scope, place), (Scope::Site, None), "with another scope the place goes");
    assert_eq!((deeds, duration), (vec![Deed::Comment], Some(86_400_000)));
    assert_eq!(reason, "changed");
}

#[tokio::test]
async fn a_ban_is_imposed_as_proposed_when_the_plugin_fails() {
    let bench = Bench::new();
    bench.hooks.replace(vec![broken(HookPoint::BanDecide, None)]);
    let outcome = bench.hooks.ask(None, || (context(), proposal())).await.expect("it is bound");
    assert_eq!((outcome.verdict, outcome.subject), (Merged::Allow, proposal()));
}
