//! Who uploads a component that attacks the compiler harms nobody.

use hyper::{Method, body::Bytes};
use serde_json::json;

use crate::{hooks::compile::large_bomb, support::TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_bomb_is_refused_by_name_while_requests_go_on() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let bomb = Bytes::copy_from_slice(&large_bomb());
    let mut upload = Box::pin(admin.send_bytes(
        Method::POST,
        "/plugins?name=bomb",
        Some("application/wasm"),
        bomb,
    ));
    let mut answered = 0;
    let refused = loop {
        let title = format!("Post {answered}");
        let post = json!({"community": "general", "title": title, "body": "Hello."});
        tokio::select! {
            refused = &mut upload => break refused,
            reply = ada.post("/posts", post) => {
                reply.expect(201);
                ada.get("/posts?sort=new&limit=5").await.expect(200);
                answered += 1;
            }
        }
    };
    let problem = refused.expect_problem(422, "invalid_fields");
    let rule = problem["errors"][0]["rule"].as_str().unwrap();
    assert!(["compile-memory", "compile-cpu", "compile-time"].contains(&rule), "{problem}");
    assert!(answered > 10, "only {answered} posts were written meanwhile");
    app.client.get("//readyz").await.expect(200);
}
