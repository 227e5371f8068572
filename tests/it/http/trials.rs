//! Plugins are tried on what has happened, and nothing comes of it.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Person, TestApp,
    policy::{bind, enforce_first_letter, first_letter},
};

async fn post(app: &TestApp, author: &Person) -> String {
    app.advance(Duration::from_secs(1));
    let body = json!({"community": "general", "title": "A post", "body": "About things."});
    author.post("/posts", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Writes a comment; time goes on.
async fn comment(app: &TestApp, author: &Person, post: &str, body: &str) -> Value {
    app.advance(Duration::from_secs(1));
    author.post(&format!("/posts/{post}/comments"), json!({"body": body})).await.json()
}

async fn decisions(person: &Person, query: &str) -> Vec<Value> {
    let list = person.get(&format!("/decisions{query}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// A replay once it is over.
async fn replayed(app: &TestApp, admin: &Person, body: Value) -> Value {
    let replay = admin.post("/replays", body).await.expect(202);
    app.settled().await;
    admin.get(&format!("/replays/{}?limit=100", id(&replay))).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_decision_is_reproduced_bit_for_bit() {
    let app = TestApp::start().await;
    let (admin, ada, eve) =
        (app.admin("root").await, app.member("ada").await, app.member("eve").await);
    let binding = enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    let held = comment(&app, &ada, &on, "Held.").await;
    let decision = &decisions(&admin, &format!("?target={}", id(&held))).await[0];
    let path = format!("/decisions/{}/reproductions", id(decision));
    // What is at work now does not matter: the recorded revision is asked.
    let binding = format!("/plugin-bindings/{}", id(&binding));
    let other = bind(&admin, "letters", first_letter("other words"), json!({"mode": "off"})).await;
    admin.patch(&binding, json!({"digest": other["digest"]})).await.expect(200);

    let made_again = admin.post(&path, json!({})).await.expect(200);
    assert_eq!(made_again["equal"], true, "{made_again}");
    assert_eq!(made_again["reproduced"]["verdict"], "hold");
    assert_eq!(made_again["reproduced"], made_again["recorded"]);
    ada.post(&path, json!({})).await.expect_problem(403, "moderators_only");
    eve.post(&path, json!({})).await.expect_problem(404, "not_found");
    let unknown = format!("/decisions/{}/reproductions", Uuid::now_v7());
    admin.post(&unknown, json!({})).await.expect_problem(404, "not_found");
    assert_eq!(decisions(&admin, &format!("?target={}", id(&held))).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_author_takes_back_goes_from_the_record() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    let written = comment(&app, &ada, &on, "Fine.").await;
    let kept = comment(&app, &ada, &on, "Also fine.").await;
    let record = async |of: &Value| {
        let found = decisions(&admin, &format!("?target={}", id(of))).await;
        admin.get(&format!("/decisions/{}", id(&found[0]))).await.expect(200)
    };
    assert_eq!(record(&written).await["staff"]["input"]["content"]["body"], "Fine.");
    ada.delete(&format!("/comments/{}", id(&written))).await.expect(204);
    let erased = record(&written).await;
    assert_eq!(erased["staff"]["erased"], true);
    assert!(erased["staff"].get("input").is_none());
    let path = format!("/decisions/{}/reproductions", id(&erased));
    admin.post(&path, json!({})).await.expect_problem(409, "erased");

    // With an account goes all that it wrote.
    assert_eq!(record(&kept).await["staff"]["erased"], false);
    let password = json!({"password": crate::support::PASSWORD});
    ada.send(hyper::Method::DELETE, "/me", Some(password)).await.expect(204);
    while app.app.decisions.tidy().await.unwrap() {}
    assert_eq!(record(&kept).await["staff"]["erased"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_kept_for_their_time() {
    let app = TestApp::start_with(|config| config.decisions.keep_days = 2).await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    comment(&app, &ada, &on, "Fine.").await;
    let held = comment(&app, &ada, &on, "Held.").await;
    app.advance(Duration::from_hours(24));
    while app.app.decisions.tidy().await.unwrap() {}
    let admin = app.sign_in("root").await;
    assert_eq!(decisions(&admin, "").await.len(), 3);
    app.advance(Duration::from_hours(25));
    while app.app.decisions.tidy().await.unwrap() {}
    let admin = app.sign_in("root").await;
    let left = decisions(&admin, "").await;
    assert_eq!(left.len(), 1, "what waits is kept");
    assert_eq!(left[0]["target_id"], held["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_flood_that_says_nothing_some_is_kept() {
    let app = TestApp::start_with(|config| config.decisions.allows_per_second = 1).await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    for _ in 0..60 {
        comment(&app, &ada, &on, "Fine.").await;
        comment(&app, &ada, &on, "Held.").await;
    }
    let held = decisions(&admin, "?verdict=hold&limit=100").await.len();
    let allowed = decisions(&admin, "?verdict=allow&limit=100").await.len();
    assert_eq!(held, 60, "what says something is always kept");
    assert!((1..61).contains(&allowed), "{allowed} of 61 are kept");
}

/// Without room for what says nothing, exactly what says something is kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_says_something_is_kept_without_room() {
    let app = TestApp::start_with(|config| config.decisions.allows_per_second = 0).await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    for body in ["Fine.", "Held.", "Fine again."] {
        comment(&app, &ada, &on, body).await;
    }
    let verdicts: Vec<Value> =
        decisions(&admin, "").await.iter().map(|decision| decision["verdict"].clone()).collect();
    assert_eq!(verdicts, ["hold"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_judges_the_past() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let binding = enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    comment(&app, &ada, &on, "Fine.").await;
    let held = comment(&app, &ada, &on, "Held.").await;
    comment(&app, &ada, &on, "Rejected.").await;

    // The same again, compared with its own decisions: a post and three comments.
    let same = replayed(&app, &admin, json!({"binding_id": id(&binding)})).await;
    assert_eq!(same["state"], "completed", "{same}");
    assert_eq!((&same["counts"]["judged"], &same["counts"]["same"]), (&json!(4), &json!(4)));
    assert_eq!(same["differences"], json!([]));

    // Another version says it in other words; one that lets everything through.
    let other = bind(&admin, "letters", first_letter("no"), json!({"mode": "off"})).await;
    let body = json!({"binding_id": id(&binding), "digest": other["digest"]});
    let differs = replayed(&app, &admin, body).await;
    let counts = &differs["counts"];
    assert_eq!((&counts["same"], &counts["differs"]), (&json!(2), &json!(2)), "{differs}");
    let first = &differs["differences"][0];
    assert_eq!((&first["was"], &first["would"]), (&json!("hold"), &json!("hold")));
    assert_eq!((&first["message"], &first["target_id"]), (&json!("no"), &held["id"]));

    // Against what came of the events; only what is named.
    let target = format!("?target={}", id(&held));
    let decision = &decisions(&admin, &target).await[0];
    let body = json!({"digest": other["digest"], "decision_ids": [id(decision)]});
    let one = replayed(&app, &admin, body).await;
    assert_eq!((&one["counts"]["judged"], &one["counts"]["same"]), (&json!(1), &json!(1)));
    assert_eq!(decisions(&admin, "").await.len(), 4, "nothing is recorded");

    let missing = admin.post("/replays", json!({})).await.expect_problem(422, "invalid_fields");
    assert_eq!(missing["errors"][0]["field"], "binding_id");
    let unknown = json!({"digest": "0".repeat(64)});
    admin.post("/replays", unknown).await.expect_problem(422, "invalid_fields");
    let path = format!("/replays/{}", id(&one));
    admin.delete(&path).await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200)["state"], "completed");
}

/// Moderators replay what is bound in their community, on what happened there,
/// with no more than it was granted.
#[tokio::test(flavor = "multi_thread")]
async fn moderators_replay_their_binding() {
    let app = TestApp::start().await;
    let (root, maud) = (app.admin("root").await, app.member("maud").await);
    let ada = app.member("ada").await;
    root.put("/communities/general/moderators/maud", Value::Null).await.expect(204);
    root.post("/communities", json!({"slug": "bread", "name": "Bread"})).await.expect(201);
    let site = enforce_first_letter(&root, "please wait").await;
    let first = post(&app, &ada).await;
    let elsewhere = json!({"community": "bread", "title": "A loaf", "body": "About bread."});
    let elsewhere = ada.post("/posts", elsewhere).await.expect(201);
    let other = app.member("eve").await;
    let terms = json!({"mode": "shadow", "scope": {"community": "general"}});
    let theirs = bind(&root, "judge", first_letter("wait"), terms).await;
    let of = |binding: &Value, more: Value| {
        let mut body = json!({"binding_id": binding["id"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let replay = replayed(&app, &maud, of(&theirs, json!({}))).await;
    let seen = (&replay["state"], &replay["community"], &replay["counts"]["judged"]);
    assert_eq!(seen, (&json!("completed"), &json!("general"), &json!(1)), "{replay}");
    let path = format!("/replays/{}", id(&replay));
    other.get(&path).await.expect_problem(404, "not_found");
    let all = replayed(&app, &root, of(&theirs, json!({}))).await;
    assert_eq!(all["counts"]["judged"], 2, "{all}");
    maud.get(&format!("/replays/{}", id(&all))).await.expect_problem(404, "not_found");

    maud.post("/replays", of(&site, json!({}))).await.expect_problem(404, "not_found");
    maud.post("/replays", json!({"digest": theirs["digest"]}))
        .await
        .expect_problem(403, "admins_only");
    for more in [json!({"community": "bread"}), json!({"grants": {"modify": true}})] {
        maud.post("/replays", of(&theirs, more)).await.expect_problem(403, "admins_only");
    }
    let stranger = of(&theirs, json!({"digest": site["digest"]}));
    maud.post("/replays", stranger).await.expect_invalid(&[("digest", "unknown")]);
    // A decision on what happened elsewhere is as one that is not there.
    let target = |id: &str| format!("?target={id}");
    let there = decisions(&root, &target(id(&elsewhere))).await;
    let named = of(&theirs, json!({"decision_ids": [id(&there[0])]}));
    maud.post("/replays", named).await.expect_invalid(&[("decision_ids", "unknown")]);
    let here = decisions(&root, &target(&first)).await;
    let named = of(&theirs, json!({"decision_ids": [id(&here[0])]}));
    assert_eq!(replayed(&app, &maud, named).await["counts"]["judged"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_asked_before_publishing() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let binding = enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    let draft = |body: &str| json!({"kind": "comment", "post_id": on, "body": body});
    let fine = ada.post("/preflights", draft("Fine.")).await.expect(200);
    assert_eq!(fine, json!({"verdict": "allow", "decisions": []}));
    let held = ada.post("/preflights", draft("Held.")).await.expect(200);
    assert_eq!(held["verdict"], "hold");
    assert_eq!(held["decisions"][0]["message"], "please wait");
    let post =
        json!({"kind": "post", "community": "general", "title": "A post", "body": "Rejected."});
    assert_eq!(ada.post("/preflights", post).await.expect(200)["verdict"], "reject");
    assert_eq!(decisions(&admin, "").await.len(), 1, "the post's alone");

    let secret = json!({"limits": {"disclosure": "none"}});
    admin.patch(&format!("/plugin-bindings/{}", id(&binding)), secret).await.expect(200);
    let untold = ada.post("/preflights", draft("Held.")).await.expect(200);
    assert_eq!(untold, json!({"verdict": "allow", "decisions": []}));
    let nowhere = json!({"kind": "comment", "post_id": Uuid::now_v7(), "body": "Fine."});
    ada.post("/preflights", nowhere).await.expect_problem(404, "not_found");
    ada.post("/preflights", json!({"kind": "post", "body": "x"})).await.expect(422);
    app.client.post("/preflights", draft("Fine.")).await.expect_problem(401, "no_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_is_compared_and_promoted() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let shadow = bind(&admin, "letters", first_letter("no"), json!({"mode": "shadow"})).await;
    let path = format!("/plugin-bindings/{}", id(&shadow));
    let on = post(&app, &ada).await;
    comment(&app, &ada, &on, "Fine.").await;
    let published = comment(&app, &ada, &on, "Held.").await;
    let stats = admin.get(&format!("{path}/stats")).await.expect(200);
    assert_eq!((&stats["calls"], &stats["faults"]), (&json!(3), &json!(0)));
    let sample = decisions(&admin, &format!("?target={}", id(&published))).await[0]["id"].clone();
    let disagreement = json!({
        "happened": "allow", "shadow": "hold", "count": 1, "sample_id": sample,
    });
    assert!(stats["agreement"].as_array().unwrap().contains(&disagreement), "{stats}");
    assert!(stats["p50_us"].as_i64() <= stats["p99_us"].as_i64());
    ada.get(&format!("{path}/stats")).await.expect_problem(404, "not_found");

    let promoted = admin.post(&format!("{path}/promotion"), json!({})).await.expect(200);
    assert_eq!(promoted["stats"]["calls"], 3);
    let held = comment(&app, &ada, &on, "Held.").await;
    assert_eq!(held["moderation"]["state"], "held");
    let again = admin.post(&format!("{path}/promotion"), json!({})).await;
    again.expect_problem(409, "not_in_shadow");
}
