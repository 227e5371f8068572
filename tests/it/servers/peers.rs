//! Programs of other people on the same queues: `BullMQ`, its dashboard, and RSMQ,
//! for Node.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use gatherly::{
    config::JobBackend,
    db::{Columns, statement},
    jobs::{self, Failure, Handlers, NewJob},
};
use serde_json::{Value, json};
use tokio::{process::Command, sync::Notify};

use crate::support::{RedisServer, TestApp, carried_by, forum, output, wait_for};

const LIMIT: Duration = Duration::from_secs(30);
/// More jobs than a server takes at once.
const MANY: usize = 70;

/// What one of `peers.cjs` did or saw with a queue.
async fn peer(app: &TestApp, command: &str, queue: &str, more: &[&str]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = root.join("target/peers");
    assert!(modules.join("node_modules/bullmq").is_dir(), "tests/run installs BullMQ for Node");
    let port = RedisServer::shared().address.port().to_string();
    let queue = format!("{}{queue}", app.app.config.redis.prefix);
    let mut node = Command::new("node");
    node.arg(root.join("tests/it/servers/peers.cjs")).arg(modules);
    node.args([command, &port, &queue]).args(more).kill_on_drop(true);
    let output = output(node, "").await;
    let seen = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&seen)
        .unwrap_or_else(|_| panic!("{seen}{}", String::from_utf8_lossy(&output.stderr)))
}

async fn enqueue(app: &TestApp, jobs: impl Iterator<Item = NewJob>) -> Vec<String> {
    let mut tx = app.app.db.begin().await.unwrap();
    let mut ids = Vec::new();
    for job in jobs {
        let id = jobs::enqueue(&mut tx, job, app.app.clock.now()).await.unwrap();
        ids.push(id.unwrap().to_string());
    }
    tx.commit().await.unwrap();
    ids
}

/// Jobs of the kind `work` go on until they may end; others fail for good.
async fn workshop(backend: JobBackend) -> (TestApp, Arc<Notify>) {
    let end = Arc::new(Notify::new());
    let ending = Arc::clone(&end);
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new()
            .on("work", LIMIT, move |_| {
                let end = Arc::clone(&ending);
                async move {
                    end.notified().await;
                    Ok(())
                }
            })
            .on("broken", LIMIT, |_| async { Err(Failure::For("a part is missing".to_owned())) })
    })
    .await;
    (app, end)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_worker_does_a_job_of_ours() {
    let app = TestApp::start_with(|config| {
        carried_by(JobBackend::Bullmq)(config);
        config.jobs.tell = vec!["content.published".to_owned()];
    })
    .await;
    let (boss, ada) = (app.admin("boss").await, app.member("ada").await);
    let thread = forum::post(&app, &ada, "A thread").await;
    let kept = async || {
        let jobs = boss.get("/jobs?kind=outside.do").await.expect(200);
        forum::each(&jobs, "id")
    };
    wait_for("it is handed over", async || kept().await.len() == 1).await;
    let seen = peer(&app, "work", "-events", &[]).await;
    assert_eq!(seen["name"], "content.published");
    assert_eq!(seen["data"]["title"], "A thread");
    assert_eq!(seen["data"]["id"], thread["id"]);
    wait_for("that it is done is seen", async || {
        app.advance(Duration::from_secs(1));
        kept().await.is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_node_adds_is_done() {
    let done = Arc::new(Mutex::new(Vec::new()));
    let doing = Arc::clone(&done);
    let app = TestApp::start_working_with(carried_by(JobBackend::Bullmq), move |_, _| {
        Handlers::new()
            .on("work", LIMIT, move |job| {
                doing.lock().unwrap().push((job.id.to_string(), job.payload));
                async { Ok(()) }
            })
            .on("private", LIMIT, |_| async { Ok(()) })
            .accepting(&["work".to_owned()])
    })
    .await;
    let added = peer(&app, "add", "", &["work", "{\"words\":[1,2]}"]).await;
    let id = added["returned"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned();
    app.settled().await;
    assert_eq!(*done.lock().unwrap(), [(id, "{\"words\":[1,2]}".to_owned())]);
    for kind in ["private", "unheard-of"] {
        let refused = peer(&app, "add", "", &[kind, "{}"]).await;
        let why = refused["failed"].as_str().unwrap_or_default();
        assert!(why.contains("not accepted"), "{kind}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_our_jobs() {
    let (app, end) = workshop(JobBackend::Bullmq).await;
    let failed = enqueue(&app, std::iter::once(NewJob::new("broken", &json!({"part": 1})))).await;
    app.settled().await;
    let ids = enqueue(&app, (0..MANY).map(|n| NewJob::new("work", &n))).await;
    let mut board = Value::Null;
    for _ in 0..100 {
        board = peer(&app, "board", "", &["active"]).await;
        if board["counts"]["active"] == 64 {
            break;
        }
    }
    let counts = &board["counts"];
    let found = ["active", "prioritized", "failed"].map(|state| counts[state].as_u64().unwrap());
    assert_eq!(found, [64, 6, 1], "{board}");
    let shown = &board["jobs"][0];
    assert!(ids.iter().any(|id| shown["id"] == **id) && shown["name"] == "work", "{board}");
    let board = peer(&app, "board", "", &["failed"]).await;
    assert_eq!(board["jobs"][0], json!({"id": failed[0], "name": "broken", "data": {"part": 1}}));
    finish(&app, &end).await;
    let board = peer(&app, "board", "", &["completed"]).await;
    assert_eq!(board["counts"]["completed"], 70, "{board}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_how_far_a_job_is() {
    let end = Arc::new(Notify::new());
    let ending = Arc::clone(&end);
    let app = TestApp::start_working_with(carried_by(JobBackend::Bullmq), move |_, _| {
        Handlers::new().on("long", LIMIT, move |job| {
            let end = Arc::clone(&ending);
            async move {
                for percent in [40, 75] {
                    job.progress(percent).await?;
                    end.notified().await;
                }
                Ok(())
            }
        })
    })
    .await;
    let boss = app.admin("boss").await;
    let ids = enqueue(&app, std::iter::once(NewJob::new("long", &()))).await;
    for percent in [40, 75] {
        let path = format!("/jobs/{}", ids[0]);
        wait_for("it is so far", async || boss.get(&path).await.expect(200)["progress"] == percent)
            .await;
        let mut seen = Value::Null;
        for _ in 0..100 {
            seen = peer(&app, "progress", "", &[&ids[0]]).await;
            if seen["progress"] == percent {
                break;
            }
        }
        assert_eq!(seen["progress"], percent, "{seen}");
        end.notify_one();
    }
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dashboard_retries_is_tried_again() {
    let tries = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tries);
    let app = TestApp::start_working_with(carried_by(JobBackend::Bullmq), move |_, _| {
        Handlers::new().on("broken", LIMIT, move |_| {
            let mut tries = counted.lock().unwrap();
            *tries += 1;
            let failed = *tries == 1;
            async move {
                if failed { Err(Failure::For("a part is missing".to_owned())) } else { Ok(()) }
            }
        })
    })
    .await;
    let boss = app.admin("boss").await;
    let job = NewJob { keep: true, ..NewJob::new("broken", &()) };
    let ids = enqueue(&app, std::iter::once(job)).await;
    let path = format!("/jobs/{}", ids[0]);
    let state = async || boss.get(&path).await.expect(200)["state"].clone();
    wait_for("it failed", async || state().await == "failed").await;
    let mut counts = Value::Null;
    for _ in 0..100 {
        counts = peer(&app, "board", "", &["failed"]).await["counts"].clone();
        if counts["failed"] == 1 {
            break;
        }
    }
    assert_eq!(counts["failed"], 1, "{counts}");
    assert_eq!(peer(&app, "press", "", &["retry", &ids[0]]).await["done"], "retry");
    wait_for("it is done", async || state().await == "completed").await;
    assert_eq!(*tries.lock().unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dashboard_removes_is_done_all_the_same() {
    let (app, end) = workshop(JobBackend::Bullmq).await;
    let ids = enqueue(&app, (0..MANY).map(|n| NewJob::new("work", &n))).await;
    let mut board = Value::Null;
    for _ in 0..100 {
        board = peer(&app, "board", "", &["prioritized"]).await;
        if board["counts"]["prioritized"] == 6 {
            break;
        }
    }
    let waiting = board["jobs"][0]["id"].as_str().unwrap_or_else(|| panic!("{board}"));
    assert!(ids.iter().any(|id| id == waiting));
    assert_eq!(peer(&app, "press", "", &["remove", waiting]).await["done"], "remove");
    // A lease later it is there again, and nothing waits for ever.
    app.advance(Duration::from_mins(2));
    finish(&app, &end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rsmq_for_node_reads_our_queue() {
    let (app, end) = workshop(JobBackend::Rsmq).await;
    let ids = enqueue(&app, (0..MANY).map(|n| NewJob::new("work", &n))).await;
    let mut seen = Value::Null;
    for _ in 0..100 {
        seen = peer(&app, "rsmq", "-normal", &[]).await;
        if seen["id"].is_string() {
            break;
        }
    }
    // In seconds, as RSMQ for Node has it.
    assert_eq!(seen["vt"], 45, "{seen}");
    let message = &seen["message"];
    assert_eq!(message["kind"], "work", "{seen}");
    let place = ids.iter().position(|id| message["id"] == **id).expect("a job of ours");
    assert_eq!(message["payload"], json!(place));
    finish(&app, &end).await;
}

/// Lets all jobs end.
async fn finish(app: &TestApp, end: &Notify) {
    let left = || statement("select count(*) as n from jobs where kind = 'work'");
    wait_for("all are done", async || {
        end.notify_waiters();
        let row = app.app.db.optional(left()).await.unwrap().unwrap();
        row.value::<i64>("n").unwrap() == 0
    })
    .await;
}
