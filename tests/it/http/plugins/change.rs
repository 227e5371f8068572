//! Changing what is at work: live, undone, by others, after a restart.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use gatherly::hooks::Merged;
use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::{
    another_version, bind, binding_path, echo, judge, rejected, upload, verdict, with_echo,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_at_work_at_once_and_can_be_undone() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let first = judge(&app).await.unwrap();
    assert_eq!(Some(first.verdict), Some(rejected("pears")));

    let changed = admin.patch(&path, json!({"settings": "plums"})).await.expect(200);
    assert_eq!(changed["revision"], 2);
    assert_eq!(changed["previous"][0]["settings_hash"], binding["settings_hash"]);
    let second = judge(&app).await.unwrap();
    assert_eq!(Some(second.verdict), Some(rejected("plums")));
    assert_eq!(*second.decisions[0].settings_hash, *changed["settings_hash"].as_str().unwrap());
    assert_ne!(second.decisions[0].settings_hash, first.decisions[0].settings_hash);

    let rolled_back = admin.send(Method::POST, &format!("{path}/rollback"), None).await.expect(200);
    assert_eq!(rolled_back["revision"], 3);
    assert_eq!(rolled_back["settings"], "pears");
    assert_eq!(verdict(&app).await, Some(rejected("pears")));

    // By its number, too; what is not among the last three is not there.
    let rollback = format!("{path}/rollback/2");
    let rolled_back = admin.send(Method::POST, &rollback, None).await.expect(200);
    assert_eq!((&rolled_back["revision"], &rolled_back["settings"]), (&json!(4), &json!("plums")));
    assert_eq!(verdict(&app).await, Some(rejected("plums")));
    for unknown in [4, 5, 0] {
        let rollback = format!("{path}/rollback/{unknown}");
        let reply = admin.send(Method::POST, &rollback, None).await;
        reply.expect_problem(409, "no_previous_revision");
    }
    admin.patch(&path, json!({"priority": 1})).await.expect(200);
    let reply = admin.send(Method::POST, &format!("{path}/rollback/1"), None).await;
    reply.expect_problem(409, "no_previous_revision");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_another_digest_in_the_record() {
    let (app, admin, binding) = with_echo().await;
    app.advance(Duration::from_secs(1));
    let newer =
        upload(&admin, "/plugins?name=echo", another_version(echo(), b'2')).await.expect(201);
    assert_ne!(newer["digest"], binding["digest"]);
    let change = json!({"digest": newer["digest"]});
    let changed = admin.patch(&binding_path(&binding), change).await.expect(200);
    assert_eq!(changed["digest"], newer["digest"]);
    let outcome = judge(&app).await.unwrap();
    assert_eq!(*outcome.decisions[0].digest, *newer["digest"].as_str().unwrap());
    // The newest is what is bound when nothing else is said.
    let second = bind(&admin, json!({"plugin": "echo", "settings": "figs"})).await;
    assert_eq!(second["digest"], newer["digest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_changes_nothing() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let bad = json!({"settings": "bad", "mode": "off", "priority": 7});
    admin.patch(&path, bad).await.expect_invalid(&[("settings", "configure-refused")]);
    let bad = json!({"digest": "f".repeat(64)});
    admin.patch(&path, bad).await.expect_invalid(&[("digest", "unknown")]);
    let mut now = admin.get(&path).await.expect(200);
    now["candidate"] = binding["candidate"].clone();
    assert_eq!(now, binding, "but for what was refused");
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
    let rollback = format!("{path}/rollback");
    let reply = admin.send(Method::POST, &rollback, None).await;
    reply.expect_problem(409, "no_previous_revision");
    let unknown = format!("/plugin-bindings/{}", Uuid::now_v7());
    admin.patch(&unknown, json!({"mode": "off"})).await.expect_problem(404, "not_found");
    admin.delete(&unknown).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_one_loses() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let (one, two) = tokio::join!(
        admin.patch(&path, json!({"settings": "plums"})),
        admin.patch(&path, json!({"settings": "figs"})),
    );
    let now = admin.get(&path).await.expect(200);
    for reply in [&one, &two] {
        if reply.status == 409 {
            reply.expect_problem(409, "binding_changed");
        } else {
            reply.expect(200);
        }
    }
    assert_eq!(verdict(&app).await, Some(rejected(now["settings"].as_str().unwrap())));
    let successes = [&one, &two].iter().filter(|reply| reply.status == 200).count();
    assert!(successes >= 1);
    assert_eq!(now["revision"], 1 + successes);
}

/// What writers who never pause are told while the policy is changed under them.
#[tokio::test(flavor = "multi_thread")]
async fn each_comment_is_judged_by_exactly_one_policy_while_they_change() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    admin.patch(&path, json!({"mode": "off"})).await.expect(200);
    let ada = app.member("ada").await;
    let post = json!({"community": "general", "title": "A post"});
    let post = ada.post("/posts", post).await.expect(201);
    let comments = format!("/posts/{}/comments", post["id"].as_str().unwrap());
    admin.patch(&path, json!({"mode": "enforce"})).await.expect(200);

    let done = AtomicBool::new(false);
    let writer = async || {
        let mut reasons = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let reply = ada.post(&comments, json!({"body": "Hello"})).await;
            let problem = reply.expect_problem(403, "rejected_by_policy");
            reasons.push(problem["detail"].as_str().unwrap().to_owned());
        }
        reasons
    };
    let swapper = async {
        let mut hashes = HashMap::from([(binding["settings_hash"].clone(), "pears")]);
        for settings in ["plums", "pears"].into_iter().cycle().take(20) {
            let change = json!({"settings": settings});
            let changed = admin.patch(&path, change).await.expect(200);
            hashes.insert(changed["settings_hash"].clone(), settings);
        }
        done.store(true, Ordering::Relaxed);
        hashes
    };
    let (hashes, one, two) = tokio::join!(swapper, writer(), writer());
    for reason in ["pears", "plums"] {
        assert!(one.iter().chain(&two).any(|told| told == reason), "{reason} was never at work");
    }
    // What is on record as the deciding settings is what gave the reason.
    let (mut recorded, mut query) = (0, "/decisions?limit=100".to_owned());
    loop {
        let page = admin.get(&query).await.expect(200);
        for record in page["items"].as_array().unwrap() {
            recorded += 1;
            assert_eq!(record["message"], hashes[&record["staff"]["settings_hash"]]);
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/decisions?limit=100&cursor={cursor}");
    }
    assert_eq!(recorded, one.len() + two.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_survive_a_restart() {
    let (app, _admin, binding) = with_echo().await;
    let app = app.restart_with(|_| {}).await;
    let admin = app.sign_in("root").await;
    assert_eq!(admin.get(&binding_path(&binding)).await.expect(200), binding);
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_be_loaded_shows_why_and_its_failure_mode_applies() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let fails = json!({"failure_mode": "closed"});
    admin.patch(&path, fails).await.expect(200);
    let mut tx = app.app.db.begin().await.unwrap();
    let damage = "update plugin_versions set component = x'00'";
    tx.execute(gatherly::db::statement(damage)).await.unwrap();
    tx.commit().await.unwrap();

    let app = app.restart_with(|_| {}).await;
    let admin = app.sign_in(&admin.name).await;
    let failed = admin.get(&path).await.expect(200);
    assert_eq!(failed["state"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("damaged"), "{failed}");
    assert_eq!(verdict(&app).await, Some(Merged::Unavailable));
    // It can be made harmless and switched off, but not asked more.
    admin.patch(&path, json!({"failure_mode": "open"})).await.expect(200);
    assert_eq!(verdict(&app).await, Some(Merged::Allow));
    let off = admin.patch(&path, json!({"mode": "off"})).await.expect(200);
    assert_eq!(off["state"], "off");
    admin.patch(&path, json!({"mode": "shadow"})).await.expect_problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changes_is_taken_over() {
    let (app, _admin, _) = with_echo().await;
    let mut tx = app.app.db.begin().await.unwrap();
    for sql in [
        "update plugin_binding_revisions set mode = 'shadow'",
        "update plugin_generation set generation = generation + 1",
    ] {
        tx.execute(gatherly::db::statement(sql)).await.unwrap();
    }
    tx.commit().await.unwrap();
    for _ in 0..40 {
        if verdict(&app).await == Some(Merged::Allow) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the change was not taken over within two seconds");
}
