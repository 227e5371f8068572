//! A disk that is full: what is written is refused, what is read goes on, nothing
//! breaks, and when there is room again, everything does.

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::{
    media::{picture, try_upload},
    support::{Client, Installation, PASSWORD, Running, mariadb, wait_for},
};

/// No file of the server may grow beyond so many bytes; the rest of the machine's
/// disk is not touched.
fn limit(server: &Running, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(server.id()), Resource::Fsize, limit).unwrap();
}

async fn signed_in(server: &Running, name: &str) -> Client {
    let body = json!({"username": name, "password": PASSWORD});
    let tokens = server.client.post("/sessions", body).await.expect(201);
    server.client.with_token(tokens["access_token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let installation = Installation::new("[limits]\nenabled = false\n[log]\nfilter = \"warn\"");
    let server = installation.serve_on_small_disk().await;
    let account = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    server.client.post("/accounts", account).await.expect(201);
    let ada = signed_in(&server, "ada").await;
    let post = json!({"community": "general", "title": "A post", "body": "Here."});
    let kept = ada.post("/posts", post.clone()).await.expect(201);
    let path = format!("/posts/{}", kept["id"].as_str().unwrap());

    limit(&server, Some(0));
    for _ in 0..3 {
        let mut refused = vec![try_upload(&ada, &picture()).await];
        if !mariadb::is_asked_for() {
            refused.push(ada.post("/posts", post.clone()).await);
        }
        for reply in refused {
            assert!(matches!(reply.status.as_u16(), 503 | 507), "{}", reply.text());
            assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
        }
        assert_eq!(ada.get(&path).await.expect(200)["title"], "A post");
        ada.get("/sessions").await.expect(200);
        server.client.get("//healthz").await.expect(200);
    }

    limit(&server, None);
    wait_for("it writes again", async || ada.post("/posts", post.clone()).await.status == 201)
        .await;
    try_upload(&ada, &picture()).await.expect(201);
    assert_eq!(ada.get(&path).await.expect(200)["title"], "A post");
    let looked = installation.run(&["doctor"], "").await;
    assert!(looked.status.success(), "{looked:?}");
}
