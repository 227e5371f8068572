//! Signing in, staying signed in, signing out.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::TestApp;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_beginning_to_end() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let listed = ada.get("/sessions").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["current"], true);
    assert_eq!(listed["items"][0]["id"], ada.tokens["session_id"]);

    let elsewhere = app.sign_in("ada").await;
    let other = elsewhere.tokens["session_id"].as_str().unwrap();
    ada.delete(&format!("/sessions/{other}")).await.expect(204);
    elsewhere.get("/me").await.expect_problem(401, "session_ended");
    ada.delete(&format!("/sessions/{other}")).await.expect_problem(404, "not_found");

    ada.delete("/sessions/current").await.expect(204);
    let ended = ada.get("/me").await;
    ended.expect_problem(401, "session_ended");
    assert_eq!(ended.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    let anonymous = app.client.get("/me").await;
    anonymous.expect_problem(401, "no_token");
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
    let body = json!({"refresh_token": ada.tokens["refresh_token"]});
    app.client.post("/sessions/refresh", body).await.expect_problem(401, "invalid_refresh_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_sessions_of_others() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let session = ada.tokens["session_id"].as_str().unwrap();
    let foreign = eve.delete(&format!("/sessions/{session}")).await;
    foreign.expect_problem(404, "not_found");
    ada.get("/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_expires_and_is_renewed() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    app.advance(11 * MINUTE);
    ada.get("/me").await.expect_problem(401, "expired_token");
    let body = json!({"refresh_token": ada.tokens["refresh_token"]});
    let renewed = app.client.post("/sessions/refresh", body).await.expect(200);
    assert_eq!(renewed["session_id"], ada.tokens["session_id"]);
    assert_eq!(renewed["expires_in"], 600);
    let ada = app.client.with_token(renewed["access_token"].as_str().unwrap());
    ada.get("/me").await.expect(200);
    app.advance(31 * 24 * 60 * MINUTE);
    let body = json!({"refresh_token": renewed["refresh_token"]});
    app.client.post("/sessions/refresh", body).await.expect_problem(401, "invalid_refresh_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_refresh_token_ends_the_family_once_its_successor_was_used() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let refresh = async |token: &serde_json::Value| {
        app.client.post("/sessions/refresh", json!({"refresh_token": token})).await
    };
    let first = ada.tokens["refresh_token"].clone();
    let lost = refresh(&first).await.expect(200);
    app.advance(MINUTE);
    // The answer was lost on its way: the client asks again, and may.
    let second = refresh(&first).await.expect(200);
    assert_ne!(lost["refresh_token"], second["refresh_token"]);
    let third = refresh(&second["refresh_token"]).await.expect(200);
    app.advance(MINUTE);
    // Now somebody else has the first one.
    refresh(&first).await.expect_problem(401, "invalid_refresh_token");
    refresh(&third["refresh_token"]).await.expect_problem(401, "invalid_refresh_token");
    let owner = app.client.with_token(third["access_token"].as_str().unwrap());
    owner.get("/me").await.expect_problem(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_refreshes_of_one_token_leave_one_live_branch() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = json!({"refresh_token": ada.tokens["refresh_token"]});
    let replies =
        join_all((0..100).map(|_| app.client.post("/sessions/refresh", body.clone()))).await;
    let tokens: BTreeSet<String> =
        replies.iter().map(|reply| reply.expect(200)["refresh_token"].to_string()).collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    for reply in &replies {
        let token = reply.expect(200)["access_token"].as_str().unwrap().to_owned();
        app.client.with_token(&token).get("/me").await.expect(200);
    }
}

/// A tab of a browser, with tokens of its own.
struct Tab<'a> {
    app: &'a TestApp,
    tokens: serde_json::Value,
}

impl Tab<'_> {
    async fn refresh(&mut self) {
        let body = json!({"refresh_token": self.tokens["refresh_token"]});
        self.tokens = self.app.client.post("/sessions/refresh", body).await.expect(200);
        let token = self.tokens["access_token"].as_str().unwrap();
        self.app.client.with_token(token).get("/me").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_refresh_at_once_stay_signed_in() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let tab = || Tab { app: &app, tokens: ada.tokens.clone() };
    let (mut one, mut other) = (tab(), tab());
    for _ in 0..5 {
        tokio::join!(one.refresh(), other.refresh());
        app.advance(10 * MINUTE);
    }
    // One after the other, one of them twice.
    one.refresh().await;
    one.refresh().await;
    app.advance(Duration::from_secs(30));
    other.refresh().await;
    assert_eq!(one.tokens["refresh_token"], other.tokens["refresh_token"]);
    app.advance(MINUTE);
    other.refresh().await;
    one.refresh().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_who_uses_a_refresh_token_later_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let tab = || Tab { app: &app, tokens: ada.tokens.clone() };
    let (mut owner, mut thief) = (tab(), tab());
    owner.refresh().await;
    app.advance(MINUTE);
    thief.refresh().await;
    app.advance(MINUTE);
    let body = json!({"refresh_token": owner.tokens["refresh_token"]});
    app.client.post("/sessions/refresh", body).await.expect_problem(401, "invalid_refresh_token");
    let thief = app.client.with_token(thief.tokens["access_token"].as_str().unwrap());
    thief.get("/me").await.expect_problem(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_and_wrong_passwords_get_the_same_answer() {
    let app = TestApp::start().await;
    app.member("ada").await;
    let try_in = async |name: &str| {
        let body = json!({"username": name, "password": "not the password"});
        let mut problem =
            app.client.post("/sessions", body).await.expect_problem(401, "wrong_credentials");
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    assert_eq!(try_in("ada").await, try_in("nobody-of-that-name").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_are_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let good = ada.client.token.clone().unwrap();
    let [header, claims, signature]: [&str; 3] =
        good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let claims_json: serde_json::Value =
        serde_json::from_slice(&B64.decode(claims).unwrap()).unwrap();
    let header_json: serde_json::Value =
        serde_json::from_slice(&B64.decode(header).unwrap()).unwrap();
    let part = |value: &serde_json::Value| B64.encode(value.to_string());
    let with = |value: &serde_json::Value, key: &str, new: serde_json::Value| {
        let mut value = value.clone();
        value[key] = new;
        part(&value)
    };
    let mut bad = vec![
        String::new(),
        "x".into(),
        "..".into(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{signature}x"),
        format!("{header}.{claims}.{}", B64.encode([0; 32])),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{claims}.{header}.{signature}"),
        ada.tokens["refresh_token"].as_str().unwrap().to_owned(),
        "a".repeat(5_000),
    ];
    for alg in ["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        bad.push(format!("{}.{claims}.{signature}", with(&header_json, "alg", alg.into())));
        bad.push(format!("{}.{claims}.", with(&header_json, "alg", alg.into())));
    }
    for (key, value) in [
        ("kid", json!("../../etc/passwd")),
        ("kid", json!("")),
        ("kid", json!(7)),
        ("typ", json!("JWT")),
        ("typ", json!("refresh")),
    ] {
        bad.push(format!("{}.{claims}.{signature}", with(&header_json, key, value)));
    }
    for (key, value) in [
        ("exp", json!(9_999_999_999_i64)),
        ("nbf", json!(9_999_999_999_i64)),
        ("iss", json!("somebody")),
        ("aud", json!("something")),
        ("sub", json!("00000000-0000-0000-0000-000000000000")),
        ("sid", json!("00000000-0000-0000-0000-000000000000")),
    ] {
        bad.push(format!("{header}.{}.{signature}", with(&claims_json, key, value)));
    }
    assert!(bad.len() >= 30, "{}", bad.len());
    for token in bad {
        app.client.with_token(&token).get("/me").await.expect_problem(401, "invalid_token");
        // Nobody is let in as nobody, either.
        let visitor = app.client.with_token(&token).get("/accounts").await;
        visitor.expect_problem(401, "invalid_token");
    }
    ada.get("/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_may_be_configured_and_replaced() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = std::fs::read_to_string(app.app.config.data_dir.join("signing-keys")).unwrap();
    let file = app.app.config.data_dir.join("my-keys");
    let new = STANDARD.encode([7; 32]);
    // A new key signs, the old one still proves who signed in with it.
    std::fs::write(&file, format!("{new}\n{made}")).unwrap();
    let configured = file.display().to_string();
    let app = app.restart_with(|config| config.sessions.signing_keys = configured.clone()).await;
    let old = app.client.with_token(ada.client.token.as_deref().unwrap());
    old.get("/me").await.expect(200);
    let new_session = app.sign_in("ada").await;
    std::fs::write(&file, format!("{new}\n")).unwrap();
    let app = app.restart_with(|config| config.sessions.signing_keys = configured).await;
    let old = app.client.with_token(ada.client.token.as_deref().unwrap());
    old.get("/me").await.expect_problem(401, "invalid_token");
    let kept = app.client.with_token(new_session.client.token.as_deref().unwrap());
    kept.get("/me").await.expect(200);
}
