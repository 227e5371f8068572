//! Threads of comments.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::hooks::guest;
use crate::support::{
    TestApp,
    forum::{comment, each, id, post, reply, try_comment, walk},
    policy::{bind, enforce_first_letter},
};

#[tokio::test(flavor = "multi_thread")]
async fn write_and_read() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}/comments", id(&made));
    assert_eq!(app.client.get(&path).await.expect(200), json!({"items": []}));
    app.client.post(&path, json!({"body": "x"})).await.expect_problem(401, "no_token");
    let answer = bob.post(&path, json!({"body": "**Yes**"})).await;
    let first = answer.expect(201);
    assert_eq!(answer.headers["location"], format!("/api/v1/comments/{}", id(&first)));
    assert_eq!(first["body_html"], "<p><strong>Yes</strong></p>\n");
    assert_eq!((&first["depth"], &first["score"]), (&json!(0), &json!(0)));
    assert_eq!(bob.get(&format!("/comments/{}", id(&first))).await.expect(200), first);
    let second = reply(&app, &ada, (&made, &first), "Why?").await;
    assert_eq!((&second["depth"], &second["parent_id"]), (&json!(1), &first["id"]));
    let list = app.client.get(&path).await.expect(200);
    assert_eq!(each(&list, "id"), [first["id"].clone(), second["id"].clone()]);
    assert_eq!(each(&list, "reply_count"), [1, 0]);
    let seen = app.client.get(&format!("/posts/{}", id(&made))).await.expect(200);
    assert_eq!(seen["comment_count"], 2);
    assert_eq!(app.client.get("/accounts/bob").await.expect(200)["comment_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (made, other) = (post(&app, &ada, "One post").await, post(&app, &ada, "Another").await);
    let foreign = comment(&app, &ada, &other, "Elsewhere.").await;
    let path = format!("/posts/{}/comments", id(&made));
    for body in [json!(" \n"), json!("a".repeat(10_001))] {
        ada.post(&path, json!({"body": body})).await.expect_invalid(&[("body", "length")]);
    }
    let unknown = json!({"id": "0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11"});
    for parent in [&foreign, &unknown, &made] {
        let reply = try_comment(&app, &ada, (&made, Some(parent)), "An answer.").await;
        reply.expect_invalid(&[("parent_id", "unknown")]);
    }
    for body in [json!({}), json!({"body": 7}), json!({"body": "x", "depth": 3})] {
        ada.post(&path, body).await.expect_problem(400, "bad_request");
    }
    for path in [format!("/posts/{}/comments", id(&unknown)), format!("/comments/{}", id(&unknown))]
    {
        ada.get(&path).await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_read_in_order_and_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    let a = comment(&app, &ada, &made, "a").await;
    let b = comment(&app, &ada, &made, "b").await;
    let a1 = reply(&app, &ada, (&made, &a), "a1").await;
    reply(&app, &ada, (&made, &b), "b1").await;
    reply(&app, &ada, (&made, &a1), "a11").await;
    reply(&app, &ada, (&made, &a), "a2").await;
    ada.put(&format!("/comments/{}/vote", id(&a1)), json!({"value": 1})).await.expect(200);

    for (sort, expected) in [
        ("thread", vec!["a", "a1", "a11", "a2", "b", "b1"]),
        ("new", vec!["a2", "a11", "b1", "a1", "b", "a"]),
        ("top", vec!["a1", "a2", "a11", "b1", "b", "a"]),
    ] {
        for limit in [1, 2, 6] {
            let path = format!("/posts/{}/comments?sort={sort}", id(&made));
            let found = walk(&app.client, &path, limit, "body").await;
            assert_eq!(found, expected, "{sort} by {limit}");
        }
    }
    let path = format!("/posts/{}/comments", id(&made));
    let (_, statements) = app.statements(ada.get(&path)).await;
    assert_eq!(statements, 2);
    let (_, statements) = app.statements(ada.get(&format!("/comments/{}", id(&a)))).await;
    assert_eq!(statements, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_has_32_levels() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    let mut last = comment(&app, &ada, &made, "level 0").await;
    for level in 1..32 {
        last = reply(&app, &ada, (&made, &last), &format!("level {level}")).await;
    }
    let refused = try_comment(&app, &ada, (&made, Some(&last)), "too deep").await;
    refused.expect_invalid(&[("parent_id", "depth")]);
    let depths = walk(&app.client, &format!("/posts/{}/comments", id(&made)), 20, "depth").await;
    assert_eq!(depths, (0..32).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_leaves_a_tombstone_while_it_has_answers() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let a = comment(&app, &ada, &made, "marker-a").await;
    let b = reply(&app, &bob, (&made, &a), "marker-b").await;
    let c = reply(&app, &ada, (&made, &b), "marker-c").await;
    let list =
        || async { app.client.get(&format!("/posts/{}/comments", id(&made))).await.expect(200) };
    let of = |thing: &Value| format!("/comments/{}", id(thing));
    bob.delete(&of(&a)).await.expect_problem(403, "author_only");
    ada.delete(&of(&a)).await.expect(204);
    bob.delete(&of(&b)).await.expect(204);
    let shown = list().await;
    assert_eq!(each(&shown, "state"), ["deleted", "deleted", "published"]);
    assert_eq!(each(&shown, "reply_count"), [1, 1, 0]);
    assert!(shown["items"][0].get("author").is_none() && shown["items"][0].get("body").is_none());
    assert!(!shown.to_string().contains("marker-a"));
    for person in [&ada, &bob] {
        person.get(&of(&a)).await.expect_problem(404, "not_found");
        person.patch(&of(&a), json!({"body": "back"})).await.expect_problem(404, "not_found");
    }
    let answer = try_comment(&app, &bob, (&made, Some(&a)), "An answer.").await;
    answer.expect_invalid(&[("parent_id", "unknown")]);
    let seen = app.client.get(&format!("/posts/{}", id(&made))).await.expect(200);
    assert_eq!(seen["comment_count"], 1);

    // With the last answer goes all that was kept for it.
    ada.delete(&of(&c)).await.expect(204);
    assert_eq!(list().await, json!({"items": []}));
    for name in ["ada", "bob"] {
        let account = app.client.get(&format!("/accounts/{name}")).await.expect(200);
        assert_eq!(account["comment_count"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_held_brings_its_thread_back() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&root, "please wait").await;
    let made = post(&app, &ada, "A title").await;
    let a = comment(&app, &ada, &made, "a").await;
    let b = reply(&app, &ada, (&made, &a), "b").await;
    let held = try_comment(&app, &ada, (&made, Some(&b)), "Held.").await.expect(202);
    assert_eq!(held["moderation"]["message"], "please wait");
    for gone in [&b, &a] {
        ada.delete(&format!("/comments/{}", id(gone))).await.expect(204);
    }
    let list =
        || async { app.client.get(&format!("/posts/{}/comments", id(&made))).await.expect(200) };
    assert_eq!(list().await, json!({"items": []}));
    let item = root.get("/review-items").await.expect(200)["items"][0].clone();
    let path = format!("/review-items/{}/resolutions", id(&item));
    root.post(&path, json!({"resolution": "approve"})).await.expect(201);
    assert_eq!(each(&list().await, "state"), ["deleted", "deleted", "published"]);
    assert_eq!(each(&list().await, "reply_count"), [1, 1, 0]);
    let seen = app.client.get(&format!("/posts/{}", id(&made))).await.expect(200);
    assert_eq!(seen["comment_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_edit() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    enforce_first_letter(&root, "please wait").await;
    let made = post(&app, &ada, "A title").await;
    let first = comment(&app, &ada, &made, "One.").await;
    let path = format!("/comments/{}", id(&first));
    bob.patch(&path, json!({"body": "Mine."})).await.expect_problem(403, "author_only");
    ada.patch(&path, json!({"body": ""})).await.expect_invalid(&[("body", "length")]);
    ada.patch(&path, json!({"body": "Rejected"})).await.expect_problem(403, "rejected_by_policy");
    let held = ada.patch(&path, json!({"body": "Held."})).await.expect(202);
    assert_eq!(
        (&held["body"], &held["moderation"]["pending"]["body"]),
        (&json!("One."), &json!("Held."))
    );
    assert_eq!(app.client.get(&path).await.expect(200)["body"], "One.");
    assert_eq!(ada.patch(&path, json!({"body": "Two."})).await.expect(200)["body"], "Two.");
    assert_eq!(app.client.get(&path).await.expect(200)["body"], "Two.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_makes_of_a_text_is_held_to_the_same_rules() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let made = post(&app, &ada, "A title").await;
    let terms = json!({"mode": "enforce", "grants": {"modify": true}, "failure_mode": "closed"});
    bind(&root, "shorten", guest::content(guest::SHORTEN).to_vec(), terms).await;
    assert_eq!(comment(&app, &ada, &made, "xHello").await["body"], "Hello");
    // Nothing would be left of this one.
    let refused = try_comment(&app, &ada, (&made, None), "x").await;
    refused.expect_problem(403, "policy_unavailable");
    let list = app.client.get(&format!("/posts/{}/comments", id(&made))).await.expect(200);
    assert_eq!(each(&list, "body"), ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_with_a_policy_costs_few_statements() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let made = post(&app, &ada, "A title").await;
    let first = comment(&app, &ada, &made, "First.").await;
    let (_, bare) = app.statements(reply(&app, &ada, (&made, &first), "No policy.")).await;
    enforce_first_letter(&root, "please wait").await;
    let (_, allowed) = app.statements(reply(&app, &ada, (&made, &first), "A policy.")).await;
    let (held, waits) =
        app.statements(try_comment(&app, &ada, (&made, Some(&first)), "Held.")).await;
    held.expect(202);
    // A held text is frozen for those who decide: three more.
    assert_eq!((bare, allowed, waits), (5, 6, 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_a_deleted_post_are_gone() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let first = comment(&app, &bob, &made, "One.").await;
    ada.delete(&format!("/posts/{}", id(&made))).await.expect(204);
    let path = format!("/comments/{}", id(&first));
    for person in [&root, &ada, &bob] {
        person.get(&path).await.expect_problem(404, "not_found");
        let list = person.get(&format!("/posts/{}/comments", id(&made))).await;
        list.expect_problem(404, "not_found");
        person
            .put(&format!("{path}/vote"), json!({"value": 1}))
            .await
            .expect_problem(404, "not_found");
    }
    bob.patch(&path, json!({"body": "x"})).await.expect_problem(404, "not_found");
    let ids: HashSet<Value> =
        each(&bob.get("/search?query=one&kind=comment").await.expect(200), "post_id")
            .into_iter()
            .collect();
    assert_eq!(ids, HashSet::new());
}
