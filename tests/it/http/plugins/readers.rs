//! automod judges what readers see, whatever Markdown says it with.

use serde_json::{Value, json};

use crate::support::{Person, TestApp, forum, plugin, policy};

const RULES: &str = "
rules:
  - {id: money, action: hold, message: No money., public: true, when: {words: [free money]}}
  - {id: links, action: reject, message: No links., public: true, when: {links: {except: [example.org]}}}
";

/// Texts that readers see as "free money".
const WORDS: [&str; 16] = [
    "free money",
    "fr&#101;e money",
    "fr&#x65;e mone&#121;",
    "free&nbsp;money",
    "**free** money",
    "fr**e**e money",
    "fr*e*e mon_e_y ~~free~~ __money__",
    "fr[](https://example.org)ee money",
    "[free](https://example.org) [money](https://example.org)",
    "free\\-money",
    "free\\\nmoney",
    "> free\n> money",
    "# free _money_",
    "| free **money** |\n|---|",
    "![fr*e*e money](https://example.org/a.png)",
    "[x](https://example.org \"fr&#101;e money\")",
];

/// Texts that lead readers elsewhere than to example.org.
const LINKS: [&str; 19] = [
    "https://evil.test/x",
    "https:evil.test",
    "https:/evil.test",
    "https:///evil.test/x",
    "[x](https&#58;//evil.test/x)",
    "[x](https&colon;//evil.test/x)",
    "[x](https:\\/\\/evil.test/x)",
    "[x](https:///evil.test/x)",
    "[x](https:evil.test)",
    "[x](https://evil\\.test/x)",
    "[x](https://example.org\\@evil.test/)",
    "[x](https://example.org&#64;evil.test/)",
    "[x](https://%65vil.test/)",
    "[x](https://evil。test/)",
    "[x][1]\n\n[1]: https&#58;//evil.test/x",
    "![x](https&#58;//evil.test/x.png)",
    "<https://evil.test/x>",
    "[x](mailto&#58;someone@evil.test)",
    "https://%65vil.test/",
];

/// Texts that no rule is about.
const INNOCENT: [&str; 6] = [
    "Money is not free.",
    "See [the page](https://example.org/a_b) or https://example.org.",
    "`free` the `money`",
    "[a](/posts/1) and [b](#top)",
    "A list:\n\n- free\n- of money",
    "https: it begins. Mail bob@example.com.",
];

/// A server where automod is bound to the community `general`.
async fn with_automod() -> (TestApp, Person) {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let mina = app.member("mina").await;
    forum::post(&app, &mina, "A thread").await;
    let terms = json!({"mode": "enforce", "scope": {"community": "general"}, "settings": RULES});
    policy::bind(&admin, "automod", plugin("automod"), terms).await;
    (app, mina)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_phrase_is_held_however_markdown_says_it() {
    let (app, mina) = with_automod().await;
    let thread = forum::post(&app, &mina, "Another thread").await;
    for text in WORDS {
        let post = forum::try_post(&app, &mina, "A title", text).await;
        let post = post.expect(202);
        assert_eq!(post["moderation"]["state"], "held", "{text}: {post}");
        let comment = forum::try_comment(&app, &mina, (&thread, None), text).await;
        assert_evidence(&comment.expect(202), "money");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_refused_however_markdown_says_it() {
    let (app, mina) = with_automod().await;
    let thread = forum::post(&app, &mina, "Another thread").await;
    for text in LINKS {
        let post = forum::try_post(&app, &mina, "A title", text).await;
        post.expect_problem(403, "rejected_by_policy");
        let comment = forum::try_comment(&app, &mina, (&thread, None), text).await;
        comment.expect_problem(403, "rejected_by_policy");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_no_rule_is_about_is_published() {
    let (app, mina) = with_automod().await;
    for text in INNOCENT {
        let post = forum::try_post(&app, &mina, "A title", text).await;
        post.expect(201);
    }
}

/// The author is told what was found, and where.
fn assert_evidence(held: &Value, rule: &str) {
    let evidence = &held["moderation"]["decisions"][0]["evidence"][0];
    assert_eq!(evidence["rule"], rule, "{held}");
    let field = evidence["field"].as_str().expect("it is in a text");
    assert!(["body", "rendered"].contains(&field), "{held}");
}
