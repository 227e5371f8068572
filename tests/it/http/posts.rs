//! Writing, reading, listing, changing and taking back posts.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    forum::{comment, each, id, post, try_comment, try_post, walk},
    policy::enforce_first_letter,
};

#[tokio::test(flavor = "multi_thread")]
async fn write_and_read() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body =
        json!({"community": "general", "title": " A  title ", "body": "*Hi* <b>you</b>\r\n"});
    app.client.post("/posts", body.clone()).await.expect_problem(401, "no_token");
    let reply = ada.post("/posts", body).await;
    let made = reply.expect(201);
    assert_eq!(reply.headers["location"], format!("/api/v1/posts/{}", id(&made)));
    assert_eq!(made["title"], "A title");
    assert_eq!(made["body"], "*Hi* <b>you</b>");
    assert_eq!(made["body_html"], "<p><em>Hi</em> &lt;b&gt;you&lt;/b&gt;</p>\n");
    assert_eq!((&made["score"], &made["ups"], &made["my_vote"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&made["state"], &made["author"]), (&json!("published"), &json!("ada")));

    let path = format!("/posts/{}", id(&made));
    assert_eq!(ada.get(&path).await.expect(200), made);
    let mut public = made.clone();
    public.as_object_mut().unwrap().remove("my_vote");
    assert_eq!(app.client.get(&path).await.expect(200), public);
    let list = app.client.get("/posts").await.expect(200);
    for field in ["body", "body_html"] {
        public.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(list, json!({"items": [public]}));
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 1);
    let account = app.client.get("/accounts/ada").await.expect(200);
    assert_eq!((&account["post_count"], &account["score"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_is_told_at_once() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = json!({"community": "general", "title": "ab", "body": "b".repeat(40_001)});
    ada.post("/posts", body).await.expect_invalid(&[("title", "length"), ("body", "length")]);
    let body = json!({"community": "nowhere", "title": "A title"});
    ada.post("/posts", body).await.expect_invalid(&[("community", "unknown")]);
    for extra in ["id", "author", "state", "score", "created_at", "locked"] {
        let mut body = json!({"community": "general", "title": "A title"});
        body[extra] = json!("x");
        ada.post("/posts", body).await.expect_problem(400, "bad_request");
    }
    for path in ["/posts?sort=best", "/posts?limit=x", "/posts/17"] {
        app.client.get(path).await.expect_problem(400, "bad_request");
    }
    app.client.get("/posts?query=%22%20*").await.expect_invalid(&[("query", "words")]);
    let unknown = "/posts/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11";
    app.client.get(unknown).await.expect_problem(404, "not_found");
    ada.patch(unknown, json!({})).await.expect_problem(404, "not_found");
    ada.delete(unknown).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_sorted_and_cover_each_post_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let mut titles = Vec::new();
    for n in 0..9 {
        app.advance(Duration::from_secs(10));
        let author = if n % 3 == 0 { &bob } else { &ada };
        let title = format!("Post {n}");
        let made = post(&app, author, &title).await;
        if n == 4 {
            let path = format!("/posts/{}/vote", id(&made));
            author.put(&path, json!({"value": -1})).await.expect(200);
        }
        titles.insert(0, title);
    }
    let walk = |path: String, limit| {
        let ada = ada.clone();
        async move { walk(&ada, &path, limit, "title").await }
    };
    assert_eq!(walk("/posts?sort=new".into(), 2).await, titles);
    assert_eq!(walk("/posts?sort=new&community=general".into(), 4).await, titles);
    assert_eq!(walk("/posts?author=BOB&sort=new".into(), 2).await, ["Post 6", "Post 3", "Post 0"]);
    for sort in ["hot", "top"] {
        for limit in [1, 2, 100] {
            let found = walk(format!("/posts?sort={sort}"), limit).await;
            let distinct: HashSet<&Value> = found.iter().collect();
            assert_eq!((found.len(), distinct.len()), (9, 9), "{sort} by {limit}: {found:?}");
        }
    }
    assert_eq!(walk("/posts?sort=top".into(), 4).await.last().unwrap(), "Post 4");
    assert_eq!(walk("/posts".into(), 100).await[0], "Post 8");
    for path in ["/posts?community=nowhere", "/posts?author=nobody"] {
        assert_eq!(app.client.get(path).await.expect(200), json!({"items": []}));
    }
    let page = ada.get("/posts?sort=new&limit=1").await.expect(200);
    let foreign = format!("/posts?sort=top&cursor={}", page["next_cursor"].as_str().unwrap());
    ada.get(&foreign).await.expect_invalid(&[("cursor", "cursor")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_edit_and_take_back() {
    let app = TestApp::start().await;
    let (ada, bob, root) =
        (app.member("ada").await, app.member("bob").await, app.admin("root").await);
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}", id(&made));
    bob.patch(&path, json!({"title": "Mine"})).await.expect_problem(403, "author_only");
    root.delete(&path).await.expect_problem(403, "author_only");
    ada.patch(&path, json!({"title": "x"})).await.expect_invalid(&[("title", "length")]);
    assert_eq!(ada.patch(&path, json!({})).await.expect(200), made);
    app.advance(Duration::from_secs(1));
    let edited = ada.patch(&path, json!({"body": "# New"})).await.expect(200);
    assert_eq!(
        (&edited["title"], &edited["body_html"]),
        (&json!("A title"), &json!("<h1>New</h1>\n"))
    );
    assert!(edited["edited_at"].is_string());
    assert_eq!(ada.get(&path).await.expect(200), edited);

    let (reply, _) = tokio::join!(ada.delete(&path), ada.get(&path));
    reply.expect(204);
    let unknown = ada.get("/posts/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11").await;
    for person in [&ada.client, &root.client, &app.client] {
        let gone = person.get(&path).await.expect_problem(404, "not_found");
        assert_eq!(gone["detail"], unknown.json()["detail"]);
        assert_eq!(person.get("/posts").await.expect(200), json!({"items": []}));
    }
    ada.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 0);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["post_count"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_edits_wins() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}", id(&made));
    let edits = (0..10).map(|n| {
        let (ada, path) = (ada.clone(), path.clone());
        async move { ada.patch(&path, json!({"body": format!("Edit {n}")})).await }
    });
    let replies = join_all(edits).await;
    assert!(replies.iter().any(|reply| reply.status == 200));
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.expect_problem(409, "changed_meanwhile");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_for_its_author_and_those_who_moderate() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    enforce_first_letter(&root, "please wait").await;
    try_post(&app, &ada, "Title", "Rejected.").await.expect_problem(403, "rejected_by_policy");
    let reply = try_post(&app, &ada, "Title", "Held.").await;
    let held = reply.expect(202);
    assert!(reply.headers.contains_key("location"));
    assert_eq!((&held["state"], &held["moderation"]["state"]), (&json!("held"), &json!("held")));
    assert_eq!(held["moderation"]["message"], "please wait");
    assert_eq!(held["moderation"]["decisions"][0]["verdict"], "hold");

    let path = format!("/posts/{}", id(&held));
    for person in [&ada, &root] {
        let seen = person.get(&path).await.expect(200);
        let expected = json!({"state": "held", "message": "please wait", "decisions": []});
        assert_eq!(seen["moderation"], expected);
        assert_eq!(each(&person.get("/posts").await.expect(200), "id"), [held["id"].clone()]);
    }
    for client in [&bob.client, &app.client] {
        client.get(&path).await.expect_problem(404, "not_found");
        assert_eq!(client.get("/posts").await.expect(200), json!({"items": []}));
    }
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 0);
    let vote = ada.put(&format!("{path}/vote"), json!({"value": 0})).await;
    vote.expect_problem(409, "held");
    let reply = ada.post(&format!("{path}/comments"), json!({"body": "?"})).await;
    reply.expect_problem(409, "held");

    // A better text does not publish it: a person still decides.
    let edited = ada.patch(&path, json!({"body": "Fine."})).await.expect(200);
    assert_eq!((&edited["state"], &edited["body"]), (&json!("held"), &json!("Fine.")));
    ada.delete(&path).await.expect(204);
    // The decision about it is still to be taken.
    let waiting = root.get("/review-items").await.expect(200);
    assert_eq!(each(&waiting, "target_id"), [held["id"].clone()]);
    assert_eq!(waiting["items"][0]["changed_since"], json!(["deleted_by_author"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_edit_leaves_the_published_text() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&root, "please wait").await;
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}", id(&made));
    for body in ["Held once.", "Held twice."] {
        let reply = ada.patch(&path, json!({"body": body})).await.expect(202);
        assert_eq!((&reply["state"], &reply["body"]), (&json!("published"), &json!("A body.")));
        assert_eq!(reply["moderation"]["state"], "held");
        assert_eq!(reply["moderation"]["pending"], json!({"title": "A title", "body": body}));
    }
    let seen = ada.get(&path).await.expect(200);
    assert_eq!(seen["moderation"]["pending"]["body"], "Held twice.");
    assert!(app.client.get(&path).await.expect(200).get("moderation").is_none());
    assert_eq!(root.get("/review-items").await.expect(200)["items"].as_array().unwrap().len(), 1);

    // One that needs nobody takes its place.
    let edited = ada.patch(&path, json!({"body": "Fine."})).await.expect(200);
    assert_eq!(edited["body"], "Fine.");
    assert!(ada.get(&path).await.expect(200).get("moderation").is_none());
    assert_eq!(each(&root.get("/review-items").await.expect(200), "id"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_few_whatever_the_data() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for round in 0..2 {
        let mut last = json!(null);
        for n in 0..=round * 30 {
            last = post(&app, &ada, &format!("Post {n}")).await;
            comment(&app, &ada, &last, "A comment.").await;
        }
        for path in ["/posts", "/posts?sort=new", "/posts?author=ada", "/posts?query=post"] {
            let (reply, statements) = app.statements(ada.get(path)).await;
            reply.expect(200);
            assert_eq!(statements, 2, "{path}");
        }
        let (_, statements) = app.statements(ada.get(&format!("/posts/{}", id(&last)))).await;
        assert_eq!(statements, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_in_the_next_read() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}", id(&made));
    // Readers keep the cache warm while a writer checks what it is given.
    let reading = async {
        for _ in 0..150 {
            let reads = (app.client.get(&path), app.client.get("/posts"));
            let (one, list) = tokio::join!(reads.0, reads.1);
            one.expect(200);
            list.expect(200);
        }
    };
    let writing = async {
        for n in 0..60 {
            let title = format!("Title {n}");
            ada.patch(&path, json!({"title": title})).await.expect(200);
            assert_eq!(app.client.get(&path).await.expect(200)["title"], title);
            let list = app.client.get("/posts").await.expect(200);
            assert_eq!(each(&list, "title"), [title]);
        }
    };
    tokio::join!(reading, writing);
    let ((), statements) = app
        .statements(async {
            for _ in 0..10 {
                app.client.get(&path).await.expect(200);
            }
        })
        .await;
    assert!(statements <= 1, "{statements} statements for what is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn deeds_are_counted() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    let ada = app.member("ada").await;
    for n in 0..10 {
        let made = post(&app, &ada, &format!("Post {n}")).await;
        comment(&app, &ada, &made, "A comment.").await;
    }
    try_post(&app, &ada, "One more", "").await.expect_problem(429, "too_many_requests");
    let last = app.client.get("/posts?sort=new").await.expect(200)["items"][0].clone();
    let reply = try_comment(&app, &ada, (&last, None), "One more.").await;
    reply.expect_problem(429, "too_many_requests");
    let vote = format!("/posts/{}/vote", id(&last));
    for n in 0..60 {
        ada.put(&vote, json!({"value": n % 2})).await.expect(200);
    }
    let reply = ada.put(&vote, json!({"value": 1})).await;
    reply.expect_problem(429, "too_many_requests");
    app.advance(Duration::from_mins(1));
    post(&app, &ada, "Later").await;
}
