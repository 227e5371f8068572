//! Pictures: what is taken, what is kept of it, and who sees it.

mod attached;
mod bombs;
mod busy;
mod changed;
mod crash;
mod files;
mod judged;
mod lambda;
mod metadata;
mod refused;
mod shown;
mod stores;

use hyper::{Method, body::Bytes};
use serde_json::{Value, json};

use crate::support::{Client, Person, Reply, TestApp, forum::id};

/// Asks to upload a file.
pub async fn try_upload(person: &Client, file: &[u8]) -> Reply {
    let (bytes, any) = (Bytes::from(file.to_vec()), Some("application/octet-stream"));
    person.send_bytes(Method::POST, "/media", any, bytes).await
}

/// A picture that can be used.
pub async fn upload(app: &TestApp, person: &Person, file: &[u8]) -> Value {
    app.advance(std::time::Duration::from_millis(1));
    try_upload(person, file).await.expect(201)
}

/// A small picture.
pub fn picture() -> Vec<u8> {
    files::png(40, 30)
}

/// A picture beside somebody's name; its id.
pub async fn avatar(app: &TestApp, person: &Person) -> String {
    let media = upload(app, person, &picture()).await;
    person.put("/me/avatar", json!({"media_id": id(&media)})).await.expect(204);
    id(&media).to_owned()
}

/// No files.
const NOTHING: [&str; 0] = [];

/// Names of all files that are kept.
fn kept(app: &TestApp) -> Vec<String> {
    let root = app.app.config.data_dir.join("media");
    let Ok(folders) = std::fs::read_dir(root) else { return Vec::new() };
    let files = folders.flatten().flat_map(|folder| std::fs::read_dir(folder.path()).unwrap());
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
