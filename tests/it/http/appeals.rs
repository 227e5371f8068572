//! Appeals: only who was struck, once; and what is granted is reversed.

use std::time::Duration;

use gatherly::db::statement;
use serde_json::{Value, json};

use crate::{
    hooks::guest,
    support::{
        Person, Reply, TestApp,
        forum::{comment, each, id, post, try_comment, try_post},
        policy::{bind, enforce_first_letter},
    },
};

async fn appeal(person: &Person, against: &str, subject: &Value) -> Reply {
    let body = json!({"against": against, "id": subject["id"], "text": "That was wrong."});
    person.post("/appeals", body).await
}

async fn decide(person: &Person, appeal: &Value, grant: bool) -> Reply {
    let path = format!("/appeals/{}/resolution", id(appeal));
    person.post(&path, json!({"grant": grant, "note": "Seen."})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_reversed() {
    let app = TestApp::start().await;
    let (root, maud) = (app.admin("root").await, app.member("maud").await);
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    root.put("/communities/general/moderators/maud", Value::Null).await.expect(204);
    let written = post(&app, &ada, "A title").await;
    let ban = json!({"username": "ada", "deeds": ["vote"]});
    let ban = maud.post("/communities/general/bans", ban).await.expect(201);
    let removal = format!("/posts/{}/removal", id(&written));
    let removal = maud.post(&removal, json!({"reason": "No."})).await.expect(201);
    let warning = json!({"username": "ada", "community": "general", "reason": "Stop."});
    let warning = maud.post("/warnings", warning).await.expect(201);

    for (against, subject) in [("ban", &ban), ("removal", &removal), ("warning", &warning)] {
        appeal(&bob, against, subject).await.expect_problem(404, "not_found");
        let made = appeal(&ada, against, subject).await.expect(201);
        assert_eq!((&made["state"], &made["community"]), (&json!("open"), &json!("general")));
        appeal(&ada, against, subject).await.expect_problem(409, "already_appealed");
        decide(&ada, &made, true).await.expect_problem(403, "staff_only");
        decide(&bob, &made, true).await.expect_problem(404, "not_found");
        // The moderator who did it does not decide about it.
        decide(&maud, &made, true).await.expect_problem(403, "own_matter");
        let decided = decide(&root, &made, true).await.expect(201);
        assert_eq!(
            (&decided["state"], &decided["decided_by"]),
            (&json!("granted"), &json!("root"))
        );
        decide(&root, &made, false).await.expect_problem(409, "already_decided");
        appeal(&ada, against, subject).await.expect_problem(409, "not_in_force");
    }
    app.client.get(&format!("/posts/{}", id(&written))).await.expect(200);
    assert_eq!(each(&ada.get("/me/bans").await.expect(200), "state"), [json!("lifted")]);
    assert!(ada.get("/me/warnings").await.expect(200)["items"][0]["withdrawn_at"].is_string());
    let own = ada.get("/appeals").await.expect(200);
    assert_eq!(own["items"].as_array().unwrap().len(), 3);
    assert!(own["items"][0].get("decided_by").is_none(), "staff answers as staff: {own}");
    assert_eq!(maud.get("/appeals").await.expect(200)["items"].as_array().unwrap().len(), 3);
    assert_eq!(each(&bob.get("/appeals").await.expect(200), "id"), Vec::<Value>::new());
    let log = root.get("/mod-actions").await.expect(200);
    // Three acts, their reversals, and the appointment of the moderator.
    assert_eq!(log["items"].as_array().unwrap().len(), 7, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_stands() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let warning = json!({"username": "ada", "reason": "Stop."});
    let warning = root.post("/warnings", warning).await.expect(201);
    let made = appeal(&ada, "warning", &warning).await.expect(201);
    let denied = decide(&root, &made, false).await.expect(201);
    assert_eq!((&denied["state"], &denied["note"]), (&json!("denied"), &json!("Seen.")));
    assert!(ada.get("/me/warnings").await.expect(200)["items"][0].get("withdrawn_at").is_none());
    appeal(&ada, "warning", &warning).await.expect_problem(409, "already_appealed");
    let long = json!({"against": "warning", "id": warning["id"], "text": "x".repeat(4_001)});
    ada.post("/appeals", long).await.expect_invalid(&[("text", "length")]);
}

/// The decision that refused a text, as its author is told, in the shape of what
/// can be appealed.
fn refusal(reply: &Reply) -> Value {
    let problem = reply.expect_problem(403, "rejected_by_policy");
    json!({"id": problem["decision_id"]})
}

/// A forum with a policy, an admin and two members.
async fn policed() -> (TestApp, Person, Person, Person) {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let bob = app.member("bob").await;
    enforce_first_letter(&root, "not here").await;
    (app, root, ada, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_post_is_published_as_its_author_s() {
    let (app, root, ada, bob) = policed().await;
    let refused = refusal(&try_post(&app, &ada, "A title", "Rude @bob, or not?").await);
    let decision = ada.get(&format!("/decisions/{}", id(&refused))).await.expect(200);
    assert_eq!(decision["verdict"], "reject");
    let path = format!("/posts/{}", decision["target_id"].as_str().unwrap());
    root.get(&path).await.expect_problem(404, "not_found");
    appeal(&bob, "rejection", &refused).await.expect_problem(404, "not_found");
    let made = appeal(&ada, "rejection", &refused).await.expect(201);
    assert_eq!(made["community"], "general");
    app.advance(Duration::from_mins(1));
    decide(&ada, &made, true).await.expect_problem(403, "staff_only");
    let decided = decide(&root, &made, true).await.expect(201);
    assert_eq!(decided["state"], "granted");
    decide(&root, &made, true).await.expect_problem(409, "already_decided");

    let seen = app.client.get(&path).await.expect(200);
    let text = (&seen["author"], &seen["title"], &seen["body"], &seen["state"]);
    let expected = ["ada", "A title", "Rude @bob, or not?", "published"].map(Value::from);
    assert_eq!(text, (&expected[0], &expected[1], &expected[2], &expected[3]));
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["post_count"], 1);
    app.settled().await;
    let mut told = each(&ada.get("/notifications").await.expect(200), "kind");
    told.sort_by_key(ToString::to_string);
    assert_eq!(told, ["approved", "notice"]);
    assert_eq!(each(&bob.get("/notifications").await.expect(200), "kind"), ["mention"]);
    appeal(&ada, "rejection", &refused).await.expect_problem(409, "not_in_force");
    let list = app.client.get("/posts").await.expect(200);
    assert_eq!(each(&list, "title"), ["A title"], "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_comments_and_edits_are_published() {
    let (app, root, ada, bob) = policed().await;
    let on = post(&app, &bob, "A title").await;
    let first = comment(&app, &bob, &on, "An answer").await;
    let answer = refusal(&try_comment(&app, &ada, (&on, Some(&first)), "Rude answer").await);
    let written = comment(&app, &ada, &on, "As it was").await;
    let path = format!("/comments/{}", id(&written));
    let edit = refusal(&ada.patch(&path, json!({"body": "Rude edit"})).await);
    let own = post(&app, &ada, "My title").await;
    let post_path = format!("/posts/{}", id(&own));
    let change = json!({"title": "New title", "body": "Rude body"});
    let change = refusal(&ada.patch(&post_path, change).await);
    app.advance(Duration::from_mins(1));
    for refused in [&answer, &edit, &change] {
        let made = appeal(&ada, "rejection", refused).await.expect(201);
        decide(&root, &made, true).await.expect(201);
    }
    assert_eq!(app.client.get(&path).await.expect(200)["body"], "Rude edit");
    let seen = app.client.get(&post_path).await.expect(200);
    assert_eq!((&seen["title"], &seen["body"]), (&json!("New title"), &json!("Rude body")));
    let thread = app.client.get(&format!("/posts/{}/comments", id(&on))).await.expect(200);
    assert_eq!(each(&thread, "body"), ["An answer", "Rude answer", "Rude edit"]);
    assert_eq!(thread["items"][1]["parent_id"], first["id"]);
    assert_eq!(thread["items"][0]["reply_count"], 1);
    app.settled().await;
    let mut told = each(&ada.get("/notifications").await.expect(200), "kind");
    told.sort_by_key(ToString::to_string);
    assert_eq!(told, [["approved"; 3], ["notice"; 3]].concat());
    assert_eq!(each(&bob.get("/notifications").await.expect(200), "kind"), ["reply"; 2]);
}

/// What cannot be published now is said, and can be granted later.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_published_leaves_the_appeal_open() {
    let (app, root, ada, bob) = policed().await;
    let on = post(&app, &bob, "A title").await;
    let lock = format!("/posts/{}/lock", id(&on));
    let refused = refusal(&try_comment(&app, &ada, (&on, None), "Rude").await);
    let made = appeal(&ada, "rejection", &refused).await.expect(201);
    root.put(&lock, json!({})).await.expect(204);
    decide(&root, &made, true).await.expect_problem(409, "locked");
    root.delete(&lock).await.expect(204);
    let ban = json!({"username": "ada", "deeds": ["comment"], "reason": "enough"});
    let ban = root.post("/communities/general/bans", ban).await.expect(201);
    let problem = decide(&root, &made, true).await.expect_problem(409, "author_forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("enough"), "{problem}");
    root.delete(&format!("/communities/general/bans/{}", id(&ban))).await.expect(204);
    let removal = format!("/posts/{}/removal", id(&on));
    root.post(&removal, json!({})).await.expect(201);
    let problem = decide(&root, &made, true).await;
    assert_eq!(problem.status.as_u16(), 409, "{}", problem.text());
    root.delete(&removal).await.expect(204);
    assert_eq!(each(&ada.get("/appeals").await.expect(200), "state"), ["open"]);
    decide(&root, &made, true).await.expect(201);

    // What its author changed since is not overwritten.
    let own = post(&app, &ada, "My title").await;
    let path = format!("/posts/{}", id(&own));
    let refused = refusal(&ada.patch(&path, json!({"body": "Rude"})).await);
    app.advance(Duration::from_secs(1));
    ada.patch(&path, json!({"body": "Another"})).await.expect(200);
    let made = appeal(&ada, "rejection", &refused).await.expect(201);
    decide(&root, &made, true).await.expect_problem(409, "changed_meanwhile");
    decide(&root, &made, false).await.expect(201);
    assert_eq!(app.client.get(&path).await.expect(200)["body"], "Another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_erased_is_not_published() {
    let (app, root, ada, _) = policed().await;
    let refused = refusal(&try_post(&app, &ada, "A title", "Rude.").await);
    let made = appeal(&ada, "rejection", &refused).await.expect(201);
    let mut tx = app.app.db.begin().await.unwrap();
    tx.execute(statement("update hook_events set input = null")).await.unwrap();
    tx.commit().await.unwrap();
    decide(&root, &made, true).await.expect_problem(409, "text_not_kept");
    assert_eq!(each(&ada.get("/appeals").await.expect(200), "state"), ["open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_refused_content_can_be_appealed() {
    let (app, root, ada, bob) = policed().await;
    let on = post(&app, &ada, "A title").await;
    let core = guest::core("vote-before-cast", &guest::answer(1, "not today"), "");
    let component = guest::component("export gatherly:plugin/vote-before-cast@0.3.0;", &core);
    bind(&root, "no-votes", component.to_vec(), json!({"mode": "enforce"})).await;
    let path = format!("/posts/{}/vote", id(&on));
    let problem = bob.put(&path, json!({"value": 1})).await;
    let problem = problem.expect_problem(403, "rejected_by_policy");
    assert!(problem.get("decision_id").is_none(), "{problem}");
    let decisions = root.get("/decisions?plugin=no-votes").await.expect(200);
    let vote = &decisions["items"][0];
    appeal(&bob, "rejection", vote).await.expect_problem(409, "not_appealable");
    appeal(&ada, "rejection", vote).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_that_appealed_is_told_how_the_appeal_was_decided() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let written = post(&app, &ada, "A title").await;
    let removal = format!("/posts/{}/removal", id(&written));
    let removal = root.post(&removal, json!({"reason": "No."})).await.expect(201);
    let warning = json!({"username": "ada", "reason": "Stop."});
    let warning = root.post("/warnings", warning).await.expect(201);
    for (against, subject, grant) in [("removal", &removal, false), ("warning", &warning, true)] {
        let made = appeal(&ada, against, subject).await.expect(201);
        decide(&root, &made, grant).await.expect(201);
        app.settled().await;
        app.advance(Duration::from_millis(1));
    }
    let told = ada.get("/notifications").await.expect(200);
    let notices: Vec<&Value> =
        told["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "notice").collect();
    let [granted, denied] = notices[..] else { panic!("{told}") };
    for (notice, word) in [(granted, "granted"), (denied, "denied")] {
        let expected = json!([
            {"name": "text", "value": format!("Your appeal was {word}.")},
            {"name": "reason", "value": "Seen."},
        ]);
        assert_eq!(notice["values"], expected);
        assert!(notice.get("actor").is_none(), "staff is not named");
    }
}
