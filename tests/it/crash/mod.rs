//! The real server is killed, again and again, while people write. What it has
//! acknowledged is there afterwards, nothing is there by halves, and what was to
//! follow from it follows, once.

mod checks;
mod queue;
mod writers;

use std::{fs, sync::Arc, time::Duration};

use futures_util::future::join_all;
use gatherly::db::Db;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Client, Installation, PASSWORD};
use queue::Seen;
use writers::Ledger;

const KILLS: u64 = 20;
/// A killed process is killed whatever the disk does: waiting for it would test
/// the disk. The plugin gets the time of a machine that has other things to do.
const SETTINGS: &str = "
    [database]
    synchronous = \"normal\"
    [limits]
    enabled = false
    [plugins]
    deadline_ms = 5000
    cpu_ms = 2000
    [log]
    filter = \"warn\"";

/// What is held and what is refused.
fn rules() -> Value {
    let rule = |id: &str, action: &str| json!({"id": id, "action": action, "message": "no", "when": {"words": [id]}});
    json!({"rules": [rule("holdword", "hold"), rule("rejectword", "reject")]})
}

/// Binds the bundled policy and makes what people write on.
async fn prepare(installation: &Installation) -> (Client, String) {
    let create = ["admin", "create", "boss", "--email", "boss@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let server = installation.serve().await;
    let admin = writers::sign_in(&server.client, "boss").await;
    let component = fs::read(crate::tidy::source::root().join("plugins/automod/automod.wasm"));
    let wasm = Some("application/wasm");
    let uploaded =
        admin.send_bytes(Method::POST, "/plugins", wasm, component.unwrap().into()).await;
    uploaded.expect(201);
    let binding = json!({"plugin": "automod", "mode": "enforce", "settings": rules()});
    admin.post("/plugin-bindings", binding).await.expect(201);
    queue::watch(&admin).await;
    let post = json!({"community": "general", "title": "A thread", "body": "A fine day."});
    let post = admin.post("/posts", post).await.expect(201);
    server.kill().await;
    (admin, post["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash() {
    let begun = Instant::now();
    let installation = Installation::new(SETTINGS);
    let (admin, thread) = prepare(&installation).await;
    let config = installation.config();
    let ledger = Arc::new(Ledger::new(admin.token.clone().unwrap(), thread));
    let mut seen = Seen::default();
    for kill in 0..KILLS {
        let server = installation.serve().await;
        let writers = writers::start(&ledger, &server.client, kill).await;
        // At another moment of what they do each time.
        let crash = async {
            sleep(Duration::from_millis(150 + kill * 37 % 400)).await;
            server.kill().await;
        };
        tokio::join!(join_all(writers), crash);
        let db = Db::open(&config).await.unwrap();
        ledger.check(&db).await;
        checks::whole(&db).await;
        seen.look(&db).await;
        db.close().await;
    }
    seen.finish(&installation, &config).await;
    let db = Db::open(&config).await.unwrap();
    checks::sound(&db).await;
    db.close().await;
    let server = installation.serve().await;
    server.client.get("/posts").await.expect(200);
    let counts = ledger.counts();
    assert!(counts.values().all(|count| *count >= 10), "too little was written: {counts:?}");
    let log = installation.log();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
    println!("{KILLS} kills in {:?}, acknowledged: {counts:?}", begun.elapsed());
}
