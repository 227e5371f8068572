//! Contract of `report.before-create`.

use gatherly::hooks::{FaultKind, HookPoint, Merged, Patch, Report, Target, Verdict};

use super::{
    bench::Bench,
    contract::{ask, because, guest, modify, plain, show, text},
};

fn report(open: &str) -> Report {
    Report {
        target: Target::Post("post".to_owned()),
        account_id: "author".to_owned(),
        reason: "spam".to_owned(),
        open: vec![open.to_owned()],
        merge_into: None,
    }
}

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let merge = modify(1, &text(1028, 2128, 7), Patch::Merge("changed".to_owned()));
    let cases = [plain(0, Verdict::Allow), merge, because(2, Verdict::Reject)];
    show(&report("changed"), (144, 148), "spam", &cases).await;
}

#[tokio::test]
async fn a_report_is_merged_into_an_open_one_only() {
    let bench = Bench::new();
    let code = modify(1, &text(1028, 2128, 7), Patch::Merge(String::new())).0;
    let guest = guest(HookPoint::ReportBeforeCreate, &code, (0, 4));
    let outcome = ask(&bench, &guest, &report("changed")).await;
    assert_eq!(outcome.subject.merge_into.as_deref(), Some("changed"));
    let outcome = ask(&bench, &guest, &report("another")).await;
    assert_eq!((outcome.verdict, outcome.subject.merge_into), (Merged::Allow, None));
    let fault = outcome.decisions[0].fault.as_ref().expect("it is a fault");
    assert_eq!(fault.kind, FaultKind::BadOutput);
}
