//! Several servers on one database and one Redis; and what becomes of them
//! when Redis goes away.

mod outage;
mod peers;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use gatherly::{
    base::secret::Secret, config::Config, db::Topic, jobs, lifecycle::Lifecycle, redis::Redis,
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    http::notifications::Stream,
    support::{
        Client, RedisServer, TestApp,
        forum::{self, each},
        policy, wait_for,
    },
};

/// Within this time what one server decides is at work on all.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(1);

/// Uses the Redis of all tests.
fn with_redis(config: &mut Config) {
    config.redis.url = Secret::new(RedisServer::shared().url());
}

/// Two servers on one database and one Redis.
async fn two(change: impl Fn(&mut Config)) -> (TestApp, TestApp) {
    let first = TestApp::start_with(|config| {
        with_redis(config);
        change(config);
    })
    .await;
    let second = first
        .another_with(|config| {
            with_redis(config);
            change(config);
        })
        .await;
    for app in [&first, &second] {
        let redis = app.app.redis.clone().unwrap();
        wait_for("Redis is in use", async || redis.is_here()).await;
    }
    (first, second)
}

/// The same person, at another server.
fn at(app: &TestApp, person: &Client) -> Client {
    app.client.with_token(person.token.as_deref().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_count_together() {
    let (first, second) = two(|config| {
        config.limits.enabled = true;
        config.limits.comment_account = serde_json::from_value(json!("3/minute")).unwrap();
        config.limits.sign_in_account = serde_json::from_value(json!("2/minute")).unwrap();
    })
    .await;
    let ada = first.member("ada").await;
    let thread = forum::post(&first, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    let (here, there) = (ada.client.clone(), at(&second, &ada));
    for client in [&here, &there, &here] {
        client.post(&path, json!({"body": "Fine"})).await.expect(201);
    }
    // The second server alone has seen one.
    there.post(&path, json!({"body": "Too much"})).await.expect_problem(429, "too_many_requests");
    // It comes back bit by bit, for both together.
    first.advance(Duration::from_secs(20));
    there.post(&path, json!({"body": "Fine"})).await.expect(201);
    here.post(&path, json!({"body": "Too much"})).await.expect_problem(429, "too_many_requests");
    let body = json!({"username": "nobody", "password": "wrong horse battery"});
    for server in [&second, &first] {
        let tried = server.client.post("/sessions", body.clone()).await;
        tried.expect_problem(401, "wrong_credentials");
    }
    second.client.post("/sessions", body).await.expect_problem(429, "too_many_requests");
    let kept = keys(&first).await;
    assert!(kept.iter().any(|key| key.contains(":limit:Comment:")), "{kept:?}");
    for private in ["ada", "nobody", "127.0.0.1", "horse"] {
        assert!(kept.iter().all(|key| !key.contains(private)), "{private} in {kept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_count_together_however_their_clock_is_set() {
    let (first, second) = two(|config| {
        config.limits.enabled = true;
        config.limits.comment_account = serde_json::from_value(json!("3/minute")).unwrap();
    })
    .await;
    let ada = first.member("ada").await;
    let thread = forum::post(&first, &ada, "A thread").await;
    let path = format!("/posts/{}/comments", forum::id(&thread));
    let (here, there) = (ada.client.clone(), at(&second, &ada));
    let start = first.app.clock.now();
    for (client, hours) in [(&here, 0), (&there, 1), (&here, 0)] {
        first.app.clock.set_wall(start.minus(Duration::from_hours(hours)));
        client.post(&path, json!({"body": "Fine"})).await.expect(201);
    }
    first.app.clock.set_wall(start.minus(Duration::from_hours(1)));
    there.post(&path, json!({"body": "Too much"})).await.expect_problem(429, "too_many_requests");
}

/// All keys that a server and its others have in Redis.
async fn keys(app: &TestApp) -> Vec<String> {
    let redis = app.app.redis.clone().unwrap();
    let mut connection = redis.connection().unwrap();
    let mut command = redis::cmd("keys");
    command.arg(format!("{}:*", redis.prefix())).query_async(&mut connection).await.unwrap()
}

/// What a further server would be told.
async fn listener(app: &TestApp) -> (JoinSet<()>, Arc<Mutex<Vec<Topic>>>) {
    let mut settings = app.app.config.redis.clone();
    settings.url = Secret::new(RedisServer::shared().url());
    let life = Lifecycle::new();
    let redis = Redis::start(&settings, &life).await.unwrap().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (hears, mut tasks) = (Arc::clone(&heard), JoinSet::new());
    tasks.spawn(async move {
        redis.hear(|topic| hears.lock().unwrap().push(topic)).await;
    });
    // It begins with being told that anything may have happened.
    wait_for("it listens", async || heard.lock().unwrap().len() >= 3).await;
    heard.lock().unwrap().clear();
    (tasks, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_told_what_there_is_to_look_at() {
    let app = TestApp::start_with(with_redis).await;
    let (boss, ada, bob) =
        (app.admin("boss").await, app.member("ada").await, app.member("bob").await);
    app.settled().await;
    let (_tasks, heard) = listener(&app).await;
    let is_heard = |topic: Topic| {
        let heard = heard.lock().unwrap();
        heard.contains(&topic)
    };
    let thread = forum::post(&app, &ada, "A thread").await;
    wait_for("reads", async || is_heard(Topic::Reads)).await;
    wait_for("jobs", async || is_heard(Topic::Jobs)).await;
    forum::comment(&app, &bob, &thread, "An answer").await;
    wait_for("the notification", async || {
        heard.lock().unwrap().iter().any(|topic| matches!(topic, Topic::Notified(_)))
    })
    .await;
    assert!(!is_heard(Topic::Plugins));
    policy::enforce_first_letter(&boss, "wait").await;
    wait_for("plugins", async || is_heard(Topic::Plugins)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_decides_is_at_work_on_the_other() {
    let (first, second) = two(|_| {}).await;
    let (boss, ada) = (first.admin("boss").await, first.member("ada").await);
    let thread = forum::post(&first, &ada, "A thread").await;
    let there = at(&second, &ada);
    let path = format!("/posts/{}/comments", forum::id(&thread));
    there.post(&path, json!({"body": "Held by nobody"})).await.expect(201);
    policy::enforce_first_letter(&boss, "wait").await;
    let begun = Instant::now();
    wait_for("the plugin is at work there", async || {
        there.post(&path, json!({"body": "Held"})).await.status == 202
    })
    .await;
    assert!(begun.elapsed() < EVERYWHERE_WITHIN, "{:?}", begun.elapsed());
    // What ends a session ends it there, at once.
    ada.delete("/sessions/current").await.expect(204);
    there.get("/me").await.expect_problem(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_server_tell_what_another_wrote() {
    const ROUNDS: u32 = 6;
    let (first, second) = two(|_| {}).await;
    let (ada, bob) = (first.member("ada").await, first.member("bob").await);
    let thread = forum::post(&first, &ada, "A thread").await;
    let there = at(&second, &ada);
    let (mut stream, _) = Stream::open(&second, &there, None).await;
    let mut waited = Duration::ZERO;
    for round in 0..ROUNDS {
        forum::comment(&first, &bob, &thread, &format!("Round {round}")).await;
        first.settled().await;
        let begun = Instant::now();
        let (_, told) = stream.next().await;
        assert!(told.to_string().contains(&format!("Round {round}")), "{told}");
        waited += begun.elapsed();
    }
    // Who looks by itself takes a quarter of a second, in the mean.
    assert!(waited < Duration::from_millis(150) * ROUNDS, "{:?} each time", waited / ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_has_its_turn_on_one_server() {
    const MINUTE: Duration = Duration::from_mins(1);
    let (first, second) = two(|_| {}).await;
    for _ in 0..20 {
        first.advance(MINUTE);
        let now = first.app.clock.now();
        let turn = async |app: &TestApp| {
            let turn = jobs::claim_tick(&app.app.db, "each-minute", MINUTE, now).await.unwrap();
            match turn {
                Some((tx, _)) => tx.commit().await.is_ok(),
                None => false,
            }
        };
        let (here, there) = tokio::join!(turn(&first), turn(&second));
        assert!(here != there, "{here} and {there}");
    }
}

/// Kept answers go when another server writes: a second each time, if nobody
/// told them.
#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_go_when_another_server_writes() {
    const ROUNDS: u32 = 8;
    let (first, second) = two(|_| {}).await;
    let ada = first.member("ada").await;
    let titles = async || each(&second.client.get("/posts").await.expect(200), "title");
    let mut stale = Duration::ZERO;
    for round in 0..ROUNDS {
        titles().await;
        let title = format!("Round {round}");
        forum::post(&first, &ada, &title).await;
        let begun = Instant::now();
        wait_for("it is shown", async || titles().await.contains(&Value::from(title.as_str())))
            .await;
        stale += begun.elapsed();
    }
    assert!(stale < EVERYWHERE_WITHIN * ROUNDS / 2, "stale for {:?} each time", stale / ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_has_read_another_need_not_read() {
    const TRIES: usize = 50;
    let (first, second) = two(|_| {}).await;
    let ada = first.member("ada").await;
    forum::post(&first, &ada, "A thread").await;
    for limit in 1..=TRIES {
        let path = format!("/posts?limit={limit}");
        let read = first.client.get(&path).await;
        let (found, statements) = second.statements(second.client.get(&path)).await;
        if statements == 0 {
            assert_eq!(found.body, read.body);
            return;
        }
    }
    panic!("it reads everything itself");
}
