//! What all operations share: problems, limits, headers, probes.

use gatherly::{
    base::page::PageRequest,
    jobs::{self, JobState, NewJob},
};
use http_body_util::Full;
use hyper::{Method, Request, body::Bytes};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{TestApp, forum};

/// Reading goes on, with an account too; what would write says so, and changes
/// nothing; nothing goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_forum_can_be_read_only() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let app = app.restart_with(|config| config.server.read_only = true).await;
    let ada = app.sign_in("ada").await;
    let path = format!("/posts/{}", forum::id(&thread));
    assert_eq!(ada.get(&path).await.expect(200)["title"], "A thread");
    let comment = json!({"body": "Not now"});
    ada.post(&format!("{path}/comments"), comment).await.expect_problem(503, "read_only");
    ada.put(&format!("{path}/vote"), json!({"value": 1})).await.expect_problem(503, "read_only");
    ada.delete(&path).await.expect_problem(503, "read_only");
    app.client.post("/accounts", json!({})).await.expect_problem(503, "read_only");
    ada.get(&path).await.expect(200);
    let mut tx = app.app.db.begin().await.unwrap();
    let now = app.app.clock.now();
    jobs::enqueue(&mut tx, NewJob::new("work", &1), now).await.unwrap();
    tx.commit().await.unwrap();
    ada.delete("/sessions/current").await.expect(204);
    ada.get("/sessions").await.expect_problem(401, "session_ended");
    let page = PageRequest { after: None, limit: 10 };
    let left = jobs::list(&app.app.db, (None, None), &page).await.unwrap();
    assert!(left.iter().any(|job| job.kind == "work" && job.state == JobState::Waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_problem() {
    let app = TestApp::start().await;
    app.client.get("//nowhere").await.expect_problem(404, "not_found");
    app.client.get("/nowhere").await.expect_problem(404, "not_found");
    let refused = app.client.delete("/accounts").await;
    refused.expect_problem(405, "method_not_allowed");
    assert_eq!(refused.headers["allow"], "GET, POST, HEAD, OPTIONS");
    let refused = app.client.post("//docs", json!({})).await;
    assert_eq!(refused.status, 405);
    assert_eq!(refused.headers["allow"], "GET, HEAD, OPTIONS");
    let asked = app.client.send(Method::OPTIONS, "/me", None).await;
    assert_eq!(asked.status, 204);
    assert_eq!(asked.headers["allow"], "DELETE, GET, PATCH, HEAD, OPTIONS");
    let send = async |content_type: Option<&str>, body: &'static str| {
        app.client.send_bytes(Method::POST, "/sessions", content_type, Bytes::from(body)).await
    };
    send(Some("application/json"), "{").await.expect_problem(400, "bad_request");
    send(Some("application/json"), "").await.expect_problem(400, "bad_request");
    send(Some("application/json"), "\u{0}").await.expect_problem(400, "bad_request");
    send(Some("text/plain"), "{}").await.expect_problem(415, "media_type");
    send(None, "{}").await.expect_problem(415, "media_type");
    let deep = "{\"a\":".repeat(10_000).leak();
    send(Some("application/json"), deep).await.expect_problem(400, "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_limited_whatever_they_say_of_their_length() {
    let app = TestApp::start().await;
    let large = json!({"username": "a".repeat(70_000), "password": "b"});
    app.client.post("/sessions", large).await.expect_problem(413, "too_large");

    let mut stream = TcpStream::connect(app.app.config.server.listen).await.unwrap();
    let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
    let mut answer = Vec::new();
    for _ in 0..64 {
        // The server may have answered and closed before all is sent.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"code\":\"too_large\""), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_the_headers_of_a_careful_server() {
    let app = TestApp::start().await;
    for path in ["//healthz", "//nowhere", "//docs", "//openapi.json", "/accounts"] {
        let reply = app.client.get(path).await;
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer", "{path}");
        let csp = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(csp.contains("frame-ancestors 'none'"), "{path}");
        assert!(!reply.headers.contains_key("server"), "{path}");
        assert!(reply.headers.contains_key("x-request-id"), "{path}");
    }
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/me").await.headers["cache-control"], "private, no-cache");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_taken_over_if_it_is_one() {
    let app = TestApp::start().await;
    for (given, taken) in [("abc-123_X", true), ("a b", false), ("<script>", false), ("", false)] {
        let request = Request::get(app.client.url("//healthz"))
            .header("x-request-id", given)
            .body(Full::default())
            .unwrap();
        let reply = app.client.send_request(request).await;
        assert_eq!(reply.headers["x-request-id"] == given, taken, "{given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_list_may_call() {
    let origin = "https://forum.example";
    let app = TestApp::start_with(|config| {
        config.server.cors_origins = vec![origin.to_owned()];
    })
    .await;
    let ask = async |method: Method, origin: &[u8]| {
        let request = Request::builder()
            .method(method)
            .uri(app.client.url("/accounts"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-anything")
            .body(Full::default())
            .unwrap();
        app.client.send_request(request).await
    };
    let allowed = ask(Method::OPTIONS, origin.as_bytes()).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.headers["access-control-allow-origin"], origin);
    let sent = allowed.headers["access-control-allow-headers"].to_str().unwrap();
    for header in [
        "authorization",
        "content-type",
        "idempotency-key",
        "if-none-match",
        "last-event-id",
        "traceparent",
        "x-request-id",
    ] {
        assert!(sent.split(", ").any(|allowed| allowed == header), "{header}: {sent}");
    }
    let read = ask(Method::GET, origin.as_bytes()).await;
    let read = read.headers["access-control-expose-headers"].to_str().unwrap().to_owned();
    assert!(read.split(", ").any(|header| header == "etag"), "{read}");
    for other in [
        b"null".as_slice(),
        b"https://forum.example.evil.example",
        b"https://evil.example/https://forum.example",
        b"https://forum.example:8443",
        b"http://forum.example",
        b"HTTPS://FORUM.EXAMPLE",
        b"\x80\xff\xfe",
        b"*",
    ] {
        for method in [Method::OPTIONS, Method::GET] {
            let reply = ask(method, other).await;
            assert!(!reply.headers.contains_key("access-control-allow-origin"), "{other:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoofed_forwarding_header_changes_no_limit() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    let try_in = async |n: usize| {
        let body = json!({"username": format!("name{n}"), "password": "not the password"});
        let request = Request::post(app.client.url("/sessions"))
            .header("content-type", "application/json")
            .header("x-forwarded-for", format!("198.51.100.{n}"))
            .header("x-real-ip", format!("198.51.100.{n}"))
            .header("forwarded", format!("for=198.51.100.{n}"))
            .body(Full::from(body.to_string()))
            .unwrap();
        app.client.send_request(request).await.status.as_u16()
    };
    for n in 0..20 {
        assert_eq!(try_in(n).await, 401);
    }
    assert_eq!(try_in(20).await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_tell_when_the_server_stops() {
    let app = TestApp::start().await;
    assert_eq!(app.client.get("//readyz").await.expect(200)["status"], "ok");
    let ((), reply) = tokio::join!(app.app.lifecycle.stop(), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        (app.client.get("//readyz").await, app.client.get("//healthz").await)
    });
    assert_eq!(reply.0.expect(503)["status"], "stopping");
    assert_eq!(reply.1.expect(200)["status"], "ok");
}
