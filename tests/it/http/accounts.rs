//! Joining, telling of oneself, leaving.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::TestApp;

const PASSWORD: &str = "correct horse battery";

fn applicant(name: &str) -> serde_json::Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

#[tokio::test(flavor = "multi_thread")]
async fn register_and_look() {
    let app = TestApp::start().await;
    let reply = app.client.post("/accounts", applicant("Ada")).await;
    let me = reply.expect(201);
    assert_eq!(reply.headers["location"], "/api/v1/accounts/Ada");
    assert_eq!(me["account"]["role"], "member");
    assert_eq!(me["state"], "active");
    let seen = app.client.get("/accounts/ada").await.expect(200);
    assert_eq!(seen, me["account"]);
    assert!(seen.get("email").is_none());
    app.client.get("/accounts/nobody").await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_one_persons_whatever_its_case_and_looks() {
    let app = TestApp::start().await;
    app.client.post("/accounts", applicant("Paul0")).await.expect(201);
    for name in ["paul0", "PAUL0", "pau10", "PauIO", "paulo"] {
        app.client.post("/accounts", applicant(name)).await.expect_problem(409, "username_taken");
    }
    let replies = join_all((0..8).map(|_| app.client.post("/accounts", applicant("racer")))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 409).count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_not_told() {
    let app = TestApp::start().await;
    app.client.post("/accounts", applicant("ada")).await.expect(201);
    let body = json!({"username": "eve", "email": "ada@example.org", "password": PASSWORD});
    app.client.post("/accounts", body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_is_told_at_once() {
    let app = TestApp::start().await;
    let body = json!({"username": "a b", "email": "nowhere", "password": "password"});
    app.client.post("/accounts", body).await.expect_invalid(&[
        ("username", "characters"),
        ("email", "email"),
        ("password", "common"),
    ]);
    for body in [
        json!({}),
        json!([]),
        json!({"username": 7, "email": "a@b.co", "password": PASSWORD}),
        json!({"username": "ada", "email": "a@b.co", "password": PASSWORD, "role": "admin"}),
        json!({"username": "ada", "email": "a@b.co", "password": PASSWORD, "id": "x"}),
    ] {
        app.client.post("/accounts", body).await.expect_problem(400, "bad_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_listed_page_by_page() {
    let app = TestApp::start().await;
    for name in ["delta", "alpha", "charlie", "bravo", "alto"] {
        app.client.post("/accounts", applicant(name)).await.expect(201);
    }
    let names = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["username"].as_str().unwrap().to_owned()).collect()
    };
    let first = app.client.get("/accounts?limit=3").await.expect(200);
    assert_eq!(names(&first), ["alpha", "alto", "bravo"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app.client.get(&format!("/accounts?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(names(&rest), ["charlie", "delta"]);
    assert!(rest.get("next_cursor").is_none());
    let found = app.client.get("/accounts?query=AL").await.expect(200);
    assert_eq!(names(&found), ["alpha", "alto"]);
    app.client.get("/accounts?limit=0").await.expect_invalid(&[("limit", "range")]);
    app.client.get("/accounts?limit=101").await.expect_invalid(&[("limit", "range")]);
    app.client.get("/accounts?cursor=%00").await.expect_invalid(&[("cursor", "cursor")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let elsewhere = app.sign_in("ada").await;
    let change =
        |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let wrong = ada.put("/me/password", change("not this one", "another good one")).await;
    wrong.expect_invalid(&[("current_password", "wrong")]);
    let common = ada.put("/me/password", change(PASSWORD, "password1")).await;
    common.expect_invalid(&[("new_password", "common")]);
    ada.put("/me/password", change(PASSWORD, "another good one")).await.expect(204);
    ada.get("/me").await.expect(200);
    elsewhere.get("/me").await.expect_problem(401, "session_ended");
    let old = json!({"username": "ada", "password": PASSWORD});
    app.client.post("/sessions", old).await.expect_problem(401, "wrong_credentials");
    let new = json!({"username": "ada", "password": "another good one"});
    app.client.post("/sessions", new).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_erases_name_address_and_password() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    ada.patch("/me", json!({"bio": "I was here."})).await.expect(200);
    let wrong = json!({"password": "not this one"});
    ada.send(hyper::Method::DELETE, "/me", Some(wrong))
        .await
        .expect_invalid(&[("password", "wrong")]);
    let right = json!({"password": PASSWORD});
    ada.send(hyper::Method::DELETE, "/me", Some(right)).await.expect(204);
    ada.get("/me").await.expect_problem(401, "session_ended");
    app.client.get("/accounts/ada").await.expect_problem(404, "not_found");
    let again = json!({"username": "ada", "password": PASSWORD});
    app.client.post("/sessions", again).await.expect_problem(401, "wrong_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_by_admins_and_take_effect_at_once() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("boss").await, app.member("ada").await);
    let admin = json!({"role": "admin"});
    ada.put("/accounts/ada/role", admin.clone()).await.expect_problem(403, "not_admin");
    root.put("/accounts/nobody/role", admin.clone()).await.expect_problem(404, "not_found");
    root.put("/accounts/boss/role", json!({"role": "member"}))
        .await
        .expect_problem(409, "own_role");
    assert_eq!(root.put("/accounts/ada/role", admin).await.expect(200)["role"], "admin");
    ada.get("/me").await.expect_problem(401, "session_ended");
    let ada = app.sign_in("ada").await;
    assert_eq!(ada.get("/me").await.expect(200)["account"]["role"], "admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forum_may_be_closed_or_ask_an_admin_first() {
    use gatherly::config::Registration;
    let app =
        TestApp::start_with(|config| config.accounts.registration = Registration::Closed).await;
    let refused = app.client.post("/accounts", applicant("ada")).await;
    refused.expect_problem(403, "registration_closed");
    let app =
        app.restart_with(|config| config.accounts.registration = Registration::Approval).await;
    let held = app.client.post("/accounts", applicant("ada")).await.expect(202);
    assert_eq!(held["state"], "held");
    assert_eq!(held["reason"], "New accounts are approved by an admin.");
    let sign_in = json!({"username": "ada", "password": PASSWORD});
    app.client.post("/sessions", sign_in).await.expect_problem(403, "account_held");
    app.client.get("/accounts/ada").await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_is_limited_for_the_network() {
    let app = TestApp::start_with(|config| config.limits.enabled = true).await;
    for n in 0..10 {
        let reply = app.client.post("/accounts", applicant(&format!("name{n}"))).await;
        reply.expect(201);
    }
    let one_more = app.client.post("/accounts", applicant("onemore")).await;
    one_more.expect_problem(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_may_need_an_account() {
    let app = TestApp::start_with(|config| config.forum.public_read = false).await;
    app.client.get("/accounts").await.expect_problem(401, "no_token");
    let ada = app.member("ada").await;
    ada.get("/accounts").await.expect(200);
}
