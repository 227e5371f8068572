//! What keeps effects within bounds.

use std::time::Duration;

use gatherly::hooks::{Effect, HookPoint, Recipient, SlowMode, Target};
use serde_json::json;

use super::{PUBLISHED, Scene, applied, guest, label, notice, remove, reply, unknown, warn};
use crate::support::{
    forum::{self, id},
    policy,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_not_done() {
    let scene = Scene::start().await;
    let effects = [remove(&scene.target()), label(&scene.target(), "seen")];
    let terms = json!({"grants": {"effects": ["label"]}});
    scene.bind_to("watcher", PUBLISHED, &effects, terms).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.effects().await, applied(&["label"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_effects_are_none() {
    let scene = Scene::start().await;
    let grants = json!({"mode": "enforce", "grants": {"effects": ["label", "remove"]}});
    let component = guest::flooding(PUBLISHED, 1_000_000).to_vec();
    policy::bind(&scene.admin, "flood", component, grants).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.effects().await, []);
    let decisions = scene.admin.get("/decisions?plugin=flood").await.expect(200);
    assert!(decisions["items"][0]["staff"]["fault"] == "bad-output", "{decisions}");
}

/// Content that is not there, was removed, or waits: nothing is done to it, and
/// all of it is answered alike.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_to_what_cannot_be_seen() {
    let scene = Scene::start().await;
    policy::enforce_first_letter(&scene.admin, "wait").await;
    let held =
        forum::try_post(&scene.app, &scene.ada, "Held title", "Hold this.").await.expect(202);
    let gone = forum::post(&scene.app, &scene.ada, "Gone").await;
    scene.ada.delete(&format!("/posts/{}", id(&gone))).await.expect(204);
    scene.app.settled().await;
    let target = |post| Target::Post(id(post).to_owned());
    let effects = [
        label(&unknown(), "a"),
        label(&target(&held), "b"),
        label(&target(&gone), "c"),
        reply(&target(&held), "hello"),
        notice(Recipient::Author(target(&held)), "hello"),
    ];
    scene.bind("watcher", &effects).await;
    scene.edit("Other words.").await;
    let refused = |(kind, state, reason): (String, String, Option<String>)| {
        assert_eq!((state.as_str(), reason.as_deref()), ("refused", Some("not_found")), "{kind}");
    };
    let done = scene.effects().await;
    assert_eq!(done.len(), effects.len());
    done.into_iter().for_each(refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_bound_to_a_community_acts_there_alone() {
    let scene = Scene::start().await;
    let other = json!({"slug": "other", "name": "Other"});
    scene.admin.post("/communities", other).await.expect(201);
    let body = json!({"community": "other", "title": "Elsewhere", "body": "A body."});
    let elsewhere = scene.ada.post("/posts", body).await.expect(201);
    scene.app.settled().await;
    let (target, account) = (scene.target(), scene.account("ada").await);
    let effects = [
        label(&target, "here"),
        label(&Target::Post(id(&elsewhere).to_owned()), "there"),
        label(&Target::Account(account.clone()), "everywhere"),
        warn(&account),
        warn(&scene.account("boss").await),
        Effect::SlowMode(SlowMode { post: None, interval: 1_000, duration: None }),
    ];
    scene.bind_to("watcher", PUBLISHED, &effects, json!({"scope": {"community": "general"}})).await;
    scene.edit("Other words.").await;
    let states: Vec<_> = scene
        .effects()
        .await
        .into_iter()
        .map(|(_, state, reason)| reason.unwrap_or(state))
        .collect();
    let outside = "outside_scope";
    assert_eq!(states, ["applied", outside, outside, "applied", outside, "applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_is_struck_once() {
    let scene = Scene::start().await;
    scene.bind("watcher", &[warn(&scene.account("ada").await)]).await;
    for (body, warnings) in [("One.", 1), ("Two.", 2), ("One.", 2), ("Three.", 3)] {
        scene.edit(body).await;
        assert_eq!(scene.count("select count(*) as n from warnings").await, warnings, "{body}");
    }
    let refused = scene.effects().await.into_iter().find_map(|(.., reason)| reason);
    assert_eq!(refused.as_deref(), Some("acted_already"));
}

/// Two plugins that undo each other do so once an hour, not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_undo_each_other_come_to_rest() {
    let scene = Scene::start().await;
    let slow = |interval| Effect::SlowMode(SlowMode { post: None, interval, duration: None });
    let hooks = [HookPoint::ContentAfterPublish, HookPoint::ModActionApplied];
    scene.bind_to("slower", &hooks, &[slow(60_000)], json!({})).await;
    scene.bind_to("faster", &hooks, &[slow(0)], json!({})).await;
    scene.edit("Other words.").await;
    let done = scene.states().await.get("applied").copied().unwrap_or(0);
    assert!((1..=4).contains(&done), "{:?}", scene.effects().await);
}

/// A plugin that strikes what its own bot writes would never end.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_leaves_its_own_content_alone() {
    let scene = Scene::start().await;
    scene.bind("parrot", &[reply(&scene.target(), "Hello.")]).await;
    scene.edit("Other words.").await;
    let path = format!("/posts/{}/comments", id(&scene.post));
    let comments = scene.app.client.get(&path).await.expect(200);
    let own = Target::Comment(id(&comments["items"][0]).to_owned());
    // Another version of it is bound, which would.
    let terms = json!({"scope": {"community": "general"}});
    scene.bind_to("parrot", PUBLISHED, &[remove(&own), reply(&own, "Hello!")], terms).await;
    scene.edit("Still other words.").await;
    let refused: Vec<_> = scene.effects().await.into_iter().filter_map(|(.., why)| why).collect();
    assert!(refused.contains(&"own_content".to_owned()), "{refused:?}");
    scene.app.client.get(&format!("/comments/{}", own.id())).await.expect(200);
    assert_eq!(scene.count("select count(*) as n from comments").await, 2, "one for each edit");
}

/// Beyond its budget a binding may only ask; beyond twice that it is only
/// listened to.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_ends() {
    let scene = Scene::start().await;
    let account = scene.account("ada").await;
    let terms = json!({"limits": {"effects_per_hour": 2}});
    let binding = scene.bind_to("watcher", PUBLISHED, &[warn(&account)], terms).await;
    let path = format!("/plugin-bindings/{}", id(&binding));
    for round in 1..=5 {
        scene.edit(&format!("Words {round}.")).await;
    }
    let states = scene.states().await;
    assert_eq!((states["applied"], states["queued"]), (2, 3));
    assert_eq!(scene.count("select strikes as n from accounts where username = 'ada'").await, 2);
    assert_eq!(scene.admin.get(&path).await.expect(200)["mode"], "shadow");
    // People are asked to look at what was not done.
    let items = scene.admin.get("/review-items?kind=report").await.expect(200);
    assert!(!items["items"].as_array().unwrap().is_empty(), "{items}");
    // An hour later there is a new one, for who is trusted with it again.
    scene.app.advance(Duration::from_hours(1));
    let (admin, ada) = (scene.app.sign_in("boss").await, scene.app.sign_in("ada").await);
    let scene = Scene { admin, ada, ..scene };
    scene.admin.patch(&path, json!({"mode": "enforce"})).await.expect(200);
    scene.edit("Words of an hour later.").await;
    assert_eq!(scene.states().await["applied"], 3);
}

/// What people decided about a text is left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn people_outrank_plugins() {
    let scene = Scene::start().await;
    let path = format!("/posts/{}/removal", id(&scene.post));
    scene.admin.post(&path, json!({"reason": "a mistake"})).await.expect(201);
    scene.admin.delete(&path).await.expect(204);
    let other = forum::post(&scene.app, &scene.ada, "Another").await;
    scene.bind("watcher", &[remove(&scene.target())]).await;
    let edit = |post: &serde_json::Value, body: &str| {
        let path = format!("/posts/{}", id(post));
        let body = json!({"body": body});
        async move { (path, body) }
    };
    let (path, body) = edit(&other, "Other words.").await;
    scene.ada.patch(&path, body).await.expect(200);
    scene.app.settled().await;
    let why = scene.effects().await.into_iter().find_map(|(.., reason)| reason);
    assert_eq!(why.as_deref(), Some("decided_by_people"));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_have_no_control_characters() {
    let scene = Scene::start().await;
    let text = "hello\r\nBcc: all@example.org\u{0}\u{202e}";
    let warning =
        gatherly::hooks::Warning { account: scene.account("ada").await, reason: text.to_owned() };
    let effects = [notice(Recipient::Moderators, text), Effect::Warn(warning)];
    scene.bind("watcher", &effects).await;
    scene.edit("Other words.").await;
    let told = scene.admin.get("/notifications").await.expect(200).to_string();
    assert!(told.contains("hello Bcc: all@example.org"), "{told}");
    for sql in [
        "select count(*) as n from warnings where instr(reason, char(13)) > 0",
        "select count(*) as n from effects where state <> 'applied'",
    ] {
        assert_eq!(scene.count(sql).await, 0, "{sql}");
    }
}
