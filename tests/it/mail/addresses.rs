//! Confirming an address, and changing it.

use std::time::Duration;

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_confirmed_with_what_the_mail_says() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/me").await.expect(200)["verified"], false);
    let code = app.mail(ADA, "Confirm your address at 127.0.0.1").await.code();
    let path = format!("/email-verifications/{code}");
    // Looking at the link does nothing.
    app.client.get(&path).await.expect_problem(405, "method_not_allowed");
    assert_eq!(ada.get("/me").await.expect(200)["verified"], false);
    app.client.post(&path, json!({})).await.expect(204);
    let me = ada.get("/me").await.expect(200);
    assert_eq!((&me["verified"], &me["email"]), (&json!(true), &json!(ADA)));
    // Who clicks twice is told the same; nothing happens.
    app.client.post(&path, json!({})).await.expect(204);
    let again = ada.post("/email-verifications", json!({})).await;
    again.expect_problem(409, "email_verified");
    app.settled().await;
    assert_eq!(app.mails(ADA).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_a_day_and_for_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let code = app.mail(ADA, "Confirm").await.code();
    let reset = json!({"new_password": "another good one"});
    let wrong_use = app.client.post(&format!("/password-resets/{code}"), reset).await;
    wrong_use.expect_problem(404, "not_found");
    for bad in
        ["null", "undefined", "%00", "0", &code[1..], &format!("{code}x"), &"x".repeat(4_000)]
    {
        let reply = app.client.post(&format!("/email-verifications/{bad}"), json!({})).await;
        reply.expect_problem(404, "not_found");
    }
    app.advance(DAY);
    let path = format!("/email-verifications/{code}");
    app.client.post(&path, json!({})).await.expect_problem(404, "not_found");
    // Another mail has another.
    let ada = app.sign_in(&ada.name).await;
    ada.post("/email-verifications", json!({})).await.expect(202);
    app.settled().await;
    assert_ne!(app.mail(ADA, "Confirm").await.code(), code);
    app.verify(ADA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_accounts_once_it_is_confirmed() {
    let app = TestApp::start().await;
    app.member("ada").await;
    let eve = json!({"username": "eve", "email": "ADA@example.org", "password": PASSWORD});
    app.client.post("/accounts", eve).await.expect(201);
    app.settled().await;
    app.verify(ADA).await;
    let code = app.mail("ADA@example.org", "Confirm").await.code();
    let path = format!("/email-verifications/{code}");
    app.client.post(&path, json!({})).await.expect_problem(409, "email_taken");
    let eve = app.sign_in("eve").await;
    assert_eq!(eve.get("/me").await.expect(200)["verified"], false);
    // Who leaves gives it back.
    let ada = app.sign_in("ada").await;
    let leave = json!({"password": PASSWORD});
    ada.send(hyper::Method::DELETE, "/me", Some(leave)).await.expect(204);
    app.client.post(&path, json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_takes_over_when_it_is_confirmed() {
    let app = TestApp::start().await;
    let ada = app.verified("ada").await;
    let change = |email: &str, password: &str| json!({"email": email, "password": password});
    let new = "ada@example.net";
    ada.put("/me/email", change(new, "not this one"))
        .await
        .expect_invalid(&[("password", "wrong")]);
    ada.put("/me/email", change("nowhere", PASSWORD)).await.expect_invalid(&[("email", "email")]);
    ada.put("/me/email", change(ADA, PASSWORD)).await.expect_problem(409, "email_verified");
    let typo = "adda@example.net";
    ada.put("/me/email", change(typo, PASSWORD)).await.expect(202);
    let typo_code = app.mail(typo, "Confirm").await.code();
    ada.put("/me/email", change(new, PASSWORD)).await.expect(202);
    let me = ada.get("/me").await.expect(200);
    assert_eq!((&me["email"], &me["pending_email"]), (&json!(ADA), &json!(new)));
    // A link to the old address must not survive it.
    let reset = app.reset_code(ADA).await;
    app.verify(new).await;
    let me = ada.get("/me").await.expect(200);
    assert_eq!((&me["email"], &me["verified"]), (&json!(new), &json!(true)));
    assert!(me.get("pending_email").is_none(), "{me}");
    app.mail(ADA, "Your address was changed").await;
    let stale = app.client.post(&format!("/email-verifications/{typo_code}"), json!({})).await;
    stale.expect_problem(404, "not_found");
    let password = json!({"new_password": "another good one"});
    let stale = app.client.post(&format!("/password-resets/{reset}"), password).await;
    stale.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_approval_is_asked_when_it_is_given() {
    use gatherly::config::Registration;
    let app =
        TestApp::start_with(|config| config.accounts.registration = Registration::Approval).await;
    let boss = app.admin("boss").await;
    let ada = json!({"username": "ada", "email": ADA, "password": PASSWORD});
    app.client.post("/accounts", ada).await.expect(202);
    app.settled().await;
    assert!(app.mails(ADA).is_empty());
    let items = boss.get("/review-items").await.expect(200);
    let item = items["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/review-items/{item}/resolutions");
    boss.post(&path, json!({"resolution": "approve"})).await.expect(201);
    app.verify(ADA).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_buried_in_mail() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for _ in 0..5 {
        ada.post("/email-verifications", json!({})).await.expect(202);
    }
    // Nor by others, who learn nothing of it.
    for n in 0..5 {
        let other = json!({"username": format!("eve{n}"), "email": ADA, "password": PASSWORD});
        app.client.post("/accounts", other).await.expect(201);
    }
    app.settled().await;
    assert_eq!(app.mails(ADA).len(), 3);
    app.advance(Duration::from_mins(61));
    let ada = app.sign_in("ada").await;
    ada.post("/email-verifications", json!({})).await.expect(202);
    app.settled().await;
    assert_eq!(app.mails(ADA).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_is_limited() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    let ada = app.member("ada").await;
    for _ in 0..5 {
        ada.post("/email-verifications", json!({})).await.expect(202);
    }
    let one_more = ada.post("/email-verifications", json!({})).await;
    one_more.expect_problem(429, "too_many_requests");
    let other = json!({"email": "ada@example.net", "password": PASSWORD});
    ada.put("/me/email", other).await.expect_problem(429, "too_many_requests");
}
