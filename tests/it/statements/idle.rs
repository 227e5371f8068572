//! What a server asks of its database when nobody asks anything of it.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    hooks::guest,
    support::{TestApp, policy},
};

/// Statements of an idle server: what other servers wrote is found by looking for it.
const A_SECOND: u64 = 5;
/// How long it is counted: what is asked a few times a minute is counted as well.
const COUNTED: Duration = Duration::from_secs(20);

/// With bindings that were changed a moment ago, which are looked at once they fail.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_runs_at_most_five_statements_a_second() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    for (name, mark) in [("one", 1), ("two", 2), ("three", 3)] {
        // A section of its own makes it another component.
        let component = [&guest::configurable()[..], &[0, 3, 1, b'v', mark]].concat();
        let binding = policy::bind(&admin, name, component, json!({"mode": "enforce"})).await;
        let path = format!("/plugin-bindings/{}", binding["id"].as_str().unwrap());
        admin.patch(&path, json!({"settings": "other"})).await.expect(200);
    }
    app.settled().await;
    // The looks of the start are over, and those that a change brings.
    sleep(Duration::from_secs(3)).await;
    let before = app.app.db.statements_in_all();
    sleep(COUNTED).await;
    let run = app.app.db.statements_in_all() - before;
    assert!(run > 0 && run <= A_SECOND * COUNTED.as_secs(), "{run} statements in {COUNTED:?}");
}
