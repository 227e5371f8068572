//! Uploading plugins, putting them to work, changing them live.

mod activation;
mod bind;
mod change;
mod directory;
mod envelope;
mod hostile;
mod readers;
mod tools;
mod trouble;
mod upload;

use gatherly::hooks::{Content, ContentKind, Context, Merged, Operation, Outcome, Purpose};
use hyper::{Method, body::Bytes};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hooks::guest,
    support::{Person, Reply, TestApp, plugin},
};

const WASM: Option<&str> = Some("application/wasm");

pub fn file(name: &str) -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/plugins/{name}")).expect(name)
}

pub fn automod() -> Vec<u8> {
    plugin("automod")
}

pub fn hostile(name: &str) -> Vec<u8> {
    let text = String::from_utf8(file(&format!("hostile/{name}.wat"))).unwrap();
    wat::parse_str(text).expect(name)
}

/// Another version of a component: the same with a custom section at its end.
pub fn another_version(mut component: Vec<u8>, mark: u8) -> Vec<u8> {
    component.extend([0, 3, 1, b'v', mark]);
    component
}

/// A small plugin that rejects everything, its settings being the reason.
pub fn echo() -> Vec<u8> {
    guest::configurable().to_vec()
}

pub async fn upload(admin: &Person, path: &str, component: Vec<u8>) -> Reply {
    admin.send_bytes(Method::POST, path, WASM, Bytes::from(component)).await
}

pub async fn bind(admin: &Person, body: Value) -> Value {
    admin.post("/plugin-bindings", body).await.expect(201)
}

pub fn binding_path(binding: &Value) -> String {
    format!("/plugin-bindings/{}", binding["id"].as_str().unwrap())
}

/// What the plugins of the site say of a comment.
pub async fn judge(app: &TestApp) -> Option<Outcome<Content>> {
    judge_in(app, None).await
}

/// What those of a community say, too.
pub async fn verdict_in(app: &TestApp, slug: &str) -> Option<Merged> {
    let community = app.app.forum.communities.find(None, slug).await.unwrap().community.id;
    judge_in(app, Some(community.0)).await.map(|outcome| outcome.verdict)
}

async fn judge_in(app: &TestApp, community: Option<Uuid>) -> Option<Outcome<Content>> {
    let id = Uuid::now_v7().to_string();
    let context = Context {
        event_id: id.clone(),
        mode: Purpose::Enforce,
        time: 1,
        community: None,
        actor: None,
    };
    let comment = Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id,
        post_id: None,
        parent_id: None,
        title: None,
        body: "ripe fruit".into(),
    };
    app.app.hooks.ask_checked(community, || (context, comment), |_| Ok(())).await
}

pub async fn verdict(app: &TestApp) -> Option<Merged> {
    judge(app).await.map(|outcome| outcome.verdict)
}

pub fn rejected(reason: &str) -> Merged {
    Merged::Reject { reason: reason.to_owned() }
}

/// An admin and an app where the plugin `echo` rejects everything because of "pears".
pub async fn with_echo() -> (TestApp, Person, Value) {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    upload(&admin, "/plugins?name=echo", echo()).await.expect(201);
    let body = json!({"plugin": "echo", "settings": "pears", "mode": "enforce"});
    let binding = bind(&admin, body).await;
    (app, admin, binding)
}
