//! A policy is replaced while people write: no request fails, and every text is
//! judged by exactly one version, which is on record.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use super::times;
use crate::support::{Person, TestApp, wait_for};

const WRITERS: usize = 6;
/// The word that each of the two versions holds; a text has the first only.
const WORDS: [&str; 2] = ["alpha", "beta"];

fn settings(word: &str) -> Value {
    json!({"rules": [
        {"id": word, "action": "hold", "message": word, "when": {"words": [word]}}
    ]})
}

/// Writes until `done`: the state that each comment was acknowledged with.
async fn write(writer: Person, thread: &str, done: &AtomicBool) -> BTreeMap<String, u16> {
    let mut written = BTreeMap::new();
    while !done.load(Ordering::Relaxed) {
        let path = format!("/posts/{thread}/comments");
        let reply = writer.post(&path, json!({"body": "An alpha of mine."})).await;
        let status = reply.status.as_u16();
        assert!(matches!(status, 201 | 202), "{status}: {}", reply.text());
        written.insert(reply.json()["id"].as_str().unwrap().to_owned(), status);
    }
    written
}

/// Every decision that is on record.
async fn decisions(admin: &Person) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/decisions?limit=100{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_is_judged_by_one_version() {
    let count = times((20, 200));
    let app = TestApp::start_with(|config| {
        // It is about versions, not about how busy this machine is.
        (config.plugins.deadline_ms, config.plugins.cpu_ms) = (5_000, 2_000);
    })
    .await;
    let admin = app.admin("boss").await;
    let component = crate::tidy::source::root().join("plugins/automod/automod.wasm");
    let component = std::fs::read(component).unwrap().into();
    admin
        .send_bytes(Method::POST, "/plugins", Some("application/wasm"), component)
        .await
        .expect(201);
    let post = json!({"community": "general", "title": "A thread", "body": "A fine day."});
    let thread = admin.post("/posts", post).await.expect(201)["id"].as_str().unwrap().to_owned();
    let binding = json!({"plugin": "automod", "mode": "enforce", "settings": settings(WORDS[0])});
    let binding = admin.post("/plugin-bindings", binding).await.expect(201);
    let path = format!("/plugin-bindings/{}", binding["id"].as_str().unwrap());
    let mut hashes = [binding["settings_hash"].clone(), Value::Null];

    let done = AtomicBool::new(false);
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let writer = app.member(&format!("writer{n}")).await;
        writers.push(write(writer, &thread, &done));
    }
    let swaps = async {
        for swap in 1..=count {
            app.advance(Duration::from_millis(5));
            let change = json!({"settings": settings(WORDS[swap % 2])});
            let changed = admin.patch(&path, change).await.expect(200);
            hashes[swap % 2] = changed["settings_hash"].clone();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let start = Instant::now();
    let (written, ()) = tokio::join!(join_all(writers), swaps);
    let took = start.elapsed();
    let written: BTreeMap<String, u16> = written.into_iter().flatten().collect();

    assert_ne!(hashes[0], hashes[1]);
    let mut judged = BTreeSet::new();
    let mut by_version = [0, 0];
    for decision in decisions(&admin).await {
        let comment = decision["target_id"].as_str().unwrap().to_owned();
        assert!(decision["staff"].get("fault").is_none(), "{decision}");
        let version = hashes.iter().position(|hash| *hash == decision["staff"]["settings_hash"]);
        let version = version.unwrap_or_else(|| panic!("of no version: {decision}"));
        let (verdict, status) = [("hold", 202), ("allow", 201)][version];
        assert_eq!(decision["verdict"], verdict, "{decision}");
        assert_eq!(written[&comment], status, "{decision}");
        assert!(judged.insert(comment), "judged twice: {decision}");
        by_version[version] += 1;
    }
    assert_eq!(judged.len(), written.len(), "every comment is judged");
    assert!(by_version.iter().all(|judged| *judged >= count), "{by_version:?}");
    wait_for("no instance outlives its call", async || app.app.hooks.instances() == 0).await;
    println!("{count} swaps in {took:?}, comments by version: {by_version:?}");
}
