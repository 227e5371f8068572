//! Jobs as operators see them, over HTTP and on the command line.

use std::{sync::Arc, time::Duration};

use gatherly::{
    config::JobBackend,
    db::{Db, statement},
    jobs::{self, Failure, Handlers, NewJob},
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    on_every_backend,
    support::{
        Client, Installation, TestApp, carried_by,
        forum::{add_late_job, each, walk},
        wait_for,
    },
};

on_every_backend! {
    a_failed_job_is_found_and_tried_again
    what_is_being_done_is_left_alone
}

const LIMIT: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_hours(24);

async fn add(app: &TestApp, job: NewJob) -> String {
    let mut tx = app.app.db.begin().await.unwrap();
    let id = jobs::enqueue(&mut tx, job, app.app.clock.now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

/// A job, once it is in a state.
async fn once(client: &Client, job: &str, state: &str) -> Value {
    let path = format!("/jobs/{job}");
    let show = async || client.get(&path).await.expect(200);
    wait_for(state, async || show().await["state"] == state).await;
    show().await
}

/// Jobs of the kind `broken` fail until somebody repairs what they need; those
/// of the kind `long` go on until they may end.
async fn workshop(backend: JobBackend) -> (TestApp, Arc<Notify>) {
    let end = Arc::new(Notify::new());
    let ending = Arc::clone(&end);
    let app = TestApp::start_working_with(carried_by(backend), move |_, handlers: Handlers| {
        handlers
            .on("broken", LIMIT, |job| async move {
                if job.attempt == 1 && job.payload.contains("for good") {
                    return Err(Failure::For("a part is missing".to_owned()));
                }
                Err(Failure::Retry("the tool broke".to_owned()))
            })
            .on("long", LIMIT, move |job| {
                let end = Arc::clone(&ending);
                async move {
                    job.progress(40).await?;
                    end.notified().await;
                    Ok(())
                }
            })
    })
    .await;
    (app, end)
}

async fn a_failed_job_is_found_and_tried_again(backend: JobBackend) {
    let (app, _) = workshop(backend).await;
    let admin = app.admin("boss").await;
    let failed = add(&app, NewJob::new("broken", &"for good, with a secret")).await;
    let job = once(&admin, &failed, "failed").await;
    assert_eq!(
        (&job["kind"], &job["attempts"], &job["last_error"]),
        (&json!("broken"), &json!(1), &json!("a part is missing"))
    );
    assert!(job["finished_at"].is_string() && !job.to_string().contains("secret"), "{job}");
    let list = admin.get("/jobs?state=failed&kind=broken").await.expect(200);
    assert_eq!(each(&list, "id"), [json!(failed)]);
    assert!(!list.to_string().contains("secret"), "{list}");
    assert!(each(&admin.get("/jobs?state=completed").await.expect(200), "id").is_empty());
    assert!(each(&admin.get("/jobs?kind=other").await.expect(200), "id").is_empty());
    admin.get("/jobs?state=lost").await.expect_problem(400, "bad_request");

    let retried = admin.post(&format!("/jobs/{failed}/retry"), json!({})).await.expect(200);
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("waiting"), &json!(0)));
    once(&admin, &failed, "failed").await;

    // One that backs off does not have to wait.
    app.advance(Duration::from_millis(1));
    let delayed = add(&app, NewJob::new("broken", &"today")).await;
    let job = once(&admin, &delayed, "delayed").await;
    assert_eq!((&job["attempts"], &job["max_attempts"]), (&json!(1), &json!(8)));
    admin.post(&format!("/jobs/{delayed}/retry"), json!({})).await.expect(200);
    once(&admin, &delayed, "delayed").await;
    let newest = walk(&admin, "/jobs", 1, "id").await;
    assert_eq!(newest, [json!(delayed), json!(failed)]);
}

async fn what_is_being_done_is_left_alone(backend: JobBackend) {
    let (app, end) = workshop(backend).await;
    let admin = app.admin("boss").await;
    let long = add(&app, NewJob { keep: true, ..NewJob::new("long", &1) }).await;
    wait_for("some of it is done", async || {
        admin.get(&format!("/jobs/{long}")).await.expect(200)["progress"] == 40
    })
    .await;
    let path = format!("/jobs/{long}");
    once(&admin, &long, "active").await;
    admin.delete(&path).await.expect_problem(409, "job_active");
    let retry = format!("{path}/retry");
    admin.post(&retry, json!({})).await.expect_problem(409, "job_not_retryable");
    end.notify_one();
    assert_eq!(once(&admin, &long, "completed").await["progress"], 100);
    admin.post(&retry, json!({})).await.expect_problem(409, "job_not_retryable");
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_job_is_never_done() {
    let app = TestApp::start().await;
    let (admin, member) = (app.admin("boss").await, app.member("ada").await);
    let late = add_late_job(&app, &"words").await;
    let path = format!("/jobs/{late}");
    member.get("/jobs").await.expect_problem(403, "admins_only");
    member.get(&path).await.expect_problem(403, "admins_only");
    member.delete(&path).await.expect_problem(403, "admins_only");
    member.delete(&format!("/jobs/{}", Uuid::nil())).await.expect_problem(403, "admins_only");
    assert_eq!(admin.get(&path).await.expect(200)["state"], "delayed");
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.expect_problem(404, "not_found");
    admin.post(&format!("{path}/retry"), json!({})).await.expect_problem(404, "not_found");
    app.advance(DAY * 2);
    app.settled().await;
    let admin = app.sign_in(&admin.name).await;
    assert!(each(&admin.get("/jobs").await.expect(200), "id").is_empty());
    // Of an unknown kind: kept for a server that knows it, or dropped.
    let unknown = add(&app, NewJob::new("of tomorrow", &1)).await;
    once(&admin, &unknown, "parked").await;
    admin.delete(&format!("/jobs/{unknown}")).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_looks_after_jobs() {
    let installation = Installation::new("");
    let migrated = installation.run(&["migrate"], "").await;
    assert!(migrated.status.success(), "{migrated:?}");
    let db = Db::open(&installation.config()).await.unwrap();
    let now = gatherly::base::clock::Clock::system().now();
    let mut tx = db.begin().await.unwrap();
    let job = NewJob::new("work", &"a secret").not_before(now.plus(DAY));
    let failed = jobs::enqueue(&mut tx, job.clone(), now).await.unwrap().unwrap();
    let fail =
        "update jobs set state = 'failed', attempts = 8, last_error = 'no' || char(10) || 'way'
                where id = ?";
    tx.execute_one(statement(fail).bind(failed)).await.unwrap();
    let later = now.plus(Duration::from_millis(1));
    let late = jobs::enqueue(&mut tx, job, later).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    let run = async |arguments: &[&str]| {
        let output = installation.run(arguments, "").await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (failed, late) = (failed.to_string(), late.to_string());
    let (code, listed, _) = run(&["jobs", "list"]).await;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!((code, lines.len()), (Some(0), 2), "{listed}");
    assert!(lines[0].starts_with(&format!("{late} delayed     0 % 0/8 work ")), "{listed}");
    assert!(lines[1].starts_with(&format!("{failed} failed      0 % 8/8 work ")), "{listed}");
    assert!(lines[1].ends_with(r" no\nway") && !listed.contains("secret"), "{listed}");
    let (_, listed, _) = run(&["jobs", "list", "--state", "failed", "--kind", "work"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let (_, listed, _) = run(&["jobs", "list", "--before", &failed]).await;
    assert_eq!(listed, "");

    assert_eq!(run(&["jobs", "retry", &failed]).await.0, Some(0));
    let (_, listed, _) = run(&["jobs", "list", "--state", "waiting"]).await;
    assert!(listed.starts_with(&format!("{failed} waiting     0 % 0/8 work ")), "{listed}");
    let (code, _, told) = run(&["jobs", "retry", &failed]).await;
    assert!(code == Some(1) && told.contains("it is waiting"), "{told}");
    assert_eq!(run(&["jobs", "drop", &late]).await.0, Some(0));
    let (code, _, told) = run(&["jobs", "drop", &late]).await;
    assert!(code == Some(1) && told.contains("no such job"), "{told}");
    db.close().await;
}
