//! Appeals: only who was struck, once; and what is granted is reversed.

use serde_json::{Value, json};

use crate::support::{
    Person, TestApp,
    forum::{each, id, post},
};

async fn appeal(person: &Person, against: &str, subject: &Value) -> crate::support::Reply {
    let body = json!({"against": against, "id": subject["id"], "text": "That was wrong."});
    person.post("/appeals", body).await
}

async fn decide(person: &Person, appeal: &Value, grant: bool) -> crate::support::Reply {
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
        let decided = decide(&maud, &made, true).await.expect(201);
        assert_eq!(
            (&decided["state"], &decided["decided_by"]),
            (&json!("granted"), &json!("maud"))
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
    assert_eq!(log["items"].as_array().unwrap().len(), 6, "{log}");
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
