//! Redis goes away in every way there is: nobody notices.

use std::{net::TcpListener, time::Duration};

use gatherly::{base::secret::Secret, config::JobBackend};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    on_every_backend,
    support::{Chaos, Line, Person, RedisServer, TestApp, carried_by, forum, wait_for},
};

on_every_backend! {
    jobs_are_done_whatever_becomes_of_redis
}

/// Within this time Redis is in use again when it is back.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Requests of each kind in each state of the line.
const REQUESTS: usize = 60;
/// The slowest percent may take so many times as long as with a good line, and
/// what a busy machine adds.
const SLOWER_AT_MOST: u32 = 2;
const NOISE: Duration = Duration::from_millis(60);

/// Whatever else the machine does, one in so many tries shows what a server does.
const TRIES: u32 = 4;

async fn app_behind(chaos: &Chaos) -> TestApp {
    let url = format!("redis://{}/0", chaos.address);
    let app = TestApp::start_with(|config| {
        config.redis.url = Secret::new(url);
        config.limits.enabled = true;
        config.limits.comment_account = serde_json::from_value(json!("1000/second")).unwrap();
        config.limits.write_account = serde_json::from_value(json!("1000/second")).unwrap();
    })
    .await;
    is_here(&app, true).await;
    app
}

async fn is_here(app: &TestApp, wanted: bool) {
    let redis = app.app.redis.clone().unwrap();
    wait_for("Redis comes or goes", async || redis.is_here() == wanted).await;
}

/// Some requests that ask Redis; the time of the slowest percent of them. None
/// is answered with a fault.
async fn slowest(person: &Person, path: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let reply = person.post(path, json!({"body": "Fine"})).await;
        times.push(begun.elapsed());
        assert_eq!(reply.status, 201, "{}", reply.text());
        person.get("/me").await.expect(200);
    }
    times.sort();
    times[REQUESTS - 1 - REQUESTS / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_that_redis_is_gone() {
    let chaos = Chaos::before(RedisServer::shared().address).await;
    let app = app_behind(&chaos).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    let good = slowest(&ada, &path).await;
    for line in
        [Line::Cut, Line::Blocked, Line::Slow(Duration::from_millis(500)), Line::Breaking(10)]
    {
        let mut tries = 0;
        loop {
            chaos.set(line);
            let bad = slowest(&ada, &path).await;
            if bad < good * SLOWER_AT_MOST + NOISE {
                break;
            }
            tries += 1;
            assert!(tries < TRIES, "{line:?}: {bad:?}, and {good:?} before");
            chaos.set(Line::Good);
            is_here(&app, true).await;
        }
        // Who listens is told, and readiness stays green.
        app.settled().await;
        app.client.get("//readyz").await.expect(200);
        chaos.set(Line::Good);
        let begun = Instant::now();
        is_here(&app, true).await;
        assert!(begun.elapsed() < BACK_WITHIN, "{line:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_go_on_when_redis_is_gone() {
    let chaos = Chaos::before(RedisServer::shared().address).await;
    let url = format!("redis://{}/0", chaos.address);
    let app = TestApp::start_with(|config| {
        config.redis.url = Secret::new(url);
        config.limits.enabled = true;
        config.limits.comment_account = serde_json::from_value(json!("3/minute")).unwrap();
    })
    .await;
    is_here(&app, true).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    let comment = async || ada.post(&path, json!({"body": "Fine"})).await;
    comment().await.expect(201);
    chaos.set(Line::Cut);
    is_here(&app, false).await;
    comment().await.expect(201);
    comment().await.expect(201);
    comment().await.expect_problem(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_redis_and_finds_it_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let app = TestApp::start_with(|config| {
        config.redis.url = Secret::new(format!("redis://{address}/0"));
    })
    .await;
    is_here(&app, false).await;
    let ada = app.member("ada").await;
    forum::post(&app, &ada, "A thread").await;
    app.settled().await;
    let _server = RedisServer::start_on(address);
    let begun = Instant::now();
    is_here(&app, true).await;
    assert!(begun.elapsed() < BACK_WITHIN, "{:?}", begun.elapsed());
}

async fn jobs_are_done_whatever_becomes_of_redis(backend: JobBackend) {
    let mut server = RedisServer::start();
    let chaos = Chaos::before(server.address).await;
    let url = format!("redis://{}/0", chaos.address);
    let app = TestApp::start_with(|config| {
        carried_by(backend)(config);
        config.redis.url = Secret::new(url);
    })
    .await;
    is_here(&app, true).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    for line in [Line::Good, Line::Cut, Line::Good, Line::Blocked, Line::Breaking(50), Line::Good] {
        chaos.set(line);
        for _ in 0..10 {
            ada.post(&path, json!({"body": "Fine"})).await.expect(201);
        }
        app.settled().await;
    }
    // It comes back, and has forgotten everything.
    for _ in 0..10 {
        ada.post(&path, json!({"body": "Fine"})).await.expect(201);
    }
    let address = server.kill();
    server = RedisServer::start_on(address);
    app.settled().await;
    is_here(&app, true).await;
    ada.post(&path, json!({"body": "Fine"})).await.expect(201);
    app.settled().await;
    drop(server);
}

/// What Redis had is gone with it, and nobody misses it.
#[tokio::test(flavor = "multi_thread")]
async fn redis_may_come_back_empty() {
    let server = RedisServer::start();
    let url = server.url();
    let app = TestApp::start_with(|config| config.redis.url = Secret::new(url)).await;
    is_here(&app, true).await;
    let ada = app.member("ada").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let address = server.kill();
    let path = format!("/posts/{}/comments", forum::id(&thread));
    ada.post(&path, json!({"body": "Fine"})).await.expect(201);
    app.settled().await;
    let _server = RedisServer::start_on(address);
    is_here(&app, true).await;
    ada.post(&path, json!({"body": "Fine"})).await.expect(201);
    app.settled().await;
}
