//! The server dies while pictures come: there is no row without a file, and a file
//! without a row is deleted.

use std::{collections::BTreeSet, fs, path::PathBuf};

use gatherly::{
    crash::Point,
    db::{Db, statement},
};
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::picture;
use crate::support::{Client, Installation, PASSWORD, forum::each, wait_for};

/// The server dies when it comes to a place for this time: once it has begun to work.
const AT: [(Point, u64); 5] = [
    (Point::FileKept, 1),
    (Point::FileKept, 2),
    (Point::CommitDue, 30),
    (Point::CommitDone, 30),
    (Point::AnswerDue, 10),
];
/// An id of 2025: what has it is older than an upload that is under way.
const OLD: &str = "0199a1b2-0000-7000-8000-0000000000ab";

/// Writes a post with a picture; the picture, unless the server died.
async fn write(client: &Client) -> Option<Value> {
    let request = Request::post(client.url("/media"))
        .header("content-type", "image/png")
        .body(Full::from(picture()))
        .unwrap();
    let media = client.try_request(request).await?.expect(201);
    let post = json!({"community": "general", "title": "A word", "media": [media["id"]]});
    client.try_send(Method::POST, "/posts", Some(post)).await?.expect(201);
    Some(media)
}

/// Every whole picture that is kept.
fn files(installation: &Installation) -> Vec<PathBuf> {
    let Ok(folders) = fs::read_dir(installation.data_dir().join("media")) else {
        return Vec::new();
    };
    let files = folders.flatten().flat_map(|folder| fs::read_dir(folder.path()).unwrap());
    let files = files.map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|name| name == "original")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_its_file_whenever_the_server_dies() {
    let installation = Installation::new("[limits]\nenabled = false");
    let create = ["admin", "create", "boss", "--email", "boss@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let server = installation.serve().await;
    let body = json!({"username": "boss", "password": PASSWORD});
    let tokens = server.client.post("/sessions", body).await.expect(201);
    let token = tokens["access_token"].as_str().unwrap();
    server.kill().await;
    let mut acknowledged = BTreeSet::new();
    for (point, times) in AT {
        let at = format!("{}:{times}", point.name());
        let mut server = installation.serve_with(&[("CRASH_AT", &at)]).await;
        let boss = server.client.with_token(token);
        while let Some(media) = write(&boss).await {
            acknowledged.insert(media["id"].as_str().unwrap().to_owned());
        }
        assert!(!server.ended().await.success(), "{at}");
    }
    let server = installation.serve().await;
    let boss = server.client.with_token(token);
    let listed = boss.get("/me/media?limit=100").await.expect(200);
    let listed: BTreeSet<String> =
        each(&listed, "id").iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert!(acknowledged.is_subset(&listed), "{acknowledged:?} {listed:?}");
    for id in &listed {
        assert_eq!(boss.get(&format!("/media/{id}")).await.status, 200);
    }
    server.kill().await;
    let is_orphan = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        !listed.contains(name)
    };
    let orphans: Vec<PathBuf> = files(&installation).into_iter().filter(is_orphan).collect();
    assert!(orphans.len() >= 2, "a file was kept before its row: {orphans:?}");
    // As if it had happened long ago.
    let folder = installation.data_dir().join("media/ab");
    fs::create_dir_all(&folder).unwrap();
    let old = folder.join(format!("{OLD}.original"));
    fs::rename(&orphans[0], &old).unwrap();
    let db = Db::open(&installation.config()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let due = "delete from schedules where name = 'media.collect'";
    tx.execute(statement(due)).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    let _server = installation.serve().await;
    wait_for("it is deleted", async || !old.exists()).await;
    assert_eq!(files(&installation).len(), listed.len() + orphans.len() - 1);
}
