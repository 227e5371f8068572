//! What moderators do to content and accounts, and that policies are asked.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    hooks::guest::{answer, component, core},
    support::{
        Person, TestApp,
        forum::{comment, each, id, post, reply, try_comment},
        policy,
    },
};

struct Cast {
    app: TestApp,
    root: Person,
    maud: Person,
    max: Person,
    ada: Person,
    post: Value,
}

async fn start() -> Cast {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let [maud, max, ada] =
        [app.member("maud").await, app.member("max").await, app.member("ada").await];
    for name in ["maud", "max"] {
        let path = format!("/communities/general/moderators/{name}");
        root.put(&path, Value::Null).await.expect(204);
    }
    let post = post(&app, &ada, "A title").await;
    Cast { app, root, maud, max, ada, post }
}

/// A component that answers one hook with a case and a text.
fn judge(hook: &str, case: u8, text: &str) -> Vec<u8> {
    let world = format!("export gatherly:plugin/{hook}@0.3.0;");
    component(&world, &core(hook, &answer(case, text), "")).to_vec()
}

async fn bind(root: &Person, hook: &str, case: u8, text: &str) -> Value {
    // A name for each: time stands still, so none of two versions is the newer one.
    let name = format!("judge-{case}");
    policy::bind(root, &name, judge(hook, case, text), json!({"mode": "enforce"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_there_for_its_author_and_comes_back() {
    let Cast { app, root, maud, ada, post, .. } = start().await;
    let path = format!("/posts/{}", id(&post));
    let removal = format!("{path}/removal");
    ada.post(&removal, json!({})).await.expect_problem(403, "moderators_only");
    let done = maud.post(&removal, json!({"reason": "Off topic."})).await.expect(201);
    assert_eq!((&done["kind"], &done["actor"]), (&json!("remove"), &json!("maud")));
    maud.post(&removal, json!({})).await.expect_problem(409, "removed");
    app.client.get(&path).await.expect_problem(404, "not_found");
    let seen = ada.get(&path).await.expect(200);
    assert_eq!(seen["state"], "removed");
    assert_eq!(seen["moderation"]["message"], "Off topic.");
    assert_eq!(seen["moderation"]["removal_id"], done["id"]);
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 0);

    maud.delete(&removal).await.expect(204);
    maud.delete(&removal).await.expect_problem(409, "not_removed");
    assert_eq!(app.client.get(&path).await.expect(200)["state"], "published");
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 1);
    let log = maud.get("/mod-actions").await.expect(200);
    let kinds = each(&log, "kind");
    assert!(kinds.contains(&json!("restore")) && kinds.contains(&json!("remove")), "{kinds:?}");
    let removed = root.get("/mod-actions?kind=remove&community=general").await.expect(200);
    assert_eq!(removed["items"][0]["undone_by"], "maud");
    assert_eq!(each(&ada.get("/mod-actions").await.expect(200), "id"), Vec::<Value>::new());
    root.get("/mod-actions?kind=tickle").await.expect_invalid(&[("kind", "unknown")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_comment_leaves_its_thread_and_comes_back_to_it() {
    let Cast { app, maud, ada, post, .. } = start().await;
    let [top, alone] =
        [comment(&app, &ada, &post, "Top.").await, comment(&app, &ada, &post, "Alone.").await];
    reply(&app, &ada, (&post, &top), "Below.").await;
    let list = format!("/posts/{}/comments", id(&post));
    for written in [&top, &alone] {
        maud.post(&format!("/comments/{}/removal", id(written)), json!({})).await.expect(201);
    }
    let states = each(&app.client.get(&list).await.expect(200), "state");
    assert_eq!(states, [json!("removed"), json!("published")], "a tombstone holds the thread");
    for written in [&top, &alone] {
        maud.delete(&format!("/comments/{}/removal", id(written))).await.expect(204);
    }
    let listed = app.client.get(&list).await.expect(200);
    assert_eq!(each(&listed, "state"), vec![json!("published"); 3]);
    assert_eq!(each(&listed, "reply_count"), [json!(1), json!(0), json!(0)]);
    let seen = app.client.get(&format!("/posts/{}", id(&post))).await.expect(200);
    assert_eq!(seen["comment_count"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_close_a_post_or_the_thread_below_a_comment() {
    let Cast { app, maud, ada, post, .. } = start().await;
    let top = comment(&app, &ada, &post, "Top.").await;
    let below = reply(&app, &ada, (&post, &top), "Below.").await;
    let lock = format!("/comments/{}/lock", id(&top));
    for _ in 0..2 {
        maud.put(&lock, json!({})).await.expect(204);
    }
    for parent in [&top, &below] {
        let answered = try_comment(&app, &ada, (&post, Some(parent)), "More.").await;
        answered.expect_problem(409, "locked");
    }
    comment(&app, &ada, &post, "Beside.").await;
    assert_eq!(ada.get(&format!("/comments/{}", id(&top))).await.expect(200)["locked"], true);
    maud.delete(&lock).await.expect(204);
    reply(&app, &ada, (&post, &below), "More.").await;

    let lock = format!("/posts/{}/lock", id(&post));
    maud.put(&lock, json!({})).await.expect(204);
    try_comment(&app, &ada, (&post, None), "No.").await.expect_problem(409, "locked");
    maud.delete(&lock).await.expect(204);
    comment(&app, &ada, &post, "Yes.").await;
    let log = maud.get("/mod-actions").await.expect(200);
    let mut kinds = each(&log, "kind");
    kinds.retain(|kind| kind != "appoint_moderator");
    assert_eq!(kinds.len(), 4, "a lock that changes nothing is not logged: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_for_everybody_and_labels_for_those_who_moderate() {
    let Cast { app, maud, post, .. } = start().await;
    let path = format!("/posts/{}", id(&post));
    for label in ["spoiler", "seen-before"] {
        maud.put(&format!("{path}/labels/{label}"), Value::Null).await.expect(200);
    }
    let seen = app.client.get(&path).await.expect(200);
    assert_eq!(seen["marks"], json!(["spoiler"]));
    assert!(!seen.to_string().contains("seen-before"));
    let left = maud.delete(&format!("{path}/labels/spoiler")).await.expect(200);
    assert_eq!(left, json!({"labels": ["seen-before"]}));
    assert_eq!(app.client.get(&path).await.expect(200)["marks"], json!([]));
    let bad = maud.put(&format!("{path}/labels/Not%20One"), Value::Null).await;
    bad.expect_invalid(&[("label", "label")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_mode_makes_people_wait_between_two_comments() {
    let Cast { app, maud, ada, post, .. } = start().await;
    comment(&app, &ada, &post, "One.").await;
    for slow in [format!("/posts/{}/slow-mode", id(&post)), "/communities/general/slow-mode".into()]
    {
        maud.put(&slow, json!({"interval_seconds": 60})).await.expect(204);
        let refused = try_comment(&app, &ada, (&post, None), "Two.").await;
        refused.expect_problem(429, "slow_mode");
        assert_eq!(refused.headers["retry-after"], "60");
        try_comment(&app, &maud, (&post, None), "Mine.").await.expect(201);
        app.advance(Duration::from_mins(1));
        comment(&app, &ada, &post, "Later.").await;
        maud.delete(&slow).await.expect(204);
        comment(&app, &ada, &post, "At once.").await;
    }
    let slow = format!("/posts/{}/slow-mode", id(&post));
    let bad = maud.put(&slow, json!({"interval_seconds": 0})).await;
    bad.expect_invalid(&[("interval_seconds", "range")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_strikes_until_they_are_withdrawn() {
    let Cast { app, root, maud, ada, .. } = start().await;
    let warning = |name: &str| json!({"username": name, "community": "general", "reason": "Stop."});
    let given = maud.post("/warnings", warning("ada")).await.expect(201);
    let strikes = async || app.sign_in("ada").await.get("/me/warnings").await.expect(200);
    assert_eq!(each(&strikes().await, "reason"), [json!("Stop.")]);
    for (who, name, code) in [(&maud, "maud", "self_warning"), (&root, "maud", "moderates_there")] {
        who.post("/warnings", warning(name)).await.expect_problem(409, code);
    }
    ada.post("/warnings", warning("max")).await.expect_problem(403, "moderators_only");
    let on_site = json!({"username": "ada", "reason": "Stop."});
    maud.post("/warnings", on_site).await.expect_problem(403, "admins_only");
    let path = format!("/warnings/{}", id(&given));
    ada.delete(&path).await.expect_problem(404, "not_found");
    maud.delete(&path).await.expect(204);
    maud.delete(&path).await.expect_problem(409, "withdrawn");
    assert!(strikes().await["items"][0]["withdrawn_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_refuse_an_action_or_want_a_reason() {
    let Cast { app: _app, root, maud, post, .. } = start().await;
    let removal = format!("/posts/{}/removal", id(&post));
    let binding = bind(&root, "mod-action-before-apply", 1, "").await;
    maud.post(&removal, json!({})).await.expect_invalid(&[("reason", "reason_required")]);
    maud.post(&removal, json!({"reason": "Spam."})).await.expect(201);
    maud.delete(&removal).await.expect_invalid(&[("reason", "reason_required")]);
    root.delete(&format!("/plugin-bindings/{}", id(&binding))).await.expect(204);
    bind(&root, "mod-action-before-apply", 3, "not on Sundays").await;
    let refused = maud.delete(&removal).await.expect_problem(403, "rejected_by_policy");
    assert_eq!(refused["detail"], "not on Sundays");
    let decisions = root.get(&format!("/decisions?target={}", id(&post))).await.expect(200);
    assert_eq!(each(&decisions, "hook").len(), 4, "each was recorded: {decisions}");
    let waiting = root.get("/review-items").await.expect(200);
    assert_eq!(each(&waiting, "id"), Vec::<Value>::new(), "an action does not wait for review");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_may_need_a_second_moderator_within_a_day() {
    let Cast { app, root, maud, max, ada, post } = start().await;
    bind(&root, "mod-action-before-apply", 2, "two of you").await;
    let path = format!("/posts/{}", id(&post));
    let removal = format!("{path}/removal");
    for _ in 0..2 {
        let waits = maud.post(&removal, json!({})).await.expect(202);
        assert_eq!(
            (&waits["state"], &waits["message"]),
            (&json!("needs_second"), &json!("two of you"))
        );
    }
    app.advance(Duration::from_hours(25));
    let max = app.sign_in(&max.name).await;
    max.post(&removal, json!({})).await.expect(202);
    app.client.get(&path).await.expect(200);
    let maud = app.sign_in(&maud.name).await;
    maud.post(&removal, json!({})).await.expect(201);
    app.client.get(&path).await.expect_problem(404, "not_found");
    // Bans as well, and a new wish begins anew.
    let ban = json!({"username": ada.name, "deeds": ["vote"]});
    maud.post("/communities/general/bans", ban.clone()).await.expect(202);
    max.post("/communities/general/bans", ban.clone()).await.expect(201);
    max.post("/communities/general/bans", ban).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_decides_bans() {
    let Cast { app: _app, root, maud, .. } = start().await;
    // The verdict's text stands behind the largest of its cases: at 8.
    let refuse = "(i32.store8 (i32.const 2048) (i32.const 110))
        (i32.store8 (i32.const 1024) (i32.const 2))
        (i32.store (i32.const 1032) (i32.const 2048))
        (i32.store (i32.const 1036) (i32.const 1))
        (i32.const 1024)";
    // Longer than proposed, and on the whole site, which a moderator may not.
    let change = |scope: u8| {
        format!(
            "(i32.store8 (i32.const 1024) (i32.const 1))
             (i32.store8 (i32.const 1032) (i32.const 1))
             (i32.store8 (i32.const 1033) (i32.const {scope}))
             (i32.store8 (i32.const 1048) (i32.const 1))
             (i32.store8 (i32.const 1056) (i32.const 0))
             (i64.store (i32.const 1064) (i64.const 3600000))
             (i32.const 1024)"
        )
    };
    let world = "export gatherly:plugin/ban-decide@0.3.0;";
    let ban = json!({"username": "ada", "deeds": ["comment"]});
    for (name, decide) in [("refuse", refuse.to_owned()), ("local", change(1)), ("wide", change(2))]
    {
        let guest = component(world, &core("ban-decide", &decide, "")).to_vec();
        let terms = json!({"mode": "enforce", "grants": {"modify": true}});
        let binding = policy::bind(&root, name, guest, terms).await;
        let path = format!("/plugin-bindings/{}", id(&binding));
        let set = maud.post("/communities/general/bans", ban.clone()).await;
        if name == "refuse" {
            set.expect_problem(403, "rejected_by_policy");
        } else {
            let set = set.expect(201);
            assert_eq!(set["scope"], "community", "{name}");
        }
        root.delete(&path).await.expect(204);
    }
}
