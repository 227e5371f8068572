//! What authors rely on, natively.

use std::time::Duration;

use crate::exported::{configure, with};
use crate::http::{Method, Request, Response};
use crate::{
    Actor, Context, Evidence, Feature, Finding, Outcome, Plugin, Span, Target, account, ban,
    content, effects, forum, http, mod_action, notification, report, schedule, state, testing,
    text, vote,
};

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

impl schedule::Tick for Echo {
    fn tick(&self, _: &Context, moment: &schedule::Moment) -> Outcome {
        match moment.previous {
            None => effects::notify_moderators("it begins").into(),
            Some(_) => Outcome::nothing(),
        }
    }
}

crate::export!(
    Echo: content::BeforePublish, account::BeforeRegister, vote::BeforeCast, schedule::Tick
);

#[test]
fn a_measured_value_is_cut_to_what_the_host_takes() {
    let value = |text: String| match Evidence::new("rule", "a link").measured("url", &text).finding
    {
        Some(Finding::Feature(Feature { value, .. })) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("x".repeat(512)), "x".repeat(512));
    assert_eq!(value("é".repeat(300)), "é".repeat(256));
    assert_eq!(value(format!("x{}", "é".repeat(300))).len(), 511);
}

#[test]
fn a_policy_reads_the_text_that_readers_see() {
    let rendered = Some(testing::rendered("free money", &["https://example.org/"]));
    let known = testing::Known { rendered, ..testing::Known::default() };
    let context = Context { event: known.into(), ..testing::context() };
    let rendered = context.event.rendered().unwrap();
    assert_eq!((rendered.text.as_str(), rendered.links.len()), ("free money", 1));
    assert_eq!(testing::context().event.rendered(), None);
}

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

#[test]
fn verdicts_bring_effects() {
    let comment = testing::comment("hello");
    let decision = content::Decision::hold("wait")
        .also(effects::label(comment.target(), "first"))
        .also(effects::prioritise(comment.target(), 10));
    assert_eq!(decision.effects.len(), 2);
    assert_eq!(comment.target(), Target::Comment("comment-1".to_owned()));
    assert_eq!(testing::post("a", "b").target(), Target::Post("post-1".to_owned()));

    let second = mod_action::Decision::require_second("two see more");
    assert_eq!(second.verdict, mod_action::Verdict::RequireSecond("two see more".to_owned()));
    let later = notification::Patch { delay: Some(5), ..notification::Patch::default() };
    let later = notification::Decision::modify(later);
    assert!(matches!(later.verdict, notification::Verdict::Modify(_)));
    let merged = report::Decision::merge("report-1");
    assert_eq!(merged.verdict, report::Verdict::Merge("report-1".to_owned()));
    let shorter = ban::Patch { term: Some(ban::Term::Milliseconds(1)), ..ban::Patch::default() };
    assert!(matches!(ban::Decision::modify(shorter).verdict, ban::Verdict::Modify(_)));

    let echo = Echo(String::new());
    let first =
        schedule::Tick::tick(&echo, &testing::context(), &schedule::Moment { previous: None });
    assert_eq!(first, Outcome::from(effects::notify_moderators("it begins")));
}

#[test]
fn events_tell_what_tests_put_into_them() {
    let known = testing::Known { labels: vec!["odd".to_owned()], ..testing::Known::default() };
    let context = Context { event: known.into(), ..testing::context() };
    assert_eq!(context.event.labels(), ["odd"]);
    assert_eq!(context.event.recent(5), []);
}

#[test]
fn what_is_remembered_passes_with_time() {
    let (minute, day) = (Duration::from_mins(1), Duration::from_hours(24));
    let memory = testing::state();
    assert_eq!(state::increment("votes", 2, minute, None), Ok(2));
    memory.advance(Duration::from_secs(40));
    assert_eq!(state::increment("votes", 1, minute, Some("actor-1")), Ok(3));
    memory.advance(Duration::from_secs(40));
    assert_eq!(state::count("votes", minute), Ok(1));
    assert_eq!(state::count("votes", Duration::ZERO), Err(state::Error::BadDuration));

    state::put("word", "now", Some(minute), None).unwrap();
    assert_eq!(state::get("word").as_deref(), Some("now"));
    memory.advance(minute);
    assert_eq!(state::get("word"), None);
    assert_eq!(state::put(&"k".repeat(129), "", None, None), Err(state::Error::TooLarge));

    assert_eq!(state::add("seen", "a", Some(day), None), Ok(true));
    assert_eq!(state::add("seen", "a", Some(day), None), Ok(false));
    assert!(state::contains("seen", "a"));
    assert_eq!(state::size("seen"), 1);
    state::remove("seen", "a");
    assert_eq!((state::size("seen"), state::contains("seen", "a")), (0, false));
    state::put("word", "again", None, None).unwrap();
    state::delete("word");
    assert_eq!(state::get("word"), None);
    let _new = testing::state();
    assert_eq!(state::count("votes", day), Ok(0));
}

#[test]
fn text_is_searched() {
    assert_eq!(text::normalise("  \u{ff28}ello \t World "), "hello world");
    assert_eq!(text::find("l+", "hello"), Ok(vec![Span { start: 2, end: 4 }]));
    assert!(text::find("(", "hello").is_err());
    assert_eq!(text::words("one, two").len(), 2);
    let found = text::find_any(&["ab".to_owned(), "abc".to_owned()], "xABCab").unwrap();
    let spans: Vec<_> = found.iter().map(|it| (it.pattern, it.span.start, it.span.end)).collect();
    assert_eq!(spans, [(1, 1, 4), (0, 4, 6)], "leftmost, longest");
    assert!(text::find_any(&[String::new()], "x").is_err());
}

#[test]
fn forum_and_network_answer_what_tests_say() {
    assert_eq!(forum::account("actor-1"), None);
    testing::forum(testing::Forum {
        accounts: vec![Actor { username: "kim".to_owned(), ..testing::actor() }],
        members: vec![("actor-1".to_owned(), "general".to_owned())],
        ..testing::Forum::default()
    });
    assert_eq!(forum::account_by_name("kim").map(|it| it.id).as_deref(), Some("actor-1"));
    assert!(forum::is_member("actor-1", "general") && !forum::is_member("actor-1", "bread"));

    let answer = Response { status: 200, headers: Vec::new(), body: b"yes".to_vec() };
    let network = testing::http([Ok(answer.clone())]);
    let request = Request {
        method: Method::Get,
        url: "https://example.com/".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    assert_eq!(http::send(&request), Ok(answer));
    assert_eq!(http::send(&request), Err(http::Error::Unreachable));
    assert_eq!(network.sent().len(), 2);
}
