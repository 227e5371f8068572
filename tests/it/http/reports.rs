//! Reports: who may file them, that they wait as one, and what settles them.

use serde_json::{Value, json};

use crate::{
    hooks::guest,
    support::{
        Person, TestApp,
        forum::{comment, each, id, post},
        policy,
    },
};

async fn report(person: &Person, kind: &str, target: &Value) -> crate::support::Reply {
    let body = json!({"kind": kind, "id": target["id"], "reason": format!("by {}", person.name)});
    person.post("/reports", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_one_thing_wait_as_one_item_that_rises() {
    let app = TestApp::start().await;
    let [ada, bob, cy] =
        [app.member("ada").await, app.member("bob").await, app.member("cyd").await];
    let root = app.admin("root").await;
    let [first, second] = [post(&app, &ada, "First").await, post(&app, &ada, "Second").await];
    let filed = report(&bob, "post", &first).await.expect(201);
    assert_eq!((&filed["kind"], &filed["target_id"]), (&json!("post"), &first["id"]));
    assert!(!filed.to_string().contains("First"), "nothing of the text: {filed}");
    report(&bob, "post", &first).await.expect_problem(409, "already_reported");
    report(&ada, "post", &first).await.expect_problem(409, "self_report");
    report(&cy, "post", &first).await.expect(201);
    app.advance(std::time::Duration::from_secs(1));
    report(&cy, "post", &second).await.expect(201);

    let items = root.get("/review-items?kind=report").await.expect(200);
    assert_eq!(each(&items, "target_id"), [first["id"].clone(), second["id"].clone()]);
    assert_eq!(each(&items, "priority"), [json!(1), json!(0)]);
    let item = &items["items"][0];
    let reasons: Vec<&Value> =
        item["reports"].as_array().unwrap().iter().map(|note| &note["reason"]).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.contains(&&json!("by bob")) && reasons.contains(&&json!("by cyd")));
    let walked = crate::support::forum::walk(&root, "/review-items?kind=report", 1, "id").await;
    assert_eq!(walked, each(&items, "id"));

    let settle = format!("/review-items/{}/resolutions", id(item));
    let settled = root.post(&settle, json!({"resolution": "remove"})).await.expect(201);
    assert_eq!(settled["state"], "removed");
    app.client.get(&format!("/posts/{}", id(&first))).await.expect_problem(404, "not_found");
    assert_eq!(ada.get(&format!("/posts/{}", id(&first))).await.expect(200)["state"], "removed");
    let log = root.get("/mod-actions").await.expect(200);
    assert_eq!(log["items"][0]["kind"], "remove");
    assert_eq!(log["items"][0]["target_id"], first["id"]);

    let other = root.get("/review-items?kind=report").await.expect(200);
    let dismiss = format!("/review-items/{}/resolutions", id(&other["items"][0]));
    root.post(&dismiss, json!({"resolution": "approve"})).await.expect(201);
    app.client.get(&format!("/posts/{}", id(&second))).await.expect(200);
    // Once settled, it can be reported again.
    report(&cy, "post", &second).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_seen_cannot_be_reported() {
    let app = TestApp::start().await;
    let (ada, bob, root) =
        (app.member("ada").await, app.member("bob").await, app.admin("root").await);
    let on = post(&app, &ada, "A title").await;
    let written = comment(&app, &ada, &on, "Words.").await;
    report(&bob, "comment", &written).await.expect(201);
    root.post(&format!("/comments/{}/removal", id(&written)), json!({})).await.expect(201);
    let items = root.get("/review-items?state=removed&kind=report").await.expect(200);
    assert_eq!(each(&items, "target_id"), [written["id"].clone()], "the removal settled it");
    let hidden = report(&bob, "comment", &written).await;
    let nothing =
        report(&bob, "comment", &json!({"id": "0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11"})).await;
    hidden.expect_problem(404, "not_found");
    nothing.expect_problem(404, "not_found");

    let account = json!({"kind": "account", "username": "ada", "reason": "Spam."});
    bob.post("/reports", account.clone()).await.expect(201);
    let items = root.get("/review-items?kind=report").await.expect(200);
    assert_eq!(items["items"][0]["author"], "ada");
    for (body, field) in [
        (json!({"kind": "account", "id": on["id"], "reason": "x"}), ("username", "kind")),
        (json!({"kind": "post", "username": "ada", "reason": "x"}), ("id", "kind")),
        (json!({"kind": "post", "id": on["id"], "reason": " "}), ("reason", "length")),
    ] {
        bob.post("/reports", body).await.expect_invalid(&[field]);
    }
    let unknown = json!({"kind": "account", "username": "nobody", "reason": "x"});
    bob.post("/reports", unknown).await.expect_problem(404, "not_found");
}

/// A policy on reports: what begins with `R` is refused, and what is not the
/// first of its target is counted with the newest that waits.
fn clerk() -> Vec<u8> {
    // The report is at 124: target, account, reason, and the list of open ones.
    let decide = format!(
        "(drop (block (result i32) {}))
         (i32.store8 (i32.const 1024) (i32.const 0))
         (if (i32.load offset=156 (local.get $in)) (then
            (i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store (i32.const 1028) (i32.load (i32.load offset=152 (local.get $in))))
            (i32.store (i32.const 1032) (i32.load offset=4 (i32.load offset=152 (local.get $in))))))
         (if (i32.eq (i32.load8_u (i32.load offset=144 (local.get $in))) (i32.const 82)) (then
            (i32.store8 (i32.const 1024) (i32.const 2))
            (i32.store (i32.const 1028) (i32.const 2048))
            (i32.store (i32.const 1032) (i32.const 9))))
         (i32.const 1024)",
        guest::answer(2, "no reason")
    );
    let world = "export gatherly:plugin/report-before-create@0.3.0;";
    guest::component(world, &guest::core("report-before-create", &decide, "")).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_refuses_reports_and_counts_them_with_others() {
    let app = TestApp::start().await;
    let [ada, bob, cy] =
        [app.member("ada").await, app.member("bob").await, app.member("cyd").await];
    let root = app.admin("root").await;
    let terms = json!({"mode": "enforce", "grants": {"modify": true}});
    policy::bind(&root, "clerk", clerk(), terms).await;
    let written = post(&app, &ada, "A title").await;
    let file = async |person: &Person, reason: &str| {
        app.advance(std::time::Duration::from_millis(1));
        let body = json!({"kind": "post", "id": written["id"], "reason": reason});
        person.post("/reports", body).await
    };
    let refused = file(&bob, "Rubbish").await.expect_problem(403, "rejected_by_policy");
    assert!(refused.to_string().contains("no reason"), "{refused}");
    assert_eq!(root.get("/review-items?kind=report").await.expect(200)["items"], json!([]));

    let first = file(&bob, "Spam.").await.expect(201);
    let second = file(&cy, "Spam, too.").await.expect(201);
    let items = root.get("/review-items?kind=report").await.expect(200);
    let [item] = items["items"].as_array().unwrap().as_slice() else { panic!("{items}") };
    let notes = item["reports"].as_array().unwrap();
    let into: Vec<&Value> = notes.iter().map(|note| &note["merged_into"]).collect();
    assert_eq!((notes.len(), into), (2, vec![&first["id"], &Value::Null]), "{second}");
    app.settled().await;
    let decisions = root.get("/decisions?plugin=clerk").await.expect(200);
    assert_eq!(each(&decisions, "verdict"), ["modify", "allow", "reject"]);
    // Told of the one, not of what was counted with it: so is who settles both.
    let settle = format!("/review-items/{}/resolutions", id(item));
    root.post(&settle, json!({"resolution": "approve"})).await.expect(201);
    assert_eq!(root.get("/review-items?kind=report").await.expect(200)["items"], json!([]));
}
