use super::parse;

/// The error for a rule with this condition.
fn error_for(condition: &str) -> String {
    let settings = format!("rules: [{{id: a, action: annotate, when: {{{condition}}}}}]");
    parse(&settings).map(|_| condition).expect_err(condition)
}

#[test]
fn errors_name_their_place() {
    for (condition, place, words) in [
        ("regex: '('", "rules[0].when.regex", "unclosed group"),
        ("regex: {pattern: '('}", "rules[0].when.regex.pattern", "unclosed group"),
        (r"regex: '\w{9}{9}{9}{9}'", "rules[0].when.regex", "size limit"),
        (
            "any: [{score: {max: 1}}, {not: {regex: '['}}]",
            "rules[0].when.any[1].not.regex",
            "unclosed",
        ),
        ("account_age: {max: 3 days}", "rules[0].when.account_age.max", "`3 days` is no duration"),
        ("account_age: {max: 7}", "rules[0].when.account_age.max", "string"),
        ("account_age: {}", "rules[0].when.account_age", "give `min`, `max` or both"),
        ("score: {min: 2, max: 1}", "rules[0].when.score", "`min` is above `max`"),
        ("words: []", "rules[0].when.words", "the list is empty"),
        ("words: {list: [a], match: prefix}", "rules[0].when.words.match", "unknown variant"),
        ("words: [a, '\u{200b}']", "rules[0].when.words[1]", "nothing that can be seen"),
        ("words: {list: [a], where: body}", "rules[0].when.words.where", "unknown field `where`"),
        ("word: [a]", "rules[0].when", "unknown field `word`"),
        ("words: [a], regex: b", "rules[0].when", "are two conditions"),
        ("", "rules[0].when", "an empty condition"),
        ("all: []", "rules[0].when.all", "the list is empty"),
        ("links: {to: ['http://a.b']}", "rules[0].when.links.to[0]", "is no domain"),
        ("capitals: {percent: 0}", "rules[0].when.capitals.percent", "from 1 to 100"),
        ("length: {min: 3}", "rules[0].when.length", "missing field `in`"),
        ("role: owner", "rules[0].when.role", "unknown variant `owner`"),
        ("first_post: maybe", "rules[0].when.first_post", "boolean"),
    ] {
        let error = error_for(condition);
        assert!(error.starts_with(&format!("{place}: ")), "{condition}: {error}");
        assert!(error.contains(words), "{condition}: {error}");
    }
}

#[test]
fn rules_are_checked() {
    let rule =
        |more: &str| format!("{{id: a, message: m, action: hold, when: {{words: [x]}}{more}}}");
    for (settings, expected) in [
        (String::new(), "rules: missing"),
        ("rules: []".to_owned(), "rules: the list is empty"),
        ("rule: []".to_owned(), "unknown field `rule`"),
        (format!("rules: [{}]", rule(", extra: 1")), "rules[0].extra: unknown field `extra`"),
        (format!("rules: [{}]", rule(", kinds: []")), "rules[0].kinds: the list is empty"),
        (format!("rules: [{0}, {0}]", rule("")), "rules[1].id: `a` is the id of rules[0]"),
        (
            "rules: [{id: a, action: hold, when: {words: [x]}}]".to_owned(),
            "rules[0]: `message` is missing",
        ),
        (
            "rules: [{id: '', action: annotate, when: {words: [x]}}]".to_owned(),
            "rules[0].id: an id has",
        ),
        (
            "rules: [{id: a, action: delete, when: {words: [x]}}]".to_owned(),
            "rules[0].action: unknown variant",
        ),
        ("rules: [".to_owned(), "did not find expected"),
    ] {
        let error = parse(&settings).expect_err(&settings);
        assert!(error.contains(expected), "{settings}: {error}");
    }
    assert!(
        parse(&format!("rules: [{}]", rule(", kinds: [post], operations: [edit], public: true")))
            .is_ok()
    );
}

#[test]
fn json_is_settings_too() {
    let json = r#"{"rules": [{"id": "a", "message": "m", "action": "reject",
        "when": {"all": [{"regex": "\\d"}, {"role": ["member"]}]}}]}"#;
    assert_eq!(parse(json).unwrap().len(), 1);
}
