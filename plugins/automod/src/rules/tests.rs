use gatherly_plugin::content::{Content, Decision, Kind, Operation, Patch, Verdict};
use gatherly_plugin::testing::{Known, actor, comment, context, post, rendered};
use gatherly_plugin::{Actor, ContentSummary, Context, Finding, Role, effects};

use super::Policy;

const EXAMPLE: &str = include_str!("../../example.yaml");

/// Judges with one rule that holds what meets the condition.
fn judge(condition: &str, author: Option<&Actor>, draft: &Content) -> Decision {
    let settings =
        format!("rules: [{{id: rule, message: Held., action: hold, when: {{{condition}}}}}]");
    let context = Context { actor: author.cloned(), ..context() };
    Policy::new(&settings).unwrap().decide(&context, draft)
}

fn nobody() -> Context<'static> {
    Context { actor: None, ..context() }
}

fn by(author: &Actor) -> Context<'static> {
    Context { actor: Some(author.clone()), ..context() }
}

fn holds(condition: &str, draft: &Content) -> bool {
    judge(condition, Some(&actor()), draft).verdict != Verdict::Allow
}

/// The rules and texts of the evidence.
fn found<'d>(decision: &Decision, draft: &'d Content) -> Vec<(String, &'d str)> {
    let at = |evidence: &gatherly_plugin::Evidence| {
        let field = match evidence.field.as_deref() {
            Some("title") => draft.title.as_deref().unwrap(),
            _ => &draft.body,
        };
        match &evidence.finding {
            Some(Finding::Span(span)) => field.get(span.start as usize..span.end as usize).unwrap(),
            _ => "",
        }
    };
    decision.evidence.iter().map(|it| (it.rule.clone(), at(it))).collect()
}

#[test]
fn conditions_on_the_text() {
    for (condition, yes, no) in [
        ("words: [spam]", "SPAM!", "spammer"),
        ("words: {list: [spam], match: substring}", "spammer", "sp am"),
        ("words: {list: [wts], match: starts_with}", "  WTS a car", "I have wts"),
        ("words: {list: ['?'], match: ends_with}", "really?", "really? yes"),
        ("words: {list: [first], match: full_exact}", " First ", "first!"),
        ("domain: [bit.ly]", "bit.ly/x", "example.com"),
        ("url: 'ref=[0-9]+'", "https://a.com/?ref=7", "ref=7"),
        ("regex: 'b(oo)+k'", "book booook", "bk"),
        ("links: {}", "example.com", "example"),
        ("links: {min: 2}", "a.com b.com", "a.com"),
        ("length: {in: body, max: 3}", "äöü", "abcd"),
        ("length: {in: both, min: 4}", "äöüß", "äöü"),
        ("capitals: {percent: 50, letters: 4}", "ABcd", "Abcd"),
        ("capitals: {percent: 50}", "THIS IS SHOUTED VERY LOUDLY", "LOL"),
        ("mentions: {min: 2}", "@a @b", "@a"),
        ("not: {words: [please]}", "now", "please"),
        ("all: [{words: [a]}, {words: [b]}]", "a b", "a"),
        ("any: [{words: [a]}, {all: [{words: [b]}, {not: {words: [c]}}]}]", "b", "b c"),
    ] {
        assert!(holds(condition, &comment(yes)), "{condition}: {yes}");
        assert!(!holds(condition, &comment(no)), "{condition}: {no}");
    }
}

#[test]
fn places() {
    let draft = post("spam", "eggs");
    assert!(holds("words: {list: [spam], in: title}", &draft));
    assert!(!holds("words: {list: [spam], in: body}", &draft));
    assert!(holds("regex: {pattern: egg, in: body}", &draft));
    assert!(holds("length: {in: both, min: 8, max: 8}", &draft));
    assert!(!holds("length: {in: title, max: 9}", &comment("eggs")), "comments have no title");
}

#[test]
fn conditions_on_the_author() {
    let day = 24 * 60 * 60 * 1000;
    let old = Actor { account_age: 3 * day + 1, post_count: 2, score: -5, strikes: 2, ..actor() };
    let labels = vec!["bot".to_owned()];
    let new =
        Actor { account_age: 3 * day, role: Role::Moderator, verified: false, labels, ..actor() };
    for (condition, for_new, for_old) in [
        ("account_age: {max: 3d}", true, false),
        ("account_age: {min: 71h 60m}", true, true),
        ("score: {max: -1}", false, true),
        ("first_post: true", true, false),
        ("verified: false", true, false),
        ("role: moderator", true, false),
        ("role: [member, admin]", false, true),
        ("not: {role: moderator}", false, true),
        ("username: '^rob'", true, true),
        ("post_count: {min: 1}", false, true),
        ("comment_count: {max: 0}", true, true),
        ("strikes: {min: 2}", false, true),
        ("labels: [troll, bot]", true, false),
    ] {
        let draft = comment("text");
        for (author, expected) in [(&new, for_new), (&old, for_old)] {
            let verdict = judge(condition, Some(author), &draft).verdict;
            assert_eq!(verdict != Verdict::Allow, expected, "{condition}");
        }
    }
    let anonymous = judge("score: {max: 99}", None, &comment("text"));
    assert_eq!(anonymous, Decision::allow(), "nobody has no score");
}

#[test]
fn the_strictest_rule_decides_and_all_bring_evidence() {
    let policy = Policy::new(
        "rules:
          - {id: note, action: annotate, when: {words: [one]}}
          - {id: held, action: hold, message: Wait., when: {words: [two]}}
          - {id: refused, action: reject, message: No., public: true, when: {words: [three, '3']}}
          - {id: also, action: reject, message: Never., when: {words: [three]}}
          - {id: edits, action: reject, message: No., operations: [edit], when: {words: [one]}}
          - {id: posts, action: reject, message: No., kinds: [post], when: {words: [one]}}",
    )
    .unwrap();
    let verdict = |text: &str| policy.decide(&nobody(), &comment(text)).verdict;
    assert_eq!(verdict("none"), Verdict::Allow);
    assert_eq!(verdict("one"), Verdict::Annotate);
    assert_eq!(verdict("one two"), Verdict::Hold("Wait.".to_owned()));

    let draft = comment("one two thrеe 3");
    let decision = policy.decide(&nobody(), &draft);
    assert_eq!(decision.verdict, Verdict::Reject("No.".to_owned()), "the first of the strictest");
    let expected = [
        ("refused", "thrеe"),
        ("refused", "3"),
        ("also", "thrеe"),
        ("held", "two"),
        ("note", "one"),
    ];
    let expected = expected.map(|(rule, text)| (rule.to_owned(), text));
    assert_eq!(found(&decision, &draft), expected);
    let public: Vec<bool> = decision.evidence.iter().map(|it| it.public).collect();
    assert_eq!(public, [true, true, false, false, false]);

    let edit = Content { operation: Operation::Edit, ..comment("one") };
    assert_eq!(policy.decide(&nobody(), &edit).verdict, Verdict::Reject("No.".to_owned()));
}

#[test]
fn what_does_not_hold_leaves_no_evidence() {
    let draft = comment("a b c");
    let decision = judge(
        "all: [{words: [a]}, {any: [{words: [x]}, {not: {words: [y]}}, {words: [b]}]}, {not: {all: [{words: [c]}, {words: [x]}]}}]",
        None,
        &draft,
    );
    let texts: Vec<&str> = found(&decision, &draft).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["a", "b"]);
    let decision = judge("not: {words: [x]}", None, &draft);
    assert_eq!(decision.evidence.len(), 1, "there is always a reason");
}

#[test]
fn a_flood_stays_within_what_the_host_takes() {
    let draft = comment(&format!("spam @x http://a.com {} ", "é".repeat(900)).repeat(200));
    let condition = "any: [{words: [spam]}, {regex: 'é+'}, {links: {}}, {mentions: {min: 100}}]";
    let decision = judge(condition, None, &draft);
    assert_eq!(decision.evidence.len(), 32);
    assert!(decision.evidence.iter().all(|it| it.text.len() <= 512 && it.rule.len() <= 64));
}

#[test]
fn the_example_does_what_it_says() {
    let policy = Policy::new(EXAMPLE).unwrap();
    let member = Actor { post_count: 5, score: 10, ..actor() };
    let newcomer = actor();
    let unverified = Actor { verified: false, ..member.clone() };
    let moderator = Actor { role: Role::Moderator, ..actor() };
    let rules = |author: &Actor, draft: Content| {
        let decision = policy.decide(&by(author), &draft);
        let mut rules: Vec<String> = decision.evidence.into_iter().map(|it| it.rule).collect();
        rules.dedup();
        (decision.verdict, rules.join(" "))
    };
    for (author, draft, expected) in [
        (&member, comment("Nice bread! I use https://example.com/flour"), ""),
        (&newcomer, comment("Hello everybody."), ""),
        (&newcomer, comment("See https://spam.example/now"), "newcomer-links"),
        (&newcomer, comment("See https://en.wikipedia.org/wiki/Bread"), ""),
        (&moderator, comment("See https://spam.example/now"), ""),
        (&member, comment("Cheap V1AGRA, online  cаsino"), "spam-words"),
        (&member, comment("You m0r0n"), "insults"),
        (&member, comment("http://bit.ly/x"), "link-shorteners"),
        (&unverified, post("A good title", "text"), "unverified"),
        (&member, post("Hm", "text"), "short-title"),
        (&member, comment("WHY DOES NOBODY EVER ANSWER MY QUESTIONS"), "shouting"),
        (&member, comment("@a @b @c @d @e @f look"), "crowd-calling"),
        (&member, comment("Call +49 170 1234567 now"), "telephone-numbers"),
        (&member, comment("a.com b.com c.com d.com e.com f.com"), "too-many-links"),
    ] {
        let (verdict, rules) = rules(author, draft);
        assert_eq!(rules, expected);
        assert_eq!(verdict == Verdict::Allow, expected.is_empty(), "{expected}");
    }
}

/// Earlier content of the author, so many minutes ago.
fn earlier(id: &str, excerpt: &str, minutes: u64) -> ContentSummary {
    ContentSummary {
        kind: Kind::Comment,
        id: id.to_owned(),
        post_id: Some("post-1".to_owned()),
        author_id: "actor-1".to_owned(),
        title: None,
        excerpt: excerpt.to_owned(),
        score: 0,
        created_at: context().time - minutes * 60_000,
        withheld: false,
    }
}

#[test]
fn conditions_on_what_is_around() {
    let known = Known {
        recent: vec![earlier("a", "Buy  my BREAD", 5), earlier("b", "hello", 90)],
        reports: vec![],
        ..Known::default()
    };
    let reply = Content { parent_id: Some("comment-0".to_owned()), ..comment("buy my bread") };
    for (condition, expected) in [
        ("repeats: {}", true),
        ("repeats: {min: 2}", false),
        ("recent: {min: 2, within: 2h}", true),
        ("recent: {min: 2, within: 1h}", false),
        ("reports: {min: 1}", false),
        ("reports: {max: 0}", true),
        ("attachments: {min: 1}", false),
        ("submitter: false", true),
        ("reply: true", true),
        ("community: [general]", true),
        ("community: [bread]", false),
    ] {
        let settings =
            format!("rules: [{{id: rule, message: Held., action: hold, when: {{{condition}}}}}]");
        let context = Context { event: known.clone().into(), ..context() };
        let decision = Policy::new(&settings).unwrap().decide(&context, &reply);
        assert_eq!(decision.verdict != Verdict::Allow, expected, "{condition}");
    }
}

#[test]
fn a_rule_that_allows_ends_the_judging() {
    let policy = Policy::new(
        "rules:
          - {id: spam, action: hold, message: Wait., when: {words: [spam]}}
          - {id: late, action: annotate, priority: -1, when: {words: [spam]}}
          - {id: known, action: allow, priority: 5, when: {username: '^robin$'}}
          - {id: staff, action: reject, message: No., moderators_exempt: true, when: {words: [no]}}",
    )
    .unwrap();
    let other = Actor { username: "kim".to_owned(), ..actor() };
    assert_eq!(policy.decide(&by(&actor()), &comment("spam")), Decision::allow());
    let held = policy.decide(&by(&other), &comment("spam"));
    assert_eq!(held.verdict, Verdict::Hold("Wait.".to_owned()));
    assert_eq!(held.evidence.len(), 2);
    let staff = Actor { role: Role::Moderator, ..other.clone() };
    assert_eq!(policy.decide(&by(&staff), &comment("no")), Decision::allow());
    assert_ne!(policy.decide(&by(&other), &comment("no")), Decision::allow());
}

#[test]
fn rules_rewrite_and_want_more_done() {
    let policy = Policy::new(
        "rules:
          - id: tracking
            action: modify
            replace: [{pattern: '[?&]utm_\\w+=\\w+'}, {pattern: 'colour', with: 'color', in: body}]
            when: {regex: 'utm_|colour'}
            effects: {label: tidied, reply: 'Dear {author}, it is tidied.', mark: spoiler}",
    )
    .unwrap();
    let draft = post("Which colour", "https://a.com/?utm_source=x, a colour");
    let decision = policy.decide(&by(&actor()), &draft);
    let body = "https://a.com/, a color".to_owned();
    assert_eq!(decision.verdict, Verdict::Modify(Patch { title: None, body: Some(body) }));
    let target = draft.target();
    let expected = [
        effects::label(target.clone(), "tidied"),
        effects::mark(target.clone(), effects::Mark::Spoiler),
        effects::reply(target, "Dear robin, it is tidied."),
    ];
    assert_eq!(decision.effects, expected);
}

/// Judges a comment that readers see as `text`, with links to `urls`.
fn judge_rendered(condition: &str, source: &str, text: &str, urls: &[&str]) -> Decision {
    let rendered = Some(rendered(text, urls));
    let context = Context { event: Known { rendered, ..Known::default() }.into(), ..context() };
    let settings =
        format!("rules: [{{id: rule, message: Held., action: hold, when: {{{condition}}}}}]");
    Policy::new(&settings).unwrap().decide(&context, &comment(source))
}

#[test]
fn a_condition_on_the_text_holds_for_what_readers_see() {
    for (condition, source, text) in [
        ("words: [free money]", "fr&#101;e money", "free money"),
        ("words: [free money]", "free&nbsp;money", "free\u{a0}money"),
        ("words: [free money]", "fr**e**e money", "free money"),
        ("words: [free money]", "free\\-money", "free-money"),
        ("words: {list: [first], match: full_exact}", "**first**", "first"),
        ("regex: {pattern: 'b(oo)+k', in: body}", "b*oo*k", "book"),
        ("length: {in: body, max: 1}", "**a**", "a"),
        ("capitals: {percent: 100, letters: 4}", "*N*&#79;&#87;**!** a&#x4E;d", "NOW! AND"),
        ("mentions: {min: 1}", "&#64;robin", "@robin"),
        ("links: {}", "ex*ample*.com", "example.com"),
    ] {
        let decision = judge_rendered(condition, source, text, &[]);
        assert_ne!(decision.verdict, Verdict::Allow, "{condition}: {source}");
        for evidence in &decision.evidence {
            if let Some(Finding::Span(span)) = &evidence.finding {
                assert_eq!(evidence.field.as_deref(), Some("rendered"), "{source}");
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{source}");
            }
        }
        let source_holds = holds(condition, &comment(source));
        assert!(!source_holds, "the source alone says nothing: {condition}: {source}");
    }
    // The words of the title stand before both forms of the body.
    let condition = "length: {in: both, min: 3, max: 3}";
    let rendered = Some(rendered("b", &[]));
    let context = Context { event: Known { rendered, ..Known::default() }.into(), ..context() };
    let settings =
        format!("rules: [{{id: rule, message: Held., action: hold, when: {{{condition}}}}}]");
    let decision = Policy::new(&settings).unwrap().decide(&context, &post("ti", "**b**"));
    assert_ne!(decision.verdict, Verdict::Allow);
}

#[test]
fn a_condition_on_links_holds_for_where_the_rendered_text_leads() {
    let source = "[x](https&#58;//evil.test/x)";
    for (condition, expected) in [
        ("links: {}", true),
        ("links: {except: [example.org]}", true),
        ("links: {except: [evil.test]}", false),
        ("links: {min: 2}", false),
        ("domain: [evil.test]", true),
        ("domain: [example.org]", false),
        ("url: '^https://evil.test/'", true),
        ("not: {links: {}}", false),
    ] {
        let decision = judge_rendered(condition, source, "x", &["https://evil.test/x"]);
        assert_eq!(decision.verdict != Verdict::Allow, expected, "{condition}");
        if expected {
            let [evidence] = decision.evidence.as_slice() else { panic!("{decision:?}") };
            assert!(evidence.text.contains("https://evil.test/x"), "{evidence:?}");
            assert!(matches!(&evidence.finding, Some(Finding::Feature(_))), "{evidence:?}");
        }
    }
}

#[test]
fn a_text_that_readers_see_as_it_was_written_is_judged_once() {
    let decision = judge_rendered("words: [spam]", "some  spam\n\nhere", "some spam\nhere", &[]);
    let fields: Vec<_> = decision.evidence.iter().map(|it| it.field.as_deref()).collect();
    assert_eq!(fields, [Some("body")]);
    let unread = judge_rendered("score: {max: 0}", "a", "b", &["https://a.example/"]);
    assert_ne!(unread.verdict, Verdict::Allow);
}
