//! A wall clock that is set forward or back, as by an operator or a time server.

use std::time::Duration;

use serde_json::json;

use crate::support::{TestApp, forum};

const HOUR: i64 = 3_600_000;
/// How far the clock is set, in milliseconds: there, and back again.
const JUMPS: [i64; 6] = [HOUR, -HOUR, 24 * HOUR, -24 * HOUR, 40 * 24 * HOUR, -40 * 24 * HOUR];

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_refuses_no_request() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let path = format!("/posts/{}", forum::id(&thread));
    let start = app.app.clock.now();
    // To each time, and from there to the one on the other side.
    for jump in JUMPS {
        for to in [start.0 + jump, start.0] {
            let before = app.sign_in("ada").await;
            app.app.clock.set_wall(gatherly::base::clock::Timestamp(to));
            for path in ["//readyz", "/posts", "/communities", &path] {
                app.client.get(path).await.expect(200);
            }
            if to < start.0 + jump {
                // A token that was signed at a later time is good.
                before.get("/me").await.expect(200);
            }
            let ada = app.sign_in("ada").await;
            ada.get("/me").await.expect(200);
            let comment = json!({"body": format!("At {to} after {jump}")});
            ada.post(&format!("{path}/comments"), comment).await.expect(201);
            ada.put(&format!("{path}/vote"), json!({"value": 1})).await.expect(200);
            // Limits count on by themselves.
            app.advance(Duration::from_mins(1));
            app.app.clock.set_wall(gatherly::base::clock::Timestamp(to));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_however_the_clock_is_set() {
    let app = TestApp::start_with(|config| {
        config.limits.enabled = true;
        config.limits.comment_account = serde_json::from_value(json!("3/minute")).unwrap();
    })
    .await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    let comment = async || ada.post(&path, json!({"body": "Fine"})).await;
    for _ in 0..3 {
        comment().await.expect(201);
    }
    comment().await.expect_problem(429, "too_many_requests");
    let start = app.app.clock.now();
    for to in [start.minus(Duration::from_hours(1)), start.plus(Duration::from_mins(5)), start] {
        app.app.clock.set_wall(to);
        let told = comment().await;
        told.expect_problem(429, "too_many_requests");
        let wait: u64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(wait <= 20, "{wait}");
    }
    app.advance(Duration::from_secs(20));
    comment().await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mode_does_not_last_longer_because_the_clock_was_set_back() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let thread = forum::post(&app, &root, "A thread").await;
    let path = format!("/posts/{}", forum::id(&thread));
    let slow = json!({"interval_seconds": 60});
    root.put(&format!("{path}/slow-mode"), slow).await.expect(204);
    let comment = async || ada.post(&format!("{path}/comments"), json!({"body": "Fine"})).await;
    comment().await.expect(201);
    comment().await.expect_problem(429, "slow_mode");
    app.app.clock.set_wall(app.app.clock.now().minus(Duration::from_mins(10)));
    comment().await.expect(201);
    comment().await.expect_problem(429, "slow_mode");
}
