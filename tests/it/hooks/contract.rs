//! What the contract test of every hook shows: the guest is told what the server
//! sends, each of its verdicts comes through, and so do its evidence and effects.

use std::sync::Arc;

use gatherly::hooks::{
    Effect, EffectKind, Evidence, Grants, HookKind, HookPoint, Labelling, Merged, Outcome, Patch,
    Subject, Target, Verdict,
};

use super::{
    bench::{Bench, binding, context},
    guest::{component, core},
};

/// The account that the guests of these tests label.
const LABELLED: &str = "0199a1b2-0000-7000-8000-000000000009";

/// One verdict of a guest: code that puts it at 1024, and what it comes to.
pub(crate) type Case = (String, Verdict, Option<Patch>);

/// `allow`, and every other verdict without content, by its number.
pub(crate) fn plain(case: u8, verdict: Verdict) -> Case {
    (format!("(i32.store8 (i32.const 1024) (i32.const {case}))"), verdict, None)
}

/// A verdict with a reason.
pub(crate) fn because(case: u8, verdict: Verdict) -> Case {
    (format!("{} {}", plain(case, verdict).0, text(1028, 2048, 7)), verdict, None)
}

/// A verdict with a change, which stands at 1024 as `code` puts it.
pub(crate) fn modify(case: u8, code: &str, patch: Patch) -> Case {
    (format!("{} {code}", plain(case, Verdict::Modify).0), Verdict::Modify, Some(patch))
}

/// Code that puts a text's place and length at an address.
pub(crate) fn text(at: u32, start: u32, length: u32) -> String {
    format!(
        "(i32.store (i32.const {at}) (i32.const {start}))
         (i32.store (i32.const {}) (i32.const {length}))",
        at + 4
    )
}

/// Code that puts a number of 64 bits at an address.
pub(crate) fn number(at: u32, number: u64) -> String {
    format!("(i64.store (i32.const {at}) (i64.const {number}))")
}

/// A component with one hook. It answers with the verdict that `verdict` puts at
/// 1024, a piece of evidence whose text is that of its input at `seen`, and one
/// label. At 2048 stand the texts of [`DATA`].
pub(crate) fn guest(hook: HookPoint, verdict: &str, seen: (u32, u32)) -> Arc<[u8]> {
    let lists = match (hook, hook.kind()) {
        (_, HookKind::After) => 1024,
        (HookPoint::ContentBeforePublish, _) => 1024 + 28,
        (HookPoint::BanDecide, _) => 1024 + 64,
        (HookPoint::NotificationBeforeSend, _) => 1024 + 40,
        _ => 1024 + 12,
    };
    let answer = format!(
        "{verdict}
         (i32.store (i32.const {lists}) (i32.const 1280))
         (i32.store (i32.const {}) (i32.const 1))
         (i32.store (i32.const {}) (i32.const 1536))
         (i32.store (i32.const {}) (i32.const 1))
         (i32.store (i32.const 1324) (i32.load offset={} (local.get $in)))
         (i32.store (i32.const 1328) (i32.load offset={} (local.get $in)))
         (i32.store8 (i32.const 1544) (i32.const 2))
         {} {}
         (i32.const 1024)",
        lists + 4,
        lists + 8,
        lists + 12,
        seen.0,
        seen.1,
        text(1548, 2080, 36),
        text(1556, 2055, 4),
    );
    let interface = hook.row().interface;
    let name = interface.trim_start_matches("gatherly:plugin/").split('@').next();
    let core = core(name.expect("it has a name"), &answer, DATA);
    component(&format!("export {interface};"), &core)
}

/// `because` at 2048, `seen` after it, the labelled account at 2080, and what
/// changes are made of at 2128.
const DATA: &str = r#"(data (i32.const 2048) "becauseseen")
    (data (i32.const 2080) "0199a1b2-0000-7000-8000-000000000009")
    (data (i32.const 2128) "changed")
    (data (i32.const 2144) "name")"#;

/// Asks one plugin, with everything granted.
pub(crate) async fn ask<S: Subject>(
    bench: &Bench,
    component: &Arc<[u8]>,
    subject: &S,
) -> Outcome<S> {
    let mut bound = binding(bench.activate(component, "").await);
    bound.grants = Grants::all();
    bench.hooks.replace(vec![bound]);
    bench.hooks.ask(None, || (context(), subject.clone())).await.expect("somebody is bound")
}

/// Shows a hook: `seen` is where the guest finds a text of the subject that
/// reads `text`.
pub(crate) async fn show<S: Subject>(subject: &S, seen: (u32, u32), text: &str, cases: &[Case]) {
    let bench = Bench::new();
    let verdicts: Vec<Verdict> = cases.iter().map(|case| case.1).collect();
    for verdict in S::HOOK.row().verdicts {
        assert!(verdicts.contains(verdict), "{} is not shown", verdict.as_str());
    }
    for (code, verdict, patch) in cases {
        let outcome = ask(&bench, &guest(S::HOOK, code, seen), subject).await;
        let [decision] = outcome.decisions.as_slice() else { panic!("one plugin, one decision") };
        assert_eq!(decision.fault, None);
        assert_eq!((decision.verdict, &decision.patch), (*verdict, patch));
        let evidence = Evidence {
            rule: String::new(),
            field: None,
            finding: None,
            text: text.to_owned(),
            public: false,
        };
        assert_eq!(decision.evidence, [evidence], "the guest sees what the server sends");
        let target = Target::Account(LABELLED.to_owned());
        let label = Effect::Label(Labelling { target, label: "seen".to_owned() });
        assert_eq!(decision.effects, [label]);
        assert_eq!(outcome.verdict, merged(*verdict, decision.message.as_deref()));
        assert_eq!(outcome.modified, *verdict == Verdict::Modify);
        let input = decision.input_json();
        assert!(input[S::NAME].is_object() && input["context"].is_object(), "{input}");
    }
}

fn merged(verdict: Verdict, reason: Option<&str>) -> Merged {
    let reason = reason.unwrap_or_default().to_owned();
    match verdict {
        Verdict::Allow => Merged::Allow,
        Verdict::Annotate | Verdict::Modify => Merged::Annotate,
        Verdict::Hold => Merged::Hold { reason },
        Verdict::Reject => Merged::Reject { reason },
        Verdict::Unavailable => Merged::Unavailable,
    }
}

#[tokio::test]
async fn an_effect_that_is_not_granted_is_left_out_and_noted() {
    let bench = Bench::new();
    let subject = gatherly::hooks::Tick { previous: None };
    let guest = guest(HookPoint::ScheduleTick, "", (0, 4));
    let mut bound = binding(bench.activate(&guest, "").await);
    bound.grants = Grants { effects: [EffectKind::Ban].into(), ..Grants::default() };
    bench.hooks.replace(vec![bound]);
    let outcome = bench.hooks.ask(None, || (context(), subject)).await.expect("it is bound");
    let [decision] = outcome.decisions.as_slice() else { panic!("one plugin, one decision") };
    assert_eq!((&decision.fault, decision.effects.len()), (&None, 0));
    assert_eq!(decision.refused_effects, [EffectKind::Label]);
}
