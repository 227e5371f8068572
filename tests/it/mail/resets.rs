//! Setting a password again by mail.

use std::time::Duration;

use futures_util::future::join_all;
use gatherly::{
    base::secret::sha256,
    db::{Columns, statement},
};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, mariadb};

const ADA: &str = "ada@example.org";

fn new(password: &str) -> Value {
    json!({"new_password": password})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_again_once() {
    let app = TestApp::start().await;
    let ada = app.verified("ada").await;
    let unused = app.reset_code(ADA).await;
    app.advance(Duration::from_secs(1));
    let code = app.reset_code(ADA).await;
    assert_ne!(code, unused);
    let path = format!("/password-resets/{code}");
    app.client.get(&path).await.expect_problem(405, "method_not_allowed");
    let common = app.client.post(&path, new("password1")).await;
    common.expect_invalid(&[("new_password", "common")]);
    app.client.post(&path, new("another good one")).await.expect(204);
    ada.get("/me").await.expect_problem(401, "session_ended");
    let old = json!({"username": "ada", "password": PASSWORD});
    app.client.post("/sessions", old).await.expect_problem(401, "wrong_credentials");
    let sign_in = json!({"username": "ada", "password": "another good one"});
    app.client.post("/sessions", sign_in).await.expect(201);
    app.mail(ADA, "Your password was changed").await;
    // Neither it again, nor the other that was asked for.
    for code in [code, unused] {
        let reply = app.client.post(&format!("/password-resets/{code}"), new("a third one")).await;
        reply.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_sets_it() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    let path = format!("/password-resets/{}", app.reset_code(ADA).await);
    let passwords: Vec<String> = (0..6).map(|n| format!("another good one {n}")).collect();
    let replies =
        join_all(passwords.iter().map(|password| app.client.post(&path, new(password)))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 404).count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_is_refused_alike() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    let expired = app.reset_code(ADA).await;
    app.advance(Duration::from_mins(10));
    let of_another_kind = app.mail(ADA, "Confirm").await.code();
    let mut refusals = Vec::new();
    for code in [&expired, &of_another_kind, "null", "%20", "0", &"x".repeat(43)] {
        let path = format!("/password-resets/{code}");
        let mut problem =
            app.client.post(&path, new("another good one")).await.expect_problem(404, "not_found");
        problem["request_id"] = Value::Null;
        refusals.push(problem);
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    for body in [json!({}), json!({"new_password": null}), json!({"new_password": "x", "id": 1})] {
        let path = format!("/password-resets/{expired}");
        app.client.post(&path, body).await.expect_problem(400, "bad_request");
    }
    for path in ["/password-resets/", "/email-verifications/"] {
        app.client.post(path, new("another good one")).await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_tells_nobody_who_is_here() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    // Registered, and not confirmed: the address may be somebody else's.
    app.member("bob").await;
    app.settled().await;
    let mut answers = Vec::new();
    for address in [ADA, "bob@example.org", "nobody@example.org"] {
        let asked = app.client.post("/password-resets", json!({"email": address}));
        let (reply, statements) = app.statements(asked).await;
        let headers: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        answers.push((reply.status.as_u16(), reply.body.clone(), headers, statements));
        app.settled().await;
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, 202);
    assert_eq!(app.mails(ADA).len(), 2);
    assert_eq!(app.mails("bob@example.org").len(), 1);
    assert!(app.mails("nobody@example.org").is_empty());
    app.client
        .post("/password-resets", json!({"email": "x"}))
        .await
        .expect_invalid(&[("email", "email")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_to_the_address_as_it_was_confirmed() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    app.client.post("/password-resets", json!({"email": "ADA@EXAMPLE.ORG"})).await.expect(202);
    app.settled().await;
    app.mail(ADA, "Set another password").await;
    assert!(app.mails("ADA@EXAMPLE.ORG").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_is_limited_for_the_address_and_for_the_network() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    let ask = |address: String| {
        let client = app.client.clone();
        async move { client.post("/password-resets", json!({"email": address})).await }
    };
    for _ in 0..3 {
        ask("Nobody@example.org".to_owned()).await.expect(202);
    }
    ask("nobody@example.org".to_owned()).await.expect_problem(429, "too_many_requests");
    for n in 0..6 {
        ask(format!("nobody{n}@example.org")).await.expect(202);
    }
    ask("somebody@example.org".to_owned()).await.expect_problem(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_has_no_code_and_no_mail() {
    let app = TestApp::start().await;
    let ada = app.verified("ada").await;
    let code = app.reset_code(ADA).await;
    let leave = json!({"password": PASSWORD});
    ada.send(hyper::Method::DELETE, "/me", Some(leave)).await.expect(204);
    let reply = app.client.post(&format!("/password-resets/{code}"), new("another good one")).await;
    reply.expect_problem(404, "not_found");
    let count = "select (select count(*) from mail_tokens)
                      + (select count(*) from mails where account_id is not null) as rest";
    let row = app.app.db.optional(statement(count)).await.unwrap().unwrap();
    assert_eq!(row.value::<i64>("rest").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_stored() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    let boss = app.admin("boss").await;
    let code = app.reset_code(ADA).await;
    let jobs = boss.get("/jobs?limit=100").await.expect(200).to_string();
    assert!(!jobs.contains(&code) && !jobs.contains(ADA), "{jobs}");
    app.app.db.close().await;
    if mariadb::is_asked_for() {
        // Its files are not ours to read; what is written is the same.
        return;
    }
    let mut files = 0;
    for entry in std::fs::read_dir(&app.app.config.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("gatherly.db") {
            let bytes = std::fs::read(&path).unwrap();
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!has(code.as_bytes()), "{}", path.display());
            files += usize::from(has(&sha256(code.as_bytes())));
        }
    }
    assert!(files > 0, "its hash is there");
}
