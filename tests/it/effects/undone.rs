//! Undo by cause.

use serde_json::{Value, json};

use super::{PUBLISHED, Scene, ban, label, notice, remove, reply, warn};
use crate::support::{
    forum::{self, id},
    policy,
};
use gatherly::hooks::{Effect, Recipient};

fn count(undo: &Value, kind: &str) -> u64 {
    let found = undo["undone"].as_array().unwrap().iter().find(|each| each["kind"] == kind);
    found.map_or(0, |each| each["count"].as_u64().unwrap())
}

/// All that a binding did, in one batch: seen before, and done once.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_binding_did_is_taken_back() {
    let scene = Scene::start().await;
    let other = forum::post(&scene.app, &scene.ada, "Another").await;
    let (target, account) = (scene.target(), scene.account("ada").await);
    let other = gatherly::hooks::Target::Post(id(&other).to_owned());
    let effects = [
        label(&target, "seen"),
        Effect::Lock(target.clone()),
        warn(&account),
        ban(&account),
        notice(Recipient::Author(other.clone()), "you were told"),
        reply(&other, "Hello."),
        remove(&target),
    ];
    let binding = scene.bind("wrong", &effects).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.states().await["applied"], effects.len());
    let cause = json!({"binding_id": binding["id"], "dry_run": true});
    let preview = scene.admin.post("/undos", cause).await.expect(200);
    assert_eq!(preview["items"].as_array().unwrap().len(), effects.len());
    assert_eq!(scene.states().await["applied"], effects.len(), "nothing was done yet");

    let cause = json!({"binding_id": binding["id"]});
    let undo = scene.admin.post("/undos", cause.clone()).await.expect(201);
    for effect in &effects {
        assert_eq!(count(&undo, effect.kind().as_str()), 1, "{:?}: {undo}", effect.kind());
    }
    let seen = scene.app.client.get(&format!("/posts/{}", id(&scene.post))).await.expect(200);
    assert_eq!(seen["locked"], false);
    assert_eq!(scene.count("select strikes as n from accounts where username = 'ada'").await, 0);
    let bans = "select count(*) as n from bans where lifted_at is null";
    assert_eq!(scene.count(bans).await, 0);
    let comments = "select count(*) as n from comments where state = 'published'";
    assert_eq!(scene.count(comments).await, 0);
    let told = scene.ada.get("/notifications").await.expect(200);
    assert!(!told.to_string().contains("you were told"), "{told}");

    let path = format!("/undos/{}", id(&undo));
    assert_eq!(scene.admin.get(&path).await.expect(200)["undone"], undo["undone"]);
    let again = scene.admin.post("/undos", cause).await.expect(201);
    assert_eq!(again["undone"], json!([]));
}

/// What people have decided since is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn people_s_decisions_stay() {
    let scene = Scene::start().await;
    let binding = scene.bind("wrong", &[remove(&scene.target())]).await;
    scene.edit("Other words.").await;
    let removal = format!("/posts/{}/removal", id(&scene.post));
    scene.admin.delete(&removal).await;
    scene.admin.post(&removal, json!({"reason": "it was right"})).await.expect(201);
    let cause = json!({"binding_id": binding["id"]});
    let undo = scene.admin.post("/undos", cause).await.expect(201);
    assert_eq!((&undo["undone"], &undo["kept"]), (&json!([]), &json!(1)));
    let post = format!("/posts/{}", id(&scene.post));
    scene.app.client.get(&post).await.expect_problem(404, "not_found");
}

/// What waits because of the binding alone is let through.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_held_is_let_through() {
    let scene = Scene::start().await;
    let binding = policy::enforce_first_letter(&scene.admin, "wait").await;
    let held = forum::try_post(&scene.app, &scene.ada, "A title", "Hold this.").await.expect(202);
    let cause = json!({"binding_id": binding["id"]});
    let undo = scene.admin.post("/undos", cause).await.expect(201);
    assert_eq!(count(&undo, "hold"), 1, "{undo}");
    scene.app.client.get(&format!("/posts/{}", id(&held))).await.expect(200);
}

/// A cause may be one revision of the binding, or a time.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_meant_is_taken_back() {
    let scene = Scene::start().await;
    let warning = [warn(&scene.account("ada").await)];
    let binding = scene.bind_to("wrong", PUBLISHED, &warning, json!({})).await;
    scene.edit("One.").await;
    let path = format!("/plugin-bindings/{}", id(&binding));
    scene.admin.patch(&path, json!({"priority": 3})).await.expect(200);
    scene.app.advance(std::time::Duration::from_mins(1));
    scene.edit("Two.").await;
    let undo = async |more: Value| {
        let mut cause = json!({"binding_id": binding["id"], "dry_run": true});
        cause.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        count(&scene.admin.post("/undos", cause).await.expect(200), "warn")
    };
    assert_eq!(undo(json!({})).await, 2);
    assert_eq!(undo(json!({"revision": 2})).await, 1);
    assert_eq!(undo(json!({"digest": binding["digest"]})).await, 2);
    assert_eq!(undo(json!({"digest": "0"})).await, 0);
    assert_eq!(undo(json!({"from": "2026-01-01T00:00:30Z"})).await, 1);
    assert_eq!(undo(json!({"until": "2026-01-01T00:00:30Z"})).await, 1);
    let bad = json!({"binding_id": binding["id"], "from": "yesterday"});
    scene.admin.post("/undos", bad).await.expect_invalid(&[("from", "time")]);
}
