//! How responses may be cached, when they are unchanged, and their compression.

use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;

use crate::support::{Client, PASSWORD, Reply, TestApp, forum, unzipped};

/// Sends a request without a body, with these headers.
async fn ask(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().method(method).uri(client.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send_request(request.body(Full::default()).unwrap()).await
}

const GZIP: (&str, &str) = ("accept-encoding", "br;q=1.0, gzip;q=0.8, *;q=0.1");

#[tokio::test(flavor = "multi_thread")]
async fn text_is_compressed_for_clients_that_take_gzip() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for number in 0..10 {
        forum::post(&app, &ada, &format!("Title number {number}")).await;
    }
    let anyone = &app.client;
    for path in ["/posts", "//openapi.json", "//docs"] {
        let plain = ask(anyone, Method::GET, path, &[]).await;
        assert_eq!(plain.headers.get("content-encoding"), None, "{path}");
        // The second is the one that was kept.
        for _ in 0..2 {
            let zipped = ask(anyone, Method::GET, path, &[GZIP]).await;
            assert_eq!(zipped.headers["content-encoding"], "gzip", "{path}");
            assert_eq!(zipped.headers["etag"], plain.headers["etag"], "{path}");
            assert!(zipped.body.len() * 3 < plain.body.len(), "{path}: {}", zipped.body.len());
            assert!(unzipped(&zipped.body) == plain.body, "{path} is another when compressed");
        }
        let refused = ask(anyone, Method::GET, path, &[("accept-encoding", "gzip;q=0")]).await;
        assert_eq!(refused.headers.get("content-encoding"), None, "{path}");
    }
    let own = ask(&ada, Method::GET, "/posts", &[GZIP]).await;
    assert_eq!(own.headers["content-encoding"], "gzip");
    let head = ask(anyone, Method::HEAD, "/posts", &[GZIP]).await;
    let whole = ask(anyone, Method::GET, "/posts", &[GZIP]).await;
    assert!(head.body.is_empty());
    for name in ["content-length", "content-encoding", "etag", "vary", "cache-control"] {
        assert_eq!(head.headers[name], whole.headers[name], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_small_bodies_and_secrets_are_not_compressed() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let stream = ask(&ada, Method::GET, "/notifications/stream", &[GZIP]).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers.get("content-encoding"), None);
    assert_eq!(stream.headers["cache-control"], "no-cache");
    let small = ask(&app.client, Method::GET, "//healthz", &[GZIP]).await;
    assert_eq!(small.headers.get("content-encoding"), None);
    let body = json!({"username": "ada", "password": PASSWORD});
    let request = Request::post(app.client.url("/sessions"))
        .header("content-type", "application/json")
        .header(GZIP.0, GZIP.1)
        .body(Full::from(body.to_string()))
        .unwrap();
    let tokens = app.client.send_request(request).await;
    assert!(tokens.json()["access_token"].is_string(), "{}", tokens.text());
    assert_eq!(tokens.headers["cache-control"], "no-store");
    for name in ["content-encoding", "etag"] {
        assert_eq!(tokens.headers.get(name), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_list_is_answered_with_304() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    forum::post(&app, &ada, "A title").await;
    for client in [&app.client, &*ada] {
        let list = ask(client, Method::GET, "/posts", &[]).await;
        let tag = list.headers["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        let caching = if client.token.is_some() { "private, no-cache" } else { "no-cache" };
        assert_eq!(list.headers["cache-control"], caching);
        let strong = tag.trim_start_matches("W/");
        for has in [&tag, strong, "*", &format!("\"other\", {tag}")] {
            for method in [Method::GET, Method::HEAD] {
                let headers = [("if-none-match", has), GZIP];
                let unchanged = ask(client, method, "/posts", &headers).await;
                assert_eq!(unchanged.status, 304, "{has}");
                assert!(unchanged.body.is_empty());
                assert_eq!(unchanged.headers["etag"], tag.as_str());
                assert_eq!(unchanged.headers["cache-control"], caching);
                let vary = unchanged.headers["vary"].to_str().unwrap();
                assert_eq!(vary, "authorization, accept-encoding");
                assert_eq!(unchanged.headers.get("content-encoding"), None);
            }
        }
        let other = ask(client, Method::GET, "/posts", &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status, 200);
        forum::post(&app, &ada, "Another title").await;
        let changed = ask(client, Method::GET, "/posts", &[("if-none-match", &tag)]).await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.headers["etag"], tag.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_responses_to_writes_are_not_cached() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for reply in [
        app.client.get("/posts/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11").await,
        app.client.get("//nowhere").await,
        app.client.get("/me").await,
        ada.post("/posts", json!({"community": "general", "title": "A", "body": "B"})).await,
        ada.delete("/sessions/current").await,
    ] {
        assert_eq!(reply.headers["cache-control"], "no-store", "{}", reply.text());
        assert_eq!(reply.headers.get("etag"), None);
    }
}
