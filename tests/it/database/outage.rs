//! A database server that stops, and one that dies: who asks meanwhile is told
//! to come back, at once, and nobody has to be started anew.

use std::time::Duration;

use gatherly::base::secret::Secret;
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{Person, Reply, TestApp, mariadb::MariaDb};

/// One second is promised; the rest is for a machine that is busy with other
/// tests.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// The same of five.
const BACK_WITHIN: Duration = Duration::from_secs(7);

/// Requests that need the database: reads and writes, some at once.
async fn refused(app: &TestApp, ada: &Person) {
    let post = json!({"community": "general", "title": "A post", "body": "Now?"});
    for _ in 0..3 {
        let begun = Instant::now();
        let (read, write, ready) = tokio::join!(
            ada.get("/sessions"),
            ada.post("/posts", post.clone()),
            app.client.get("//readyz"),
        );
        let took = begun.elapsed();
        assert!(took < TOLD_WITHIN, "{took:?}");
        let told = |reply: &Reply| {
            assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
            reply.expect(503);
        };
        told(&read);
        told(&write);
        ready.expect(503);
    }
}

/// Everybody is answered again.
async fn back(app: &TestApp, ada: &Person) {
    let begun = Instant::now();
    let post = json!({"community": "general", "title": "A post", "body": "Again."});
    loop {
        let (read, write) = tokio::join!(ada.get("/sessions"), ada.post("/posts", post.clone()));
        if read.status == 200 && write.status == 201 {
            break;
        }
        assert!(begun.elapsed() < BACK_WITHIN, "{} {}", read.status, write.status);
        sleep(Duration::from_millis(50)).await;
    }
    app.client.get("//readyz").await.expect(200);
    // All connections, not only the first.
    for reply in futures_util::future::join_all((0..40).map(|_| ada.get("/sessions"))).await {
        reply.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_and_ends_by_itself() {
    let mut server = MariaDb::start();
    let url = server.database("outage").await;
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url)).await;
    let ada = app.member("ada").await;
    back(&app, &ada).await;
    server.signal(Signal::STOP);
    refused(&app, &ada).await;
    server.signal(Signal::CONT);
    back(&app, &ada).await;
    server.signal(Signal::KILL);
    refused(&app, &ada).await;
    server.restart();
    back(&app, &ada).await;
}
