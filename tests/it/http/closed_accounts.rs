//! The name of somebody who leaves stays taken, and sanctions on them count on.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, TestApp};

const DAY: Duration = Duration::from_hours(24);

fn applicant(name: &str, email: &str) -> Value {
    json!({"username": name, "email": email, "password": PASSWORD})
}

async fn close(person: &Person) {
    let password = json!({"password": PASSWORD});
    person.send(Method::DELETE, "/me", Some(password)).await.expect(204);
}

async fn waiting(boss: &Person) -> Vec<Value> {
    let items = boss.get("/review-items?kind=account").await.expect(200);
    items["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_closed_account_stays_taken_until_an_admin_frees_it() {
    let app = TestApp::start().await;
    let (boss, ann) = (app.admin("boss").await, app.member("Famous-Ann").await);
    app.member("eve").await;
    close(&ann).await;
    for name in ["famous-ann", "FAMOUS-ANN", "Famous-Ann"] {
        let reply = app.client.post("/accounts", applicant(name, "eve@example.net")).await;
        reply.expect_problem(409, "username_taken");
    }
    let free = |name: &str, reason: &str| json!({"username": name, "reason": reason});
    let eve = app.sign_in("eve").await;
    let refused = eve.post("/released-names", free("famous-ann", "Mine.")).await;
    refused.expect_problem(403, "not_admin");
    let missing = boss.post("/released-names", free("famous-ann", " ")).await;
    missing.expect_invalid(&[("reason", "required")]);
    for name in ["eve", "nobody"] {
        let unknown = boss.post("/released-names", free(name, "Please.")).await;
        unknown.expect_invalid(&[("username", "unknown")]);
    }
    boss.post("/released-names", free("famous-ANN", "She is back.")).await.expect(204);
    let again = boss.post("/released-names", free("famous-ann", "She is back.")).await;
    again.expect_invalid(&[("username", "unknown")]);
    let log = boss.get("/mod-actions?kind=release_name").await.expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
    assert_eq!(log["items"][0]["reason"], "She is back.");
    assert_eq!(log["items"][0]["detail"], "famous-ann");
    let back = app.client.post("/accounts", applicant("famous-ann", "ann@example.net")).await;
    back.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_a_ban_waits_for_staff_who_see_why() {
    let app = TestApp::start().await;
    let (boss, eve) = (app.admin("boss").await, app.member("evader").await);
    let ban = json!({"username": "evader", "deeds": ["post"], "reason": "Spam in every thread."});
    let ban = boss.post("/bans", ban).await.expect(201);
    close(&eve).await;
    let taken = app.client.post("/accounts", applicant("evader", "evader@example.org")).await;
    taken.expect_problem(409, "username_taken");
    for (n, email) in
        ["evader@example.org", "EVADER@Example.Org", "evader+again@example.org"].iter().enumerate()
    {
        let reply = app.client.post("/accounts", applicant(&format!("other{n}"), email)).await;
        let held = reply.expect(202);
        assert_eq!(held["state"], "held");
        assert_eq!(held["reason"], "This account waits for an admin's decision.");
    }
    let items = waiting(&boss).await;
    assert_eq!(items.len(), 3);
    let why = items[0]["reason"].as_str().unwrap();
    assert!(why.contains("a ban from the site for ever (Spam in every thread.)"), "{why}");
    let sign_in = json!({"username": "other0", "password": PASSWORD});
    app.client.post("/sessions", sign_in).await.expect_problem(403, "account_held");
    // Others join as always.
    app.client.post("/accounts", applicant("bob", "bob@example.org")).await.expect(201);
    // Once nothing counts, the address is as any other.
    let id = ban["id"].as_str().unwrap();
    boss.delete(&format!("/bans/{id}")).await.expect(204);
    let email = "evader@example.org";
    app.client.post("/accounts", applicant("reformed", email)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_ban_a_strike_and_a_freed_name_count_as_well() {
    let app = TestApp::start().await;
    let boss = app.admin("boss").await;
    let mallory = app.member("mallory").await;
    let until = "2026-02-01T00:00:00Z";
    let ban = json!({"username": "mallory", "deeds": ["comment"], "until": until});
    boss.post("/communities/general/bans", ban).await.expect(201);
    close(&mallory).await;
    let trent = app.member("trent").await;
    boss.post("/warnings", json!({"username": "trent", "reason": "Rude."})).await.expect(201);
    close(&trent).await;
    for (name, email, why) in [
        ("new-one", "mallory@example.org", format!("a ban from the community until {until}")),
        ("new-two", "trent@example.org", "strikes: 1".to_owned()),
    ] {
        app.advance(Duration::from_secs(1));
        app.client.post("/accounts", applicant(name, email)).await.expect(202);
        let item = waiting(&boss).await.pop().unwrap();
        assert!(item["reason"].as_str().unwrap().contains(&why), "{item}");
    }
    let free = json!({"username": "trent", "reason": "Asked for."});
    boss.post("/released-names", free).await.expect(204);
    app.client.post("/accounts", applicant("trent", "t@example.net")).await.expect(202);
    // Bans end; what closed accounts are known by is forgotten with them.
    app.advance(40 * DAY);
    assert_eq!(app.app.accounts.forget_closed().await.unwrap(), 1);
    let email = "mallory@example.org";
    app.client.post("/accounts", applicant("new-three", email)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_in_good_standing_comes_back_as_anybody() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    close(&ada).await;
    app.client.post("/accounts", applicant("ada-two", "ada@example.org")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_that_stays_in_the_file_still_finds_closed_accounts() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let app = TestApp::start().await;
    let ann = app.member("ann").await;
    close(&ann).await;
    let made = std::fs::read_to_string(app.app.config.data_dir.join("signing-keys")).unwrap();
    let file = app.app.config.data_dir.join("my-keys");
    std::fs::write(&file, format!("{}\n{made}", STANDARD.encode([7; 32]))).unwrap();
    let configured = file.display().to_string();
    let app = app.restart_with(|config| config.sessions.signing_keys = configured).await;
    let taken = app.client.post("/accounts", applicant("ann", "eve@example.net")).await;
    taken.expect_problem(409, "username_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_somebody_who_was_refused_is_free() {
    use gatherly::config::Registration;
    let app =
        TestApp::start_with(|config| config.accounts.registration = Registration::Approval).await;
    let boss = app.admin("boss").await;
    app.client.post("/accounts", applicant("ada", "ada@example.org")).await.expect(202);
    let item = waiting(&boss).await.remove(0)["id"].as_str().unwrap().to_owned();
    let refuse = json!({"resolution": "remove"});
    boss.post(&format!("/review-items/{item}/resolutions"), refuse).await.expect(201);
    app.client.post("/accounts", applicant("ada", "ada@example.org")).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_cannot_leave() {
    let app = TestApp::start().await;
    let boss = app.admin("boss").await;
    let password = json!({"password": PASSWORD});
    let refused = boss.send(Method::DELETE, "/me", Some(password.clone())).await;
    refused.expect_problem(409, "last_admin");
    boss.get("/me").await.expect(200);
    app.admin("other").await;
    boss.send(Method::DELETE, "/me", Some(password)).await.expect(204);
}
