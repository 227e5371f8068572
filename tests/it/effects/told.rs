//! After-hooks: what is told, to whom, and how often.

use std::{collections::BTreeSet, time::Duration};

use gatherly::hooks::HookPoint;
use serde_json::{Value, json};

use super::{PUBLISHED, Scene};
use crate::support::{
    forum::{self, each, id},
    policy, wait_for,
};

async fn hooks_told(scene: &Scene, plugin: &str) -> Vec<Value> {
    scene.app.settled().await;
    let path = format!("/decisions?plugin={plugin}&limit=100");
    each(&scene.admin.get(&path).await.expect(200), "hook")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_told() {
    let scene = Scene::start().await;
    scene.app.settled().await;
    let hooks = [
        HookPoint::ContentAfterPublish,
        HookPoint::ContentAfterRemove,
        HookPoint::AccountAfterRegister,
        HookPoint::ModActionApplied,
        HookPoint::DecisionOverridden,
        HookPoint::ScheduleTick,
    ];
    scene.bind_to("ear", &hooks, &[], json!({})).await;
    scene.app.member("bob").await;
    let comment = forum::comment(&scene.app, &scene.ada, &scene.post, "A comment").await;
    scene.app.settled().await;
    scene.ada.delete(&format!("/comments/{}", id(&comment))).await.expect(204);
    wait_for("time goes by", async || {
        hooks_told(&scene, "ear").await.contains(&json!("schedule.tick"))
    })
    .await;
    let told: BTreeSet<String> = hooks_told(&scene, "ear")
        .await
        .iter()
        .map(|hook| hook.as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "account.after-register",
        "content.after-publish",
        "content.after-remove",
        "schedule.tick",
    ];
    assert_eq!(told, expected.map(str::to_owned).into());
    // Nobody is told the words that their author took back.
    let decisions = scene.admin.get("/decisions?plugin=ear&limit=100").await.expect(200);
    let removed = decisions["items"].as_array().unwrap().iter();
    let removed = removed.clone().find(|decision| decision["hook"] == "content.after-remove");
    let path = format!("/decisions/{}", id(removed.unwrap()));
    let input = scene.admin.get(&path).await.expect(200)["staff"]["input"].clone();
    assert_eq!(input["removed"]["content"]["body"], "", "{input}");
    assert_eq!(input["removed"]["by"], "author");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_bound_nothing_is_kept() {
    let scene = Scene::start().await;
    scene.edit("Other words.").await;
    assert_eq!(scene.count("select count(*) as n from decisions").await, 0);
    assert_eq!(scene.count("select count(*) as n from outbox").await, 0);
    let jobs = "select count(*) as n from jobs where kind = 'plugins.tell'";
    assert_eq!(scene.count(jobs).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_s_plugins_are_told_of_it_alone() {
    let scene = Scene::start().await;
    let other = json!({"slug": "other", "name": "Other"});
    scene.admin.post("/communities", other).await.expect(201);
    scene.bind_to("ear", PUBLISHED, &[], json!({"scope": {"community": "other"}})).await;
    scene.edit("Other words.").await;
    assert!(hooks_told(&scene, "ear").await.is_empty());
    let body = json!({"community": "other", "title": "There", "body": "A body."});
    scene.ada.post("/posts", body).await.expect(201);
    assert_eq!(hooks_told(&scene, "ear").await, ["content.after-publish"]);
}

/// Ticks come every five minutes, once for each binding, in its place.
#[tokio::test(flavor = "multi_thread")]
async fn time_is_told_once() {
    let scene = Scene::start().await;
    let tick = [HookPoint::ScheduleTick];
    let site = scene.bind_to("clock", &tick, &[], json!({})).await;
    let terms = json!({"scope": {"community": "general"}});
    let general = scene.bind_to("clock", &tick, &[], terms).await;
    let ticks = async |binding: &Value| {
        scene.app.settled().await;
        let admin = scene.app.sign_in("boss").await;
        let path = format!("/decisions?binding={}&limit=100", id(binding));
        admin.get(&path).await.expect(200)["items"].as_array().unwrap().clone()
    };
    for turn in 1..=3 {
        wait_for("both are told", async || {
            (ticks(&site).await.len(), ticks(&general).await.len()) >= (turn, turn)
        })
        .await;
        assert_eq!((ticks(&site).await.len(), ticks(&general).await.len()), (turn, turn));
        // A jump of the clock by a day is one turn too.
        let by = if turn == 1 { Duration::from_mins(5) } else { Duration::from_hours(24) };
        scene.app.advance(by);
    }
    let told = ticks(&general).await;
    assert!(told.iter().all(|decision| decision["community"] == "general"), "{told:?}");
    let told = ticks(&site).await;
    assert!(told.iter().all(|decision| decision["community"].is_null()), "{told:?}");
}

/// A person who decides otherwise is told to the plugin that had decided.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_told_that_it_was_wrong() {
    let scene = Scene::start().await;
    policy::enforce_first_letter(&scene.admin, "wait").await;
    scene.bind_to("ear", &[HookPoint::DecisionOverridden], &[], json!({})).await;
    let both = [HookPoint::ContentBeforePublish, HookPoint::DecisionOverridden];
    scene.bind_to("both", &both, &[], json!({})).await;
    let held = forum::try_post(&scene.app, &scene.ada, "A title", "Hold this.").await.expect(202);
    let item = &scene.admin.get("/review-items").await.expect(200)["items"][0];
    assert_eq!(item["target_id"], held["id"]);
    let path = format!("/review-items/{}/resolutions", id(item));
    scene.admin.post(&path, json!({"resolution": "approve"})).await.expect(201);
    let told = hooks_told(&scene, "both").await;
    assert!(told.contains(&json!("decision.overridden")), "{told:?}");
    assert!(hooks_told(&scene, "ear").await.is_empty(), "it was not asked");
}

/// As much by an appeal that is granted.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_told_that_its_refusal_did_not_stand() {
    let scene = Scene::start().await;
    policy::enforce_first_letter(&scene.admin, "no").await;
    let both = [HookPoint::ContentBeforePublish, HookPoint::DecisionOverridden];
    scene.bind_to("both", &both, &[], json!({})).await;
    let refused = forum::try_post(&scene.app, &scene.ada, "A title", "Refuse this.").await;
    let decision = refused.expect_problem(403, "rejected_by_policy")["decision_id"].clone();
    let appeal = json!({"against": "rejection", "id": decision, "text": "Why?"});
    let appeal = scene.ada.post("/appeals", appeal).await.expect(201);
    scene.app.settled().await;
    assert!(!hooks_told(&scene, "both").await.contains(&json!("decision.overridden")));
    let path = format!("/appeals/{}/resolution", id(&appeal));
    scene.admin.post(&path, json!({"grant": true})).await.expect(201);
    let told = hooks_told(&scene, "both").await;
    assert!(told.contains(&json!("decision.overridden")), "{told:?}");
}
