//! Finding what was written.

use gatherly::config::Config;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    forum::{comment, each, id, post, try_comment, try_post},
    policy::enforce_first_letter,
};

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_newest_first() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let first = try_post(&app, &ada, "Über owls", "They hunt at night.").await.expect(201);
    let second = post(&app, &ada, "More owls").await;
    let said = comment(&app, &ada, &first, "I saw an owl and two owls.").await;

    let found = app.client.get("/search?query=owls").await.expect(200);
    assert_eq!(each(&found, "post_id"), [second["id"].clone(), first["id"].clone()]);
    assert_eq!(each(&found, "title"), ["More owls", "Über owls"]);
    let found = app.client.get("/search?query=NIGHT+uber").await.expect(200);
    assert_eq!(each(&found, "post_id"), [first["id"].clone()]);
    let found = app.client.get("/search?query=owls&kind=comment").await.expect(200);
    assert_eq!(each(&found, "comment_id"), [said["id"].clone()]);
    assert!(found["items"][0]["excerpt"].as_str().unwrap().contains("two owls"));
    for none in ["/search?query=owls+night+day", "/search?query=owls&community=nowhere"] {
        assert_eq!(app.client.get(none).await.expect(200), json!({"items": []}));
    }
    let page = app.client.get("/search?query=owls&limit=1").await.expect(200);
    let next = format!("/search?query=owls&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(each(&app.client.get(&next).await.expect(200), "post_id"), [first["id"].clone()]);

    // The index follows the text.
    ada.patch(&format!("/posts/{}", id(&first)), json!({"title": "Bats"})).await.expect(200);
    let found = app.client.get("/posts?query=bats").await.expect(200);
    assert_eq!(each(&found, "id"), [first["id"].clone()]);
    let found = app.client.get("/posts?query=owls&community=general&author=ada").await.expect(200);
    assert_eq!(each(&found, "id"), [second["id"].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_may_be_seen_is_found() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    enforce_first_letter(&root, "please wait").await;
    let made = post(&app, &ada, "A title").await;
    try_post(&app, &ada, "canary", "Held.").await.expect(202);
    try_comment(&app, &ada, (&made, None), "Held: canary").await.expect(202);
    let gone = post(&app, &ada, "canary").await;
    comment(&app, &ada, &gone, "canary").await;
    ada.delete(&format!("/posts/{}", id(&gone))).await.expect(204);
    let said = comment(&app, &ada, &made, "canary").await;
    ada.delete(&format!("/comments/{}", id(&said))).await.expect(204);
    for path in ["/search?query=canary", "/search?query=canary&kind=comment", "/posts?query=canary"]
    {
        let found = |found: Value| found["items"].as_array().unwrap().len();
        assert_eq!(found(app.client.get(path).await.expect(200)), 0, "{path}");
        assert_eq!(found(bob.get(path).await.expect(200)), 0, "{path}");
        assert_eq!(found(ada.get(path).await.expect(200)), 1, "{path}");
        assert_eq!(found(root.get(path).await.expect(200)), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_reaches_the_index_as_its_language() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    post(&app, &ada, "AND OR NOT NEAR").await;
    for query in [
        "%22",
        "%22%22",
        "*",
        "a*",
        "^a",
        "title:a",
        "-a",
        "a AND",
        "AND",
        "NEAR(a b)",
        "a OR",
        "(",
        ")",
        "a%22b",
        "'",
        "%00",
        "%F0%9F%A6%89",
        "a%00b",
        "%5C",
        "{a b}",
        "a + b",
        "col : a",
        "%22a%22%22",
        "NOT",
        "posts_search",
        "rank",
        "%E2%80%AE",
        "%C3%A9",
    ] {
        for path in ["/search?query=", "/search?kind=comment&query=", "/posts?query="] {
            let path = format!("{path}{}", query.replace(' ', "%20"));
            let reply = app.client.get(&path).await;
            assert!(matches!(reply.status.as_u16(), 200 | 422), "{path}: {}", reply.text());
        }
    }
    let found = app.client.get("/search?query=near+and").await.expect(200);
    assert_eq!(each(&found, "title"), ["AND OR NOT NEAR"]);
    app.client.get("/search?query=").await.expect_invalid(&[("query", "words")]);
    app.client.get("/search").await.expect_problem(400, "bad_request");
    let long = format!("/search?query={}", "a".repeat(201));
    app.client.get(&long).await.expect_invalid(&[("query", "length")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_counted() {
    let app = TestApp::start_with(|config: &mut Config| config.limits.enabled = true).await;
    for _ in 0..15 {
        app.client.get("/search?query=a").await.expect(200);
        app.client.get("/posts?query=a").await.expect(200);
    }
    for path in ["/search?query=a", "/posts?query=a"] {
        app.client.get(path).await.expect_problem(429, "too_many_requests");
    }
    app.client.get("/posts").await.expect(200);
}
