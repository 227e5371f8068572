//! The real server is killed, again and again, while people write; so is what it
//! needs. What it has acknowledged is there afterwards, nothing is there by halves,
//! and what was to follow from it follows, once.
//!
//! `CAMPAIGN=1 cargo test --test it -- crash --nocapture --test-threads 1` kills as
//! often as is promised; with `TEST_DATABASE=mysql` on `MariaDB`. What came of it
//! stands in `results.md`.

pub mod checks;
mod points;
mod queue;
mod writers;

use std::{fs, sync::Arc, time::Duration};

use futures_util::future::join_all;
use gatherly::{config::JobBackend, db::Db};
use hyper::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    campaigns::times,
    support::{Client, Installation, PASSWORD, RedisServer, mariadb::MariaDb, wait_for},
};
use queue::Seen;
use writers::Ledger;

/// How often a server is killed, for everything that carries jobs.
const KILLS: (usize, usize) = (20, 500);
/// How often at one installation: to look at all that was written takes longer each time.
const AT_ONE: usize = 100;
/// How often what a server needs is killed.
const OTHERS: (usize, usize) = (4, 50);
/// So much of each kind must have been acknowledged, for a test to have tested: where
/// servers are killed, and where there are few rounds.
const LEAST: usize = 10;
const LEAST_OF_FEW: usize = 5;
/// Which kills take Redis as well.
const WITH_REDIS: usize = 3;
/// How long a server may take from its start until it is ready, if the machine has
/// nothing else to do.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// A killed process is killed whatever the disk does: waiting for it would test
/// the disk. The plugin gets the time of a machine that has other things to do.
fn settings(backend: JobBackend, redis: Option<&RedisServer>) -> String {
    let backend = match backend {
        JobBackend::Database => "database",
        JobBackend::Rsmq => "rsmq",
        JobBackend::Bullmq => "bullmq",
    };
    let redis = redis.map(RedisServer::url).unwrap_or_default();
    format!(
        "[database]
         synchronous = \"normal\"
         [redis]
         url = {redis:?}
         [jobs]
         backend = {backend:?}
         [limits]
         enabled = false
         [plugins]
         deadline_ms = 5000
         cpu_ms = 2000
         [log]
         filter = \"warn\""
    )
}

/// What is held and what is refused.
fn rules() -> Value {
    let rule = |id: &str, action: &str| json!({"id": id, "action": action, "message": "no", "when": {"words": [id]}});
    json!({"rules": [rule("holdword", "hold"), rule("rejectword", "reject")]})
}

/// A forum in which there is something to write on.
struct Scene {
    admin: Client,
    thread: String,
    /// The policy's.
    binding: String,
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Binds the bundled policy and makes what people write on.
async fn prepare(installation: &Installation) -> Scene {
    let create = ["admin", "create", "boss", "--email", "boss@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let server = installation.serve().await;
    let admin = writers::sign_in(&server.client, "boss").await.unwrap();
    let component = fs::read(crate::tidy::source::root().join("plugins/automod/automod.wasm"));
    let wasm = Some("application/wasm");
    let uploaded =
        admin.send_bytes(Method::POST, "/plugins", wasm, component.unwrap().into()).await;
    uploaded.expect(201);
    let binding = json!({"plugin": "automod", "mode": "enforce", "settings": rules()});
    let binding = id(&admin.post("/plugin-bindings", binding).await.expect(201));
    queue::watch(&admin).await;
    let post = json!({"community": "general", "title": "A thread", "body": "A fine day."});
    let thread = id(&admin.post("/posts", post).await.expect(201));
    server.kill().await;
    Scene { admin, thread, binding }
}

/// Kills a server, again and again; its Redis too, now and then. Tells what came of it.
async fn kill_servers(backend: JobBackend, kills: usize) -> String {
    let begun = Instant::now();
    let mut redis = (backend != JobBackend::Database).then(RedisServer::start);
    let installation = Installation::new(&settings(backend, redis.as_ref()));
    let Scene { thread, .. } = prepare(&installation).await;
    let config = installation.config();
    let ledger = Arc::new(Ledger::new(thread));
    let (mut seen, mut longest) = (Seen::default(), Duration::ZERO);
    let mut written_in = Duration::ZERO;
    for kill in 0..kills {
        let started = Instant::now();
        let server = installation.serve().await;
        longest = longest.max(started.elapsed());
        let writers = writers::start(&ledger, &server.client, kill).await.unwrap();
        let crash = async {
            let begun = Instant::now();
            moment(&ledger, Duration::from_millis(150), (kill, kills), LEAST).await;
            written_in += begun.elapsed();
            if kill % WITH_REDIS == 0 {
                redis = redis.take().map(|redis| RedisServer::start_on(redis.kill()));
            }
            server.kill().await;
        };
        tokio::join!(join_all(writers), crash);
        let db = Db::open(&config).await.unwrap();
        ledger.check(&db).await;
        checks::whole(&db).await;
        seen.look(&db).await;
        db.close().await;
    }
    // What is held there by who is gone would be waited for.
    let _redis = redis.map(|redis| RedisServer::start_on(redis.kill()));
    finish(&installation, (&ledger, &seen), LEAST).await;
    let counts = ledger.counts();
    let written = u32::try_from(counts.values().sum::<usize>()).unwrap();
    let rate = f64::from(written) / written_in.as_secs_f64();
    assert!(kills < AT_ONE || longest <= READY_WITHIN, "ready after {longest:?}");
    format!(
        "{kills} kills with jobs in {backend:?} in {:?}, ready after at most {longest:?}, \
         {rate:.0} writes in a second, acknowledged: {counts:?}",
        begun.elapsed()
    )
}

/// Waits for another moment of what writers do in each round: not before they have
/// written this round's part of the least, which takes a busy machine longer.
async fn moment(ledger: &Ledger, first: Duration, (kill, kills): (usize, usize), least: usize) {
    sleep(first + Duration::from_millis(kill as u64 * 37 % 400)).await;
    let part = (least * (kill + 1)).div_ceil(kills);
    wait_for("enough is written", async || ledger.counts().values().all(|count| *count >= part))
        .await;
}

/// Has what was begun done, and looks at everything once more.
async fn finish(installation: &Installation, (ledger, seen): (&Ledger, &Seen), least: usize) {
    let config = installation.config();
    seen.finish(installation, &config).await;
    let db = Db::open(&config).await.unwrap();
    ledger.check(&db).await;
    checks::whole(&db).await;
    checks::sound(&db).await;
    db.close().await;
    let server = installation.serve().await;
    server.client.get("/posts").await.expect(200);
    let counts = ledger.counts();
    assert!(counts.values().all(|count| *count >= least), "too little was written: {counts:?}");
    let log = installation.log();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash() {
    let mut kills = times(KILLS);
    while kills > 0 {
        println!("{}", kill_servers(JobBackend::Database, kills.min(AT_ONE)).await);
        kills = kills.saturating_sub(AT_ONE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash_of_the_queue_too() {
    for backend in [JobBackend::Rsmq, JobBackend::Bullmq] {
        println!("{}", kill_servers(backend, times(OTHERS) * 2).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_crash_of_the_database() {
    let (begun, kills) = (Instant::now(), times(OTHERS));
    let mut mariadb = MariaDb::start();
    let url = mariadb.database("crashes").await;
    let installation = Installation::on(&url, &settings(JobBackend::Database, None));
    let Scene { thread, .. } = prepare(&installation).await;
    let ledger = Arc::new(Ledger::new(thread));
    let mut seen = Seen::default();
    let server = installation.serve().await;
    for kill in 0..kills {
        // It may not have noticed yet that the database is back.
        let writers = loop {
            match writers::start(&ledger, &server.client, kill).await {
                Some(writers) => break writers,
                None => sleep(Duration::from_millis(50)).await,
            }
        };
        let crash = async {
            moment(&ledger, Duration::from_millis(300), (kill, kills), LEAST_OF_FEW).await;
            mariadb.signal(Signal::KILL);
        };
        // They end when there is no answer any more, or one that says why.
        tokio::join!(join_all(writers), crash);
        mariadb.restart();
        let db = Db::open(&installation.config()).await.unwrap();
        ledger.check(&db).await;
        checks::whole(&db).await;
        seen.look(&db).await;
        db.close().await;
    }
    server.kill().await;
    finish(&installation, (&ledger, &seen), LEAST_OF_FEW).await;
    println!(
        "{kills} kills of MariaDB in {:?}, acknowledged: {:?}",
        begun.elapsed(),
        ledger.counts()
    );
}
