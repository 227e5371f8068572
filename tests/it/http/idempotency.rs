//! Requests that are sent again.

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Reply {
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
