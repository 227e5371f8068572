//! What authors rely on, natively.

use crate::exported::{configure, with};
use crate::{Context, Evidence, Feature, Finding, Plugin, Span, account, content, testing, vote};

/// Says its settings, and needs some that do not say "bad".
struct Echo(String);

impl Plugin for Echo {
    fn configure(settings: &str) -> Result<Self, String> {
        if settings == "bad" {
            Err("bad settings".to_owned())
        } else {
            Ok(Self(settings.to_owned()))
        }
    }
}

impl content::BeforePublish for Echo {
    fn before_publish(&self, _: &Context, draft: &content::Content) -> content::Decision {
        let patch =
            content::Patch { title: None, body: Some(format!("{} {}", draft.body, self.0)) };
        content::Decision::modify(patch)
    }
}

impl account::BeforeRegister for Echo {
    fn before_register(&self, _: &Context, new: &account::Registration) -> account::Decision {
        account::Decision::hold(new.username.as_str())
    }
}

impl vote::BeforeCast for Echo {
    fn before_cast(&self, _: &Context, vote: &vote::Vote) -> vote::Decision {
        if vote.value < 0 { vote::Decision::reject("be kind") } else { vote::Decision::allow() }
    }
}

crate::export!(Echo: content::BeforePublish, account::BeforeRegister, vote::BeforeCast);

#[test]
fn a_plugin_that_was_never_configured_has_empty_settings() {
    assert_eq!(with(|plugin: &Echo| plugin.0.clone()), "");
    assert_eq!(configure::<Echo>("loud"), Ok(()));
    assert_eq!(with(|plugin: &Echo| plugin.0.clone()), "loud");
    assert_eq!(configure::<Echo>("bad"), Err("bad settings".to_owned()));
    assert_eq!(with(|plugin: &Echo| plugin.0.clone()), "loud", "the last good one stays");
}

#[test]
fn hooks_answer() {
    use account::BeforeRegister;
    use content::BeforePublish;
    use vote::BeforeCast;

    let plugin = Echo("!".to_owned());
    let context = testing::context();
    let decision = plugin.before_publish(&context, &testing::comment("hello"));
    let patch = content::Patch { title: None, body: Some("hello !".to_owned()) };
    assert_eq!(decision.verdict, content::Verdict::Modify(patch));
    let decision = plugin.before_register(&context, &testing::registration("robin", "example.com"));
    assert_eq!(decision.verdict, account::Verdict::Hold("robin".to_owned()));
    assert_eq!(plugin.before_cast(&context, &testing::vote(1)), vote::Decision::allow());
    let decision = plugin.before_cast(&context, &testing::vote(-1));
    assert_eq!(decision.verdict, vote::Verdict::Reject("be kind".to_owned()));
}

#[test]
fn evidence_is_put_together() {
    let seen = Evidence::new("rule", "why").at("body", 3..7).public();
    let span = Finding::Span(Span { start: 3, end: 7 });
    assert_eq!(
        (seen.field.as_deref(), seen.finding, seen.public),
        (Some("body"), Some(span), true)
    );
    let seen = Evidence::new("rule", "why").field("title").measured("length", &12);
    let length = Feature { name: "length".to_owned(), value: "12".to_owned() };
    assert_eq!(seen.finding, Some(Finding::Feature(length)));
    assert_eq!((seen.field.as_deref(), seen.public), (Some("title"), false));

    let decision = content::Decision::annotate().because(seen.clone()).because(seen);
    assert_eq!(decision.evidence.len(), 2);
    assert_eq!(crate::no_settings(" {} "), Ok(()));
    assert!(crate::no_settings("a: 1").is_err());
}
