//! How often passwords may be tried, by whom and from where.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, TestApp};

const HOME: &str = "192.0.2.7";

async fn start() -> TestApp {
    let app = TestApp::start_with(|config| {
        config.limits.enabled = true;
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    app.client.post_from(HOME, "/accounts", applicant("ada")).await.expect(201);
    app
}

fn applicant(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

async fn try_from(app: &TestApp, address: &str, name: &str, password: &str) -> Reply {
    let body = json!({"username": name, "password": password});
    app.client.post_from(address, "/sessions", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_wrong_passwords_do_not_lock_the_owner_out() {
    let app = start().await;
    try_from(&app, HOME, "ada", PASSWORD).await.expect(201);
    let tries = (0..1_000).map(|n| {
        let (app, address) = (&app, format!("198.51.100.{}", n % 100));
        async move { try_from(app, &address, "Ada", "not the password").await.status.as_u16() }
    });
    let tries: Vec<u16> = stream::iter(tries).buffer_unordered(20).collect().await;
    assert!(tries.iter().all(|status| matches!(status, 401 | 429)), "{tries:?}");
    // 5 for each network until strangers have used up 50, then 3 at most for each.
    let tried = tries.iter().filter(|status| **status == 401).count();
    assert!((50..=350).contains(&tried), "{tried}");
    try_from(&app, HOME, "ada", PASSWORD).await.expect(201);
    // The owner on a journey gets in as well.
    try_from(&app, "203.0.113.9", "ada", PASSWORD).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_for_an_account_and_a_network_together() {
    let app = start().await;
    for name in ["ada", "nobody"] {
        let stranger = "198.51.100.1";
        for _ in 0..5 {
            try_from(&app, stranger, name, "not the password").await.expect(401);
        }
        try_from(&app, stranger, name, PASSWORD).await.expect_problem(429, "too_many_requests");
        let upper = name.to_uppercase();
        try_from(&app, stranger, &upper, PASSWORD).await.expect_problem(429, "too_many_requests");
        try_from(&app, "198.51.100.2", name, "not the password").await.expect(401);
    }
    for n in 0..6 {
        try_from(&app, "198.51.100.1", &format!("name{n}"), "not it").await.expect(401);
    }
    // 20 for the whole network, whoever is tried.
    try_from(&app, "198.51.100.1", "another", "not it").await.expect(429);
    app.advance(Duration::from_mins(1));
    try_from(&app, "198.51.100.1", "ada", PASSWORD).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_too_long_are_counted_as_one_that_nobody_has() {
    let app = start().await;
    let long = "x".repeat(40);
    for n in 0..5 {
        let name = format!("{long}{n}");
        let reply = try_from(&app, "198.51.100.1", &name, "not the password").await;
        reply.expect_problem(401, "wrong_credentials");
    }
    try_from(&app, "198.51.100.1", &long, "not the password").await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_network_is_not_used_up_by_what_others_do_there() {
    let app = start().await;
    try_from(&app, HOME, "ada", PASSWORD).await.expect(201);
    // Somebody who shares the address uses up its tries at other accounts.
    for n in 0..30 {
        try_from(&app, HOME, &format!("name{n}"), "not it").await;
    }
    try_from(&app, HOME, "bob", "not it").await.expect_problem(429, "too_many_requests");
    for _ in 0..10 {
        try_from(&app, HOME, "ada", PASSWORD).await.expect(201);
    }
    // Brute force from there is bounded too.
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(try_from(&app, HOME, "ada", "not it").await.status.as_u16());
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_known_for_a_season_to_its_account_only_and_ipv6_by_its_subnet() {
    let app = start().await;
    app.client.post_from("203.0.113.1", "/accounts", applicant("bob")).await.expect(201);
    let (home, neighbour) = ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4");
    try_from(&app, home, "ada", PASSWORD).await.expect(201);
    let wrong = async |address: &str, name: &str| {
        let mut tried = 0;
        while try_from(&app, address, name, "not it").await.status == 401 {
            tried += 1;
        }
        tried
    };
    assert_eq!(wrong(neighbour, "ada").await, 20);
    assert_eq!(wrong(neighbour, "bob").await, 5);
    app.advance(Duration::from_hours(91 * 24));
    assert_eq!(wrong(neighbour, "ada").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_networks_used_last_are_known() {
    use gatherly::db::{Columns, statement};
    let app = start().await;
    for n in 0..25 {
        app.advance(Duration::from_mins(2));
        try_from(&app, &format!("203.0.113.{n}"), "ada", PASSWORD).await.expect(201);
    }
    let known = async || -> i64 {
        let count = statement("select count(*) as n from known_networks");
        app.app.db.optional(count).await.unwrap().unwrap().value("n").unwrap()
    };
    assert_eq!(known().await, 20);
    app.advance(Duration::from_hours(91 * 24));
    app.app.sessions.forget_ended().await.unwrap();
    assert_eq!(known().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_the_same_however_a_keyboard_composes_it() {
    let app = TestApp::start().await;
    let (composed, decomposed) = ("p\u{e4}ssw\u{f6}rd-7", "pa\u{308}sswo\u{308}rd-7");
    let body = json!({"username": "ada", "email": "ada@example.org", "password": composed});
    app.client.post("/accounts", body).await.expect(201);
    for typed in [composed, decomposed] {
        let body = json!({"username": "ada", "password": typed});
        app.client.post("/sessions", body).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_a_password_as_it_was_typed_is_made_anew_at_the_next_sign_in() {
    use argon2::{Argon2, PasswordHasher};
    use gatherly::db::statement;
    let app = TestApp::start().await;
    app.member("ada").await;
    let (composed, decomposed) = ("p\u{e4}ssw\u{f6}rd-7", "pa\u{308}sswo\u{308}rd-7");
    let old = Argon2::default().hash_password(decomposed.as_bytes()).unwrap().to_string();
    let mut tx = app.app.db.begin().await.unwrap();
    tx.execute(statement("update accounts set password_hash = ?").bind(old)).await.unwrap();
    tx.commit().await.unwrap();
    let sign_in = async |typed: &str| {
        let body = json!({"username": "ada", "password": typed});
        app.client.post("/sessions", body).await
    };
    sign_in(composed).await.expect_problem(401, "wrong_credentials");
    sign_in(decomposed).await.expect(201);
    sign_in(composed).await.expect(201);
}
