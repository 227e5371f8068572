//! Requests that cannot be read: each error names the field and the rule in plain English.

use http_body_util::Full;
use hyper::{Method, Request, body::Bytes};
use serde_json::json;

use crate::support::{Reply, TestApp, forum};

/// Words of the program, which no client knows.
const PROGRAM: &[&str] = &[
    "::",
    "param0",
    "serde",
    "poem",
    "u32",
    "u64",
    "i64",
    "usize",
    "Option",
    "struct",
    "enum ",
    "Param",
    "failed to parse",
    "sequence",
    "invalid type",
    "variant",
];

#[track_caller]
fn check(reply: &Reply, status: u16, field: &str, rule: &str, detail: &str) {
    let code = if status == 415 { "media_type" } else { "bad_request" };
    let problem = reply.expect_problem(status, code);
    assert_eq!(problem["detail"], detail, "{problem}");
    let found = &problem["errors"][0];
    if field.is_empty() {
        assert!(found.is_null(), "{problem}");
    } else {
        assert_eq!((&found["field"], &found["rule"]), (&json!(field), &json!(rule)), "{problem}");
    }
    for word in PROGRAM {
        assert!(!reply.text().contains(word), "{word}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_that_cannot_be_read_is_named_with_its_rule() {
    let app = TestApp::start().await;
    let admin = app.admin("boss").await;
    for (path, field, rule, detail) in [
        ("/posts/7", "id", "type", "`id` must be a UUID."),
        ("/plugin-bindings/x", "id", "type", "`id` must be a UUID."),
        (
            "/posts?limit=many",
            "limit",
            "type",
            "`limit` must be a whole number from 0 to 4294967295.",
        ),
        (
            "/posts?limit=-1",
            "limit",
            "type",
            "`limit` must be a whole number from 0 to 4294967295.",
        ),
        ("/posts?sort=best", "sort", "type", "`sort` must be one of hot, new, top."),
        ("/notifications?unread=1", "unread", "type", "`unread` must be true or false."),
        ("/search", "query", "required", "`query` is required."),
        ("/decisions?binding=x", "binding", "type", "`binding` must be a UUID."),
        (
            "/search?query=a&limt=1",
            "limt",
            "unknown",
            "`limt` is no parameter of this operation; it has query, kind, community, cursor, limit.",
        ),
        (
            "/me?fields=all",
            "fields",
            "unknown",
            "`fields` is no parameter of this operation, which has none.",
        ),
        ("/posts?limit=1&limit=2", "limit", "repeated", "`limit` is given more than once."),
    ] {
        check(&admin.get(path).await, 400, field, rule, detail);
    }
    // Whoever is asked, and whatever the method.
    let reply = app.client.post("/sessions?utm_source=mail", json!({})).await;
    let detail = "`utm_source` is no parameter of this operation, which has none.";
    check(&reply, 400, "utm_source", "unknown", detail);
    let reply = admin.get("/posts?%0d%0a%FF=1").await;
    assert_eq!(reply.expect_problem(400, "bad_request")["errors"][0]["rule"], "unknown");
    // Documents have no parameters, and no names that could be wrong.
    assert_eq!(app.client.get("//docs?utm_source=mail").await.status, 200);
}

/// Bodies of a post with the field, the rule and what is said of them; nothing where the
/// words are those of the reader of JSON.
const BODIES: &[(&str, &str, &str, &str)] = &[
    (
        r#"{"community": "general", "title": 7, "body": ""}"#,
        "title",
        "type",
        "`title` must be a string, not a number.",
    ),
    (r#"{"community": "general"}"#, "title", "required", "`title` is required."),
    (
        r#"{"colour": "red"}"#,
        "colour",
        "unknown",
        "`colour` is not known; known are community, title, body, media.",
    ),
    (r#"{"title": "a", "title": "b"}"#, "title", "repeated", "`title` is given more than once."),
    ("[]", "", "", "The body must be a JSON object."),
    ("{", "", "", "The body is not valid JSON: it ends too early, at line 1, column 1."),
    (r#"{"community": "general", "title": "a", "body": ""} x"#, "", "", ""),
    ("{\"title\": tru}", "", "", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_body_that_cannot_be_read_is_named_with_its_rule() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let send = async |method: Method, path: &str, body: &'static str| {
        ada.send_bytes(method, path, Some("application/json"), Bytes::from(body)).await
    };
    for &(body, field, rule, detail) in BODIES {
        let reply = send(Method::POST, "/posts", body).await;
        let found = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
        check(&reply, 400, field, rule, if detail.is_empty() { &found } else { detail });
    }
    let post = forum::post(&app, &ada, "A title").await;
    let vote = format!("/posts/{}/vote", forum::id(&post));
    let reply = send(Method::PUT, &vote, r#"{"value": "up"}"#).await;
    check(&reply, 400, "value", "type", "`value` must be a whole number, not a string.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_body_is_utf8_and_not_compressed() {
    let app = TestApp::start().await;
    let send = async |content_type: &str, coding: &str, body: &'static [u8]| {
        let request = Request::post(app.client.url("/sessions"))
            .header("content-type", content_type)
            .header("content-encoding", coding)
            .body(Full::from(body))
            .unwrap();
        app.client.send_request(request).await
    };
    let latin1 = b"{\"username\": \"Andr\xe9\", \"password\": \"x\"}";
    let reply = send("application/json", "identity", latin1).await;
    check(&reply, 400, "", "", "The body must be UTF-8; its byte 18 is not.");
    for charset in ["latin-1", "iso-8859-1", "\"utf-16\"", "us-ascii", ""] {
        let content_type = format!("application/json; charset={charset}");
        let reply = send(&content_type, "identity", latin1).await;
        let detail =
            format!("The body must be application/json in UTF-8; it was sent as {content_type}.");
        check(&reply, 415, "", "", &detail);
    }
    let known = b"{\"username\": \"nobody\", \"password\": \"not the password\"}";
    for charset in ["utf-8", "UTF-8", "\"utf-8\"", "utf8; boundary=x"] {
        let content_type = format!("application/json; charset={charset}");
        assert_eq!(send(&content_type, "identity", known).await.status, 401, "{charset}");
    }
    let reply = send("application/json", "gzip", known).await;
    let detail = "The body must not be compressed; it was sent with a Content-Encoding.";
    check(&reply, 415, "", "", detail);
    let admin = app.admin("boss").await;
    let upload =
        admin.send_bytes(Method::POST, "/plugins?name=x", Some("text/plain"), known[..].into());
    let detail = "The body must be application/octet-stream or application/wasm; it was sent as \
                  text/plain.";
    check(&upload.await, 415, "", "", detail);
}
