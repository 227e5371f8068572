//! Requests that are sent again.

use std::time::Duration;

use futures_util::future::join_all;
use gatherly::db::statement;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, wait_for};

/// Sends a `POST` with a key.
pub async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Reply {
    let request = Request::post(client.url(path))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Full::from(body.to_string()))
        .unwrap();
    client.send_request(request).await
}

fn text(title: &str) -> Value {
    json!({"community": "general", "title": title, "body": "Hello."})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_done_once() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let first = post(&ada, "/posts", "key-1", &text("Once")).await;
    first.expect(201);
    let again = post(&ada, "/posts", "key-1", &text("Once")).await;
    assert_eq!(again.expect(201), first.json());
    assert_eq!(again.headers["location"], first.headers["location"]);
    // Another request with that key is a mistake; another's key is another key.
    post(&ada, "/posts", "key-1", &text("Twice"))
        .await
        .expect_invalid(&[("Idempotency-Key", "reused")]);
    let other = post(&eve, "/posts", "key-1", &text("Once")).await.expect(201);
    assert_ne!(other["id"], first.json()["id"]);
    let listed = ada.get("/posts").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_leave_one() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = text("Once");
    let replies = join_all((0..20).map(|_| post(&ada, "/posts", "key", &body))).await;
    for reply in &replies {
        if reply.status != 201 {
            reply.expect_problem(409, "idempotency_key_in_use");
        }
    }
    assert!(replies.iter().any(|reply| reply.status == 201));
    let listed = ada.get("/posts").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    post(&ada, "/posts", "key", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_may_be_sent_again() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let bad = post(&ada, "/posts", "key", &text("")).await;
    bad.expect_problem(422, "invalid_fields");
    post(&ada, "/posts", "key", &text("Better")).await.expect(201);
    for key in ["", &"k".repeat(129)] {
        post(&ada, "/posts", key, &text("x"))
            .await
            .expect_invalid(&[("Idempotency-Key", "length")]);
    }
}

/// Lets the answer to the only request with a key be unknown, as when the server
/// ended before it was kept.
async fn forget_answer(app: &TestApp) {
    let mut tx = app.app.db.begin().await.unwrap();
    let forget = "update idempotency_keys set status = null, location = null, body = null";
    assert_eq!(tx.execute(statement(forget)).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_told_to_wait_only_as_long_as_there_may_be_an_answer() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = text("Once");
    post(&ada, "/posts", "key", &body).await.expect(201);
    forget_answer(&app).await;
    let waits = post(&ada, "/posts", "key", &body).await;
    waits.expect_problem(409, "idempotency_key_in_use");
    assert_eq!(waits.headers["retry-after"], "1");
    app.advance(app.app.config.server.request_timeout().saturating_sub(Duration::from_millis(1)));
    post(&ada, "/posts", "key", &body).await.expect_problem(409, "idempotency_key_in_use");
    app.advance(Duration::from_millis(1));
    let lost = post(&ada, "/posts", "key", &body).await;
    lost.expect_problem(409, "idempotency_answer_lost");
    assert!(!lost.headers.contains_key("retry-after"));
    let other = post(&ada, "/posts", "other", &text("Other")).await;
    other.expect(201);
    assert!(!other.headers.contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_though_its_client_hangs_up() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = text("Once");
    // Nothing can be written, so that it is under way.
    let other = app.app.db.begin().await.unwrap();
    let hung_up =
        tokio::time::timeout(Duration::from_millis(300), post(&ada, "/posts", "key", &body));
    assert!(hung_up.await.is_err());
    drop(other);
    // Nobody sends it again, and it is done.
    let listed = async || ada.get("/posts").await.expect(200)["items"].as_array().unwrap().len();
    wait_for("it is done", async || listed().await == 1).await;
    let mut again = post(&ada, "/posts", "key", &body).await;
    while again.status == 409 {
        again.expect_problem(409, "idempotency_key_in_use");
        again = post(&ada, "/posts", "key", &body).await;
    }
    let done = again.expect(201);
    assert_eq!(ada.get("/posts").await.expect(200)["items"][0]["id"], done["id"]);
    assert_eq!(listed().await, 1);
}
