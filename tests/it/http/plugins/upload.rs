//! Uploading components.

use hyper::Method;
use serde_json::json;

use super::{automod, echo, file, hostile, upload};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn upload_and_look() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let reply = upload(&admin, "/plugins", automod()).await;
    let version = reply.expect(201);
    assert_eq!(version["plugin"], "automod");
    assert_eq!(version["hooks"], json!(["content.before-publish"]));
    assert_eq!(version["size"], automod().len());
    let path = format!("/plugins/automod/versions/{}", version["digest"].as_str().unwrap());
    assert_eq!(reply.headers["location"], format!("/api/v1{path}"));
    // Everybody may know what is judged by what.
    assert_eq!(app.client.get(&path).await.expect(200), version);
    app.client.get("/plugins/other/versions/00").await.expect_problem(404, "not_found");
    let other = path.replace("automod", "other");
    app.client.get(&other).await.expect_problem(404, "not_found");

    let octets = Some("application/octet-stream");
    let again = admin.send_bytes(Method::POST, "/plugins", octets, automod().into()).await;
    assert_eq!(again.expect(200), version);
    upload(&admin, "/plugins?name=other", automod()).await.expect_problem(409, "other_plugin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_needs_a_name() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let component = hostile("allow");
    upload(&admin, "/plugins", component.clone()).await.expect_invalid(&[("name", "required")]);
    for name in ["a", "UPPER", "with%20space", &"x".repeat(65)] {
        let path = format!("/plugins?name={name}");
        upload(&admin, &path, component.clone()).await.expect_invalid(&[("name", "name")]);
    }
    let version = upload(&admin, "/plugins?name=allow", component).await.expect(201);
    assert_eq!(version["plugin"], "allow");
    assert!(version.get("version").is_none(), "it says none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let text = file("hostile/allow.wat");
    let cases = [
        (b"nonsense".to_vec(), "not-a-component"),
        (Vec::new(), "not-a-component"),
        // Text is for people; a server takes bytes.
        (text.clone(), "not-a-component"),
        (hostile("core-module"), "not-a-component"),
        (hostile("unknown-import"), "unknown-import"),
        (hostile("no-hook"), "no-known-hook"),
        (hostile("wrong-types"), "wrong-type"),
        (hostile("huge-memory"), "too-large"),
    ];
    for (component, code) in cases {
        let reply = upload(&admin, "/plugins?name=bad", component).await;
        reply.expect_invalid(&[("component", code)]);
        assert!(!reply.json()["errors"][0]["message"].as_str().unwrap().is_empty());
    }
    let wrong = upload(&admin, "/plugins?name=bad", hostile("wrong-types")).await.json();
    let message = wrong["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("expected") && message.contains("found"), "{message}");
    let reply = admin.send_bytes(Method::POST, "/plugins", Some("text/plain"), text.into()).await;
    reply.expect_problem(415, "media_type");
    let none = admin.send_bytes(Method::POST, "/plugins", None, automod().into()).await;
    assert!(none.status.is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_component_twice_at_once_is_one_version() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let (one, two) = tokio::join!(
        upload(&admin, "/plugins?name=echo", echo()),
        upload(&admin, "/plugins?name=echo", echo()),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(one.json(), two.json());
}
