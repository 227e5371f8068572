//! Mails of what somebody has not read.

use std::time::Duration;

use futures_util::future::join_all;
use hyper::{Method, body::Bytes};
use serde_json::json;

use crate::{
    hooks::guest,
    support::{Mail, Person, TestApp, forum, policy},
};

const ADA: &str = "ada@example.org";
const WINDOW: Duration = Duration::from_hours(24);

fn digests(app: &TestApp) -> Vec<Mail> {
    let is_digest = |mail: &Mail| mail.header("Subject").starts_with("What you have not read");
    app.mails(ADA).into_iter().filter(is_digest).collect()
}

/// Lets a window go by, and makes what is due.
async fn next_window(app: &TestApp) {
    app.settled().await;
    app.advance(WINDOW);
    app.app.mailing.digests.make_due().await.unwrap();
    app.settled().await;
}

/// Somebody who wants digests and wrote a post, and somebody who answers.
async fn people(app: &TestApp) -> (Person, Person) {
    let (ada, bob) = (app.verified("ada").await, app.member("b.ob").await);
    ada.put("/me/digest", json!({"wanted": true})).await.expect(200);
    (ada, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_it_is_told_what_is_new_once_in_a_window() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.verified("ada").await, app.member("b.ob").await);
    let post = forum::post(&app, &ada, "See evil.example, <b>now</b>").await;
    forum::comment(&app, &bob, &post, "Before.").await;
    assert_eq!(
        ada.get("/me/digest").await.expect(200),
        json!({"wanted": false, "every_hours": 24})
    );
    next_window(&app).await;
    assert!(digests(&app).is_empty(), "nobody asked for it");

    let (ada, bob) = (app.sign_in("ada").await, app.sign_in("b.ob").await);
    for _ in 0..2 {
        let wanted = ada.put("/me/digest", json!({"wanted": true})).await.expect(200);
        assert_eq!(wanted, json!({"wanted": true, "every_hours": 24}));
    }
    forum::comment(&app, &bob, &post, "After.").await;
    forum::comment(&app, &bob, &post, "And @ada again.").await;
    app.settled().await;
    app.app.mailing.digests.make_due().await.unwrap();
    app.settled().await;
    assert!(digests(&app).is_empty(), "the window is not over");
    next_window(&app).await;
    let found = digests(&app);
    assert_eq!(found.len(), 1);
    let answered = "- “b·ob” answered you in “See evil·example, <b>now<∕b>”.";
    assert_eq!(found[0].text.matches(answered).count(), 2, "{}", found[0].text);
    assert!(!found[0].html.contains("<b>"), "{}", found[0].html);
    // What was told is not told again.
    next_window(&app).await;
    assert_eq!(digests(&app).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_or_may_not_be_seen_any_more_is_in_none() {
    let app = TestApp::start().await;
    let (ada, bob) = people(&app).await;
    let boss = app.admin("boss").await;
    let (seen, hidden) =
        (forum::post(&app, &ada, "Seen").await, forum::post(&app, &bob, "zqhidden").await);
    forum::comment(&app, &bob, &seen, "Read.").await;
    app.settled().await;
    let list = ada.get("/notifications").await.expect(200);
    let ids: Vec<_> = forum::each(&list, "id");
    ada.post("/notifications/read", json!({"ids": ids})).await.expect(204);
    forum::comment(&app, &bob, &hidden, "For @ada.").await;
    forum::comment(&app, &bob, &seen, "Not read.").await;
    app.settled().await;
    boss.post(&format!("/posts/{}/removal", forum::id(&hidden)), json!({})).await.expect(201);
    next_window(&app).await;
    let found = digests(&app);
    assert_eq!(found.len(), 1);
    assert!(!found[0].text.contains("zqhidden"), "{}", found[0].text);
    assert_eq!(found[0].text.matches("answered you in “Seen”").count(), 1, "{}", found[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_ends_them() {
    let app = TestApp::start().await;
    let (ada, bob) = people(&app).await;
    let post = forum::post(&app, &ada, "A word").await;
    forum::comment(&app, &bob, &post, "New.").await;
    next_window(&app).await;
    let mail = digests(&app).remove(0);
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let link = mail.header("List-Unsubscribe").trim_matches(['<', '>']).to_owned();
    let code = link.rsplit('/').next().unwrap();
    assert!(mail.text.contains(&format!("/end-digests#{code}\n")), "{}", mail.text);
    let path = format!("/digest-unsubscriptions/{code}");
    assert_eq!(link, app.client.url(&path));
    // Machines look at every link in a mail.
    app.client.get(&path).await.expect_problem(405, "method_not_allowed");
    let ada = app.sign_in(&ada.name).await;
    assert_eq!(ada.get("/me/digest").await.expect(200)["wanted"], true);
    // What mail programs send, without a session.
    let click = Bytes::from("List-Unsubscribe=One-Click");
    let form = Some("application/x-www-form-urlencoded");
    app.client.send_bytes(Method::POST, &path, form, click).await.expect(204);
    app.client.post(&path, json!({})).await.expect_problem(404, "not_found");
    assert_eq!(ada.get("/me/digest").await.expect(200)["wanted"], false);
    forum::comment(&app, &app.sign_in(&bob.name).await, &post, "Newer.").await;
    next_window(&app).await;
    assert_eq!(digests(&app).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_has_one_however_often_the_server_breaks_off() {
    let mut app = TestApp::start().await;
    let (ada, bob) = people(&app).await;
    let post = forum::post(&app, &ada, "A word").await;
    forum::comment(&app, &bob, &post, "New.").await;
    app.settled().await;
    app.advance(WINDOW);
    for _ in 0..10 {
        let all = join_all((0..4).map(|_| app.app.mailing.digests.make_due())).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        app = app.restart_with(|_| {}).await;
    }
    app.settled().await;
    assert_eq!(digests(&app).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_not_confirmed_gets_none() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    ada.put("/me/digest", json!({"wanted": true})).await.expect(200);
    let post = forum::post(&app, &ada, "A word").await;
    forum::comment(&app, &bob, &post, "New.").await;
    next_window(&app).await;
    assert!(digests(&app).is_empty());
}

/// Drops replies on their way by mail, and nothing else.
fn no_replies_by_mail() -> Vec<u8> {
    // The kind and the channel stand behind the id, which is at 128.
    let decide = "
        (if (i32.and
            (i32.eq (i32.load8_u offset=137 (local.get $in)) (i32.const 1))
            (i32.eqz (i32.load8_u offset=136 (local.get $in))))
          (then (i32.store8 (i32.const 1024) (i32.const 2))))
        (i32.const 1024)";
    let world = "export gatherly:plugin/notification-before-send@0.3.0;";
    guest::component(world, &guest::core("notification-before-send", decide, "")).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_does_not_tell_what_a_policy_dropped() {
    let app = TestApp::start().await;
    let (ada, bob) = people(&app).await;
    let boss = app.admin("boss").await;
    policy::bind(&boss, "usher", no_replies_by_mail(), json!({"mode": "enforce"})).await;
    let (hers, his) =
        (forum::post(&app, &ada, "zqhers").await, forum::post(&app, &bob, "zqhis").await);
    forum::comment(&app, &bob, &hers, "An answer.").await;
    forum::comment(&app, &bob, &his, "What does @ada say?").await;
    app.settled().await;
    assert_eq!(ada.get("/notifications").await.expect(200)["unread"], 2);
    next_window(&app).await;
    let found = digests(&app);
    assert_eq!(found.len(), 1);
    assert!(found[0].text.contains("wrote your name in “zqhis”"), "{}", found[0].text);
    assert!(!found[0].text.contains("zqhers"), "{}", found[0].text);
    // What was dropped is on record.
    let boss = app.sign_in("boss").await;
    let decisions = boss.get("/decisions?plugin=usher&verdict=reject").await.expect(200);
    assert_eq!(decisions["items"].as_array().unwrap().len(), 1, "{decisions}");
    // A digest of nothing is not sent.
    let bob = app.sign_in("b.ob").await;
    forum::comment(&app, &bob, &hers, "Another answer.").await;
    next_window(&app).await;
    assert_eq!(digests(&app).len(), 1);
}
