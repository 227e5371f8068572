//! Undo by cause.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use serde_json::{Value, json};

use super::{PUBLISHED, Scene, ban, label, notice, remove, reply, warn};
use crate::support::{
    TestApp,
    forum::{self, each, id},
    policy, wait_for,
};
use gatherly::{
    hooks::{Effect, Recipient},
    jobs::Failure,
};

/// What came of a batch in the end.
async fn undone(scene: &Scene, cause: Value) -> Value {
    let undo = scene.admin.post("/undos", cause).await.expect(202);
    assert_eq!(undo["state"], "waiting");
    scene.app.settled().await;
    let done = scene.admin.get(&format!("/undos/{}", id(&undo))).await.expect(200);
    assert_eq!((&done["state"], &done["progress"]), (&json!("done"), &json!(100)));
    done
}

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
    let undo = undone(&scene, cause.clone()).await;
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

    let states = each(&undo, "state");
    assert_eq!(states, vec![json!("undone"); effects.len()], "{undo}");
    let page = format!("/undos/{}?limit=5", id(&undo));
    let first = scene.admin.get(&page).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = scene.admin.get(&format!("{page}&cursor={cursor}")).await.expect(200);
    let all = [each(&first, "id"), each(&second, "id")].concat();
    assert_eq!(all, each(&undo, "id"));
    let again = undone(&scene, cause).await;
    assert_eq!((&again["undone"], &again["total"]), (&json!([]), &json!(0)));
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
    let undo = undone(&scene, cause).await;
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
    let undo = undone(&scene, cause).await;
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
    scene.app.advance(Duration::from_mins(1));
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

/// A forum where a binding has warned an author often.
async fn warned(scene: &Scene, times: usize) -> Value {
    let warning = [warn(&scene.account("ada").await)];
    let binding = scene.bind("wrong", &warning).await;
    for time in 0..times {
        scene.edit(&format!("Words {time}.")).await;
    }
    assert_eq!(scene.states().await["applied"], times);
    binding
}

const PIECES: usize = 12;
/// Of the work of a batch before it is dropped: a piece takes at least four
/// (begin, read, write, commit), so that three times these are never the whole.
const STEPS: usize = 15;
const WITHDRAWN: &str = "select count(*) as n from warnings where withdrawn_at is not null";
/// Each was withdrawn once, as the log tells it.
const LOGGED: &str = "select count(*) as n from mod_actions where kind = 'withdraw_warning'";

/// The process is gone after some pieces, again and again; the next goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_broken_off_goes_on() {
    let (kills, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (killing, counted) = (Arc::clone(&kills), Arc::clone(&tries));
    let app = TestApp::start_working(move |_, work| {
        work.wrapped(move |work| {
            let (killing, tries) = (Arc::clone(&killing), Arc::clone(&counted));
            Arc::new(move |job| {
                let work = work(job);
                let is_killed =
                    killing.load(Ordering::SeqCst) && tries.fetch_add(1, Ordering::SeqCst) < 3;
                Box::pin(async move {
                    if !is_killed {
                        return work.await;
                    }
                    let mut work = pin!(work);
                    let mut steps = 0;
                    // Dropped in the middle, wherever that is. By steps, since a
                    // fast machine does the whole in any time that a slow one needs.
                    poll_fn(|context| {
                        steps += 1;
                        if steps > STEPS || work.as_mut().poll(context).is_ready() {
                            return Poll::Ready(());
                        }
                        Poll::Pending
                    })
                    .await;
                    Err(Failure::RetryAfter(Duration::from_millis(10), "killed".to_owned()))
                })
            })
        })
    })
    .await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let post = forum::post(&app, &ada, "A title").await;
    let scene = Scene { app, admin, ada, post };
    let binding = warned(&scene, PIECES).await;
    kills.store(true, Ordering::SeqCst);
    let cause = json!({"binding_id": binding["id"]});
    let undo = scene.admin.post("/undos", cause.clone()).await.expect(202);
    assert_eq!(undo["total"], PIECES);
    // The same request while the first is being done leaves it to that.
    let again = scene.admin.post("/undos", cause).await.expect(202);
    assert_eq!(again["total"], 0, "{again}");
    let path = format!("/undos/{}", id(&undo));
    wait_for("the batch is done", async || {
        scene.app.advance(Duration::from_secs(1));
        scene.admin.get(&path).await.expect(200)["state"] == "done"
    })
    .await;
    assert!(tries.load(Ordering::SeqCst) > 3);
    let done = scene.admin.get(&path).await.expect(200);
    assert_eq!((count(&done, "warn"), &done["kept"]), (PIECES as u64, &json!(0)));
    let pieces = i64::try_from(PIECES).unwrap();
    assert_eq!((scene.count(WITHDRAWN).await, scene.count(LOGGED).await), (pieces, pieces));
}

/// Those who moderate a community manage what its bindings did, and no others'.
#[tokio::test(flavor = "multi_thread")]
async fn moderators_take_back_what_their_binding_did() {
    let scene = Scene::start().await;
    let maud = scene.app.member("maud").await;
    scene.admin.put("/communities/general/moderators/maud", Value::Null).await.expect(204);
    let warning = [warn(&scene.account("ada").await)];
    let theirs = scene
        .bind_to("wrong", PUBLISHED, &warning, json!({"scope": {"community": "general"}}))
        .await;
    let [warning] = warning;
    let more = [warning, notice(Recipient::Moderators, "look")];
    let site = scene.bind("other", &more).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.states().await["applied"], 3);
    let of = |binding: &Value| json!({"binding_id": binding["id"]});
    scene.ada.post("/undos", of(&theirs)).await.expect_problem(404, "not_found");
    maud.post("/undos", of(&site)).await.expect_problem(404, "not_found");
    let undo = maud.post("/undos", of(&theirs)).await.expect(202);
    scene.app.settled().await;
    let path = format!("/undos/{}", id(&undo));
    scene.ada.get(&path).await.expect_problem(404, "not_found");
    let done = maud.get(&path).await.expect(200);
    assert_eq!((&done["state"], count(&done, "warn")), (&json!("done"), 1), "{done}");
    let others = undone(&scene, of(&site)).await;
    maud.get(&format!("/undos/{}", id(&others))).await.expect_problem(404, "not_found");
    assert_eq!(scene.count(WITHDRAWN).await, 2);
}

/// Texts that the binding alone refused are published as they were meant.
#[tokio::test(flavor = "multi_thread")]
async fn refused_texts_are_published_under_their_author_at_their_time() {
    let scene = Scene::start().await;
    let binding = policy::enforce_first_letter(&scene.admin, "no").await;
    for (title, body) in [("One", "Refuse this."), ("Two", "Really."), ("Three", "Hold this.")] {
        scene.app.advance(Duration::from_mins(1));
        let status = forum::try_post(&scene.app, &scene.ada, title, body).await.status.as_u16();
        assert!(matches!(status, 202 | 403), "{status}");
    }
    let comment = forum::try_comment(&scene.app, &scene.ada, (&scene.post, None), "Refused.").await;
    comment.expect_problem(403, "rejected_by_policy");
    scene.app.advance(Duration::from_mins(5));
    let cause = json!({"binding_id": binding["id"], "dry_run": true});
    let preview = scene.admin.post("/undos", cause).await.expect(200);
    let undo = undone(&scene, json!({"binding_id": binding["id"]})).await;
    for each in [&preview, &undo] {
        assert_eq!((count(each, "reject"), count(each, "hold")), (3, 1), "{each}");
        assert_eq!((&each["total"], &each["not_undone"]), (&json!(4), &json!({})), "{each}");
    }
    let posts = scene.app.client.get("/posts?author=ada&sort=new").await.expect(200);
    let titles = each(&posts, "title");
    assert_eq!(titles, ["Three", "Two", "One", "A title"], "{posts}");
    let times = each(&posts, "created_at");
    assert_eq!(times[2], "2026-01-01T00:01:00.002Z", "{posts}");
    let path = format!("/posts/{}/comments", id(&scene.post));
    let comments = scene.app.client.get(&path).await.expect(200);
    assert_eq!(each(&comments, "author"), ["ada"], "{comments}");
    let told = scene.ada.get("/notifications").await.expect(200);
    let approved = each(&told, "kind").iter().filter(|kind| **kind == "approved").count();
    assert_eq!(approved, 4, "{told}");
    let again = undone(&scene, json!({"binding_id": binding["id"]})).await;
    assert_eq!((&again["total"], &again["not_undone"]), (&json!(0), &json!({})), "{again}");
}

/// What stays of refusals is counted by the reason.
#[tokio::test(flavor = "multi_thread")]
async fn refused_texts_that_stay_refused_are_counted_by_name() {
    let scene = Scene::start().await;
    let (ben, cleo) = (scene.app.member("ben").await, scene.app.member("cleo").await);
    let binding = policy::enforce_first_letter(&scene.admin, "no").await;
    for author in [&scene.ada, &ben, &cleo] {
        let refused = forum::try_post(&scene.app, author, "A title", "Refuse this.").await;
        refused.expect_problem(403, "rejected_by_policy");
    }
    let ban = json!({"username": "ben", "deeds": ["post"]});
    scene.admin.post("/bans", ban).await.expect(201);
    let password = json!({"password": crate::support::PASSWORD});
    cleo.send(hyper::Method::DELETE, "/me", Some(password)).await;
    scene.app.advance(Duration::from_secs(1));
    let undo = undone(&scene, json!({"binding_id": binding["id"]})).await;
    assert_eq!((count(&undo, "reject"), &undo["kept"]), (1, &json!(2)), "{undo}");
    let banned = &undo["not_undone"]["author_banned"];
    let gone = [&undo["not_undone"]["author_gone"], &undo["not_undone"]["text_expired"]];
    assert_eq!(banned, 1, "{undo}");
    assert!(gone.iter().any(|count| **count == 1), "{undo}");
}

/// Texts that the binding changed are as their authors wrote them again, but for those
/// that were edited since.
#[tokio::test(flavor = "multi_thread")]
async fn changed_texts_get_their_words_back_unless_edited_since() {
    let scene = Scene::start().await;
    let rule = json!({
        "id": "swap", "action": "modify", "when": {"words": ["plum"]},
        "replace": [{"pattern": "plum", "with": "pear", "in": "body"}],
    });
    let terms = json!({
        "mode": "enforce", "settings": {"rules": [rule]}, "grants": {"modify": true},
    });
    let automod = crate::support::plugin("automod");
    let binding = policy::bind(&scene.admin, "swap", automod, terms).await;
    let first = forum::try_post(&scene.app, &scene.ada, "One", "A plum.").await.expect(201);
    let second = forum::try_post(&scene.app, &scene.ada, "Two", "A plum.").await.expect(201);
    assert_eq!(first["body"], "A pear.");
    scene.app.advance(Duration::from_secs(1));
    let title = json!({"title": "Two of them"});
    scene.ada.patch(&format!("/posts/{}", id(&second)), title).await.expect(200);
    let undo = undone(&scene, json!({"binding_id": binding["id"]})).await;
    assert_eq!(count(&undo, "modify"), 1, "{undo}");
    assert_eq!(undo["not_undone"], json!({"edited_since": 1}), "{undo}");
    let shown = async |post: &Value| {
        scene.app.client.get(&format!("/posts/{}", id(post))).await.expect(200)
    };
    let shown = (shown(&first).await, shown(&second).await);
    assert_eq!((&shown.0["body"], &shown.1["body"]), (&json!("A plum."), &json!("A pear.")));
    let told = scene.ada.get("/notifications").await.expect(200);
    assert!(told.to_string().contains("the text is as you wrote it"), "{told}");
}

/// An edit that another plugin holds is settled with the post that the binding removes,
/// and waits again after the undo.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_a_removal_settled_waits_again_after_the_undo() {
    let scene = Scene::start().await;
    let rule = |rule: Value| json!({"rules": [rule]});
    let remove = json!({
        "id": "remove", "action": "annotate", "when": {"words": ["plum"]},
        "effects": {"remove": "not here"},
    });
    let hold = json!({
        "id": "hold", "action": "hold", "when": {"words": ["plum"]}, "message": "wait",
    });
    let grants = json!({"modify": true, "effects": ["remove"]});
    let terms = json!({"mode": "enforce", "settings": rule(remove), "grants": grants});
    let automod = crate::support::plugin("automod");
    let binding = policy::bind(&scene.admin, "remover", automod.clone(), terms).await;
    // The same program under another name, told apart by a section without a meaning.
    let other = [automod, vec![0, 2, 1, b'y']].concat();
    let terms = json!({"mode": "enforce", "settings": rule(hold)});
    policy::bind(&scene.admin, "holder", other, terms).await;
    let path = format!("/posts/{}", id(&scene.post));
    scene.ada.patch(&path, json!({"body": "A plum."})).await.expect(202);
    scene.app.settled().await;
    scene.app.client.get(&path).await.expect_problem(404, "not_found");
    let waiting = async || scene.admin.get("/review-items?kind=edit").await.expect(200);
    assert_eq!(waiting().await["items"], json!([]));
    let undo = undone(&scene, json!({"binding_id": binding["id"]})).await;
    assert_eq!((count(&undo, "remove"), &undo["kept"]), (1, &json!(0)), "{undo}");
    let seen = scene.app.client.get(&path).await.expect(200);
    assert_eq!(seen["body"], scene.post["body"]);
    let items = waiting().await;
    assert_eq!(each(&items, "target_id"), [scene.post["id"].clone()], "{items}");
    assert_eq!(items["items"][0]["pending"]["body"], "A plum.", "{items}");
}
