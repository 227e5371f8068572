//! What waits for a person, and how a person settles it.

use std::time::Duration;

use futures_util::future::join_all;
use gatherly::config::Registration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, Reply, TestApp, forum::walk, policy::enforce_first_letter};

/// A forum where what begins with `H` waits, with an admin and a member.
async fn start() -> (TestApp, Person, Person) {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "please wait").await;
    (app, admin, ada)
}

/// Writes a post; `201` or `202`. Time goes on.
async fn post(app: &TestApp, author: &Person, body: &str) -> Value {
    app.advance(Duration::from_secs(1));
    let body = json!({"community": "general", "title": "A post", "body": body});
    let reply = author.post("/posts", body).await;
    assert!(matches!(reply.status.as_u16(), 201 | 202), "{}", reply.text());
    reply.json()
}

async fn comment(app: &TestApp, author: &Person, post: &Value, body: &str) -> Value {
    app.advance(Duration::from_secs(1));
    let path = format!("/posts/{}/comments", id(post));
    let reply = author.post(&path, json!({"body": body})).await;
    assert!(matches!(reply.status.as_u16(), 201 | 202), "{}", reply.text());
    reply.json()
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap()
}

async fn items(person: &Person, query: &str) -> Vec<Value> {
    let list = person.get(&format!("/review-items{query}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn resolve(person: &Person, item: &Value, resolution: &str) -> Reply {
    let path = format!("/review-items/{}/resolutions", id(item));
    person.post(&path, json!({"resolution": resolution, "note": "seen"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_post_waits_and_is_published() {
    let (app, admin, ada) = start().await;
    let held = post(&app, &ada, "Held.").await;
    let path = format!("/posts/{}", id(&held));
    app.client.get(&path).await.expect_problem(404, "not_found");

    let found = items(&admin, "").await;
    let [item] = found.as_slice() else { panic!("one item: {found:?}") };
    assert_eq!((&item["kind"], &item["state"]), (&json!("post"), &json!("open")));
    assert_eq!(item["target_id"], held["id"]);
    assert_eq!((&item["author"], &item["community"]), (&json!("ada"), &json!("general")));
    assert_eq!(item["reason"], "please wait");
    assert_eq!(item["text"], json!({"title": "A post", "body": "Held."}));
    assert_eq!(item["decisions"][0]["verdict"], "hold");
    assert_eq!(item["decisions"][0]["staff"]["mode"], "enforce");
    assert_eq!(admin.get(&format!("/review-items/{}", id(item))).await.expect(200), *item);

    let reply = resolve(&admin, item, "approve").await;
    let settled = reply.expect(201);
    assert_eq!(reply.headers["location"], format!("/api/v1/review-items/{}", id(item)));
    assert_eq!((&settled["state"], &settled["note"]), (&json!("approved"), &json!("seen")));
    assert_eq!(settled["resolved_by"], "root");
    assert!(settled["resolved_at"].as_str().is_some());
    assert_eq!(app.client.get(&path).await.expect(200)["state"], "published");
    let community = app.client.get("/communities/general").await.expect(200);
    assert_eq!(community["post_count"], 1);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["post_count"], 1);

    assert_eq!(items(&admin, "").await, Vec::<Value>::new());
    assert_eq!(items(&admin, "?state=approved").await, vec![settled]);
    for resolution in ["approve", "remove"] {
        resolve(&admin, item, resolution).await.expect_problem(409, "already_resolved");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_never_appears() {
    let (app, admin, ada) = start().await;
    let on = post(&app, &ada, "Fine.").await;
    let held = comment(&app, &ada, &on, "Held.").await;
    let item = items(&admin, "?kind=comment").await.remove(0);
    assert_eq!(item["post_id"], on["id"]);
    assert_eq!(item["text"], json!({"body": "Held."}));
    let settled = resolve(&admin, &item, "remove").await.expect(201);
    assert_eq!(settled["state"], "removed");
    let path = format!("/comments/{}", id(&held));
    app.client.get(&path).await.expect_problem(404, "not_found");
    assert_eq!(ada.get(&path).await.expect(200)["state"], "removed");
    let seen = app.client.get(&format!("/posts/{}", id(&on))).await.expect(200);
    assert_eq!(seen["comment_count"], 0);
    assert_eq!(items(&admin, "?state=removed&kind=comment&community=general").await.len(), 1);
    assert_eq!(items(&admin, "?state=removed&kind=post").await.len(), 0);
    assert_eq!(items(&admin, "?state=removed&community=nowhere").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_comment_counts() {
    let (app, admin, ada) = start().await;
    let on = post(&app, &ada, "Fine.").await;
    let held = comment(&app, &ada, &on, "Held.").await;
    let item = items(&admin, "").await.remove(0);
    resolve(&admin, &item, "approve").await.expect(201);
    app.client.get(&format!("/comments/{}", id(&held))).await.expect(200);
    let seen = app.client.get(&format!("/posts/{}", id(&on))).await.expect(200);
    assert_eq!(seen["comment_count"], 1);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["comment_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_waits_while_the_published_text_stays() {
    let (app, admin, ada) = start().await;
    let on = post(&app, &ada, "Fine.").await;
    let path = format!("/posts/{}", id(&on));
    let body = async || app.client.get(&path).await.expect(200)["body"].clone();
    for (resolution, expected) in [("remove", "Fine."), ("approve", "Held 2.")] {
        for text in ["Held 1.", "Held 2."] {
            app.advance(Duration::from_secs(1));
            ada.patch(&path, json!({"body": text})).await.expect(202);
            assert_eq!(body().await, "Fine.");
        }
        // The newer edit has taken the older one's place.
        let open = items(&admin, "?kind=edit").await;
        let [item] = open.as_slice() else { panic!("one item: {open:?}") };
        assert_eq!(item["text"]["body"], "Fine.");
        assert_eq!(item["pending"]["body"], "Held 2.");
        resolve(&admin, item, resolution).await.expect(201);
        assert_eq!(body().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_comment_waits_as_well() {
    let (app, admin, ada) = start().await;
    let on = post(&app, &ada, "Fine.").await;
    let written = comment(&app, &ada, &on, "Fine.").await;
    let path = format!("/comments/{}", id(&written));
    ada.patch(&path, json!({"body": "Held."})).await.expect(202);
    let item = items(&admin, "?kind=edit").await.remove(0);
    assert_eq!(item["pending"], json!({"body": "Held."}));
    resolve(&admin, &item, "approve").await.expect(201);
    assert_eq!(app.client.get(&path).await.expect(200)["body"], "Held.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_text_that_its_author_deletes_is_marked_and_still_settled() {
    let (app, admin, ada) = start().await;
    let held = post(&app, &ada, "Held.").await;
    let item = items(&admin, "").await.remove(0);
    ada.delete(&format!("/posts/{}", id(&held))).await.expect(204);
    let seen = items(&admin, "").await.remove(0);
    assert_eq!((&seen["id"], &seen["changed_since"]), (&item["id"], &json!(["deleted_by_author"])));
    assert!(seen.get("text").is_none(), "only the copy is shown: {seen}");
    assert_eq!(seen["copies"][0]["body"], "Held.");
    assert_eq!(resolve(&admin, &item, "approve").await.expect(201)["state"], "approved");
    let path = format!("/posts/{}", id(&held));
    ada.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_settle_what_is_in_their_communities() {
    let (app, admin, ada) = start().await;
    let (judge, eve) = (app.member("judge").await, app.member("eve").await);
    admin.post("/communities", json!({"slug": "cats", "name": "Cats"})).await.expect(201);
    let path = "/communities/cats/moderators/judge";
    assert!(admin.send(hyper::Method::PUT, path, None).await.status.is_success());
    post(&app, &ada, "Held in general.").await;
    app.advance(Duration::from_secs(1));
    let body = json!({"community": "cats", "title": "A cat", "body": "Held cat."});
    ada.post("/posts", body).await.expect(202);

    let all = items(&admin, "").await;
    assert_eq!(all.len(), 2);
    let (general, cats) = (&all[0], &all[1]);
    assert_eq!(items(&judge, "").await, vec![cats.clone()]);
    for person in [&eve, &ada] {
        assert_eq!(items(person, "").await, Vec::<Value>::new());
        resolve(person, cats, "approve").await.expect_problem(404, "not_found");
    }
    let hidden = resolve(&judge, general, "approve").await.expect_problem(404, "not_found");
    let nothing = json!({"id": Uuid::now_v7().to_string()});
    let mut unknown = resolve(&judge, &nothing, "approve").await.expect_problem(404, "not_found");
    unknown["request_id"] = hidden["request_id"].clone();
    assert_eq!(hidden, unknown);
    judge.get(&format!("/review-items/{}", id(general))).await.expect_problem(404, "not_found");
    resolve(&judge, cats, "approve").await.expect(201);
    app.client.get("/review-items").await.expect_problem(401, "no_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_wait_for_an_admin() {
    let app = TestApp::start_with(|config| {
        config.accounts.registration = Registration::Approval;
    })
    .await;
    let admin = app.admin("root").await;
    let join = async |name: &str| {
        app.advance(Duration::from_secs(1));
        let email = format!("{name}@example.org");
        let body = json!({"username": name, "email": email, "password": "correct horse battery"});
        app.client.post("/accounts", body).await.expect(202);
    };
    let sign_in = async |name: &str| {
        let body = json!({"username": name, "password": "correct horse battery"});
        app.client.post("/sessions", body).await
    };
    join("ada").await;
    join("eve").await;
    let all = items(&admin, "?kind=account").await;
    assert_eq!((&all[0]["author"], &all[1]["author"]), (&json!("ada"), &json!("eve")));
    assert!(all[0].get("community").is_none() && all[0].get("text").is_none());
    sign_in("ada").await.expect_problem(403, "account_held");
    resolve(&admin, &all[0], "approve").await.expect(201);
    resolve(&admin, &all[1], "remove").await.expect(201);
    sign_in("ada").await.expect(201);
    sign_in("eve").await.expect_problem(401, "wrong_credentials");

    // A moderator of a community has no say in who joins the site.
    join("bob").await;
    let path = "/communities/general/moderators/ada";
    assert!(admin.send(hyper::Method::PUT, path, None).await.status.is_success());
    let ada = app.sign_in("ada").await;
    assert_eq!(items(&ada, "").await, Vec::<Value>::new());
    let bob = items(&admin, "").await.remove(0);
    resolve(&ada, &bob, "approve").await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_resolutions_at_once_one_stands() {
    let (app, admin, ada) = start().await;
    let held = post(&app, &ada, "Held.").await;
    let item = items(&admin, "").await.remove(0);
    let replies = join_all((0..10).map(|at| {
        let resolution = if at % 2 == 0 { "approve" } else { "remove" };
        resolve(&admin, &item, resolution)
    }))
    .await;
    let stands: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(stands.len(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 409).count(), 9);
    let state = stands[0].json()["state"].clone();
    let seen = app.client.get(&format!("/posts/{}", id(&held))).await;
    assert_eq!(seen.status.as_u16(), if state == "approved" { 200 } else { 404 });
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_resolutions() {
    let (app, admin, ada) = start().await;
    post(&app, &ada, "Held.").await;
    let item = items(&admin, "").await.remove(0);
    let path = format!("/review-items/{}/resolutions", id(&item));
    for body in [
        json!({}),
        json!({"resolution": "ignore"}),
        json!({"resolution": "approve", "notes": "x"}),
        json!([]),
    ] {
        admin.post(&path, body).await.expect_problem(400, "bad_request");
    }
    let body = json!({"resolution": "approve", "note": "x".repeat(1_001)});
    admin.post(&path, body).await.expect_invalid(&[("note", "length")]);
    admin.post("/review-items/x/resolutions", json!({})).await.expect_problem(400, "bad_request");
    for bad in ["?state=gone", "?kind=vote"] {
        admin.get(&format!("/review-items{bad}")).await.expect_problem(400, "bad_request");
    }
    assert_eq!(items(&admin, "").await, vec![item]);
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_takes_three_statements_whatever_the_data() {
    let (app, admin, ada) = start().await;
    for count in 1..=3 {
        post(&app, &ada, "Held.").await;
        let (list, statements) = app.statements(admin.get("/review-items?limit=2")).await;
        let list = list.expect(200);
        assert_eq!(statements, 3);
        assert_eq!(list["items"].as_array().unwrap().len(), count.min(2));
        assert!(list["items"][0]["decisions"][0]["id"].as_str().is_some());
        assert_eq!(list.get("next_cursor").is_some(), count == 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_goes_by_priority_and_then_from_the_oldest_through_all_pages() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let reporters = [app.member("bob").await, app.member("cyd").await];
    let mut posts = Vec::new();
    for _ in 0..6 {
        posts.push(post(&app, &ada, "Fine.").await);
    }
    let report = async |by: &Person, post: &Value| {
        app.advance(Duration::from_millis(5));
        let body = json!({"kind": "post", "id": post["id"], "reason": "Look."});
        by.post("/reports", body).await.expect(201);
    };
    for at in [3, 0, 5, 1, 4, 2] {
        report(&reporters[0], &posts[at]).await;
    }
    // Each further report raises the priority by one.
    for at in [1, 5] {
        report(&reporters[1], &posts[at]).await;
    }
    let expected: Vec<Value> =
        [5, 1, 3, 0, 4, 2].iter().map(|at: &usize| posts[*at]["id"].clone()).collect();
    for path in ["/review-items", "/review-items?community=general"] {
        for limit in [1, 2, 4, 100] {
            assert_eq!(walk(&admin, path, limit, "target_id").await, expected, "{path}, {limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_in_whose_place_there_is_a_newer_one_is_found_by_its_state() {
    let (app, admin, ada) = start().await;
    let on = post(&app, &ada, "Fine.").await;
    let path = format!("/posts/{}", id(&on));
    for text in ["Held 1.", "Held 2."] {
        app.advance(Duration::from_secs(1));
        ada.patch(&path, json!({"body": text})).await.expect(202);
    }
    let superseded = items(&admin, "?state=superseded").await;
    assert_eq!(superseded.len(), 1);
    assert!(superseded[0]["resolved_at"].is_string());
    resolve(&admin, &superseded[0], "approve").await.expect_problem(409, "superseded");
}
