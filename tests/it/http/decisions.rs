//! The record of what plugins decided, and who may read how much of it.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hooks::guest,
    support::{
        Person, TestApp, plugin,
        policy::{bind, enforce_first_letter, first_letter},
    },
};

/// Writes a post that no policy minds; time goes on.
async fn post(app: &TestApp, author: &Person) -> String {
    app.advance(Duration::from_secs(1));
    let body = json!({"community": "general", "title": "A post", "body": "About things."});
    let post = author.post("/posts", body).await.expect(201);
    post["id"].as_str().unwrap().to_owned()
}

/// Writes a comment and tells its status and answer; time goes on.
async fn comment(app: &TestApp, author: &Person, post: &str, body: &str) -> (u16, Value) {
    app.advance(Duration::from_secs(1));
    let reply = author.post(&format!("/posts/{post}/comments"), json!({"body": body})).await;
    (reply.status.as_u16(), reply.json())
}

async fn decisions(person: &Person, query: &str) -> Vec<Value> {
    let list = person.get(&format!("/decisions{query}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn make_moderator(admin: &Person, name: &str) {
    let path = format!("/communities/general/moderators/{name}");
    let reply = admin.send(hyper::Method::PUT, &path, None).await;
    assert!(reply.status.is_success(), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_plugin_that_was_asked_has_its_record() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let on = post(&app, &ada).await;
    let mut bindings = Vec::new();
    for _ in 0..5 {
        app.advance(Duration::from_secs(1));
        bindings.push(enforce_first_letter(&admin, "please wait").await["id"].clone());
    }
    let (status, held) = comment(&app, &ada, &on, "Held.").await;
    assert_eq!(status, 202);
    let target = format!("?target={}", held["id"].as_str().unwrap());
    let all = decisions(&admin, &target).await;
    let mut asked: Vec<Value> = all.iter().map(|one| one["staff"]["binding_id"].clone()).collect();
    asked.sort_by_key(Value::to_string);
    assert_eq!(asked, bindings);
    assert!(all.iter().all(|one| one["verdict"] == "hold"), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verdict_is_on_record_with_what_decided_it() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let binding = enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    assert_eq!(comment(&app, &ada, &on, "Fine.").await.0, 201);
    let (status, held) = comment(&app, &ada, &on, "Held.").await;
    assert_eq!(status, 202);
    let (status, rejected) = comment(&app, &ada, &on, "Rejected.").await;
    assert_eq!((status, &rejected["detail"]), (403, &json!("please wait")));

    let all = decisions(&admin, "").await;
    let verdicts: Vec<&str> = all.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["reject", "hold", "allow", "allow"], "newest first");
    let record = &all[1];
    assert_eq!(record["target_id"], held["id"]);
    assert_eq!(record["outcome"], "hold");
    assert_eq!(record["message"], "please wait");
    assert_eq!(record["digest"], binding["digest"]);
    assert_eq!(record["community"], "general");
    let staff = &record["staff"];
    assert_eq!(staff["settings_hash"], binding["settings_hash"]);
    assert_eq!(staff["binding_id"], binding["id"]);
    assert_eq!((&staff["mode"], &staff["actor"]), (&json!("enforce"), &json!("ada")));
    assert!(staff.get("input").is_none(), "not in lists");

    let full = admin.get(&format!("/decisions/{}", record["id"].as_str().unwrap())).await;
    let input = &full.expect(200)["staff"]["input"];
    assert_eq!(input["content"]["body"], "Held.");
    assert_eq!(input["context"]["actor"]["username"], "ada");
    // What was refused is on record under the id that it would have had.
    assert!(all[0]["target_id"].as_str().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn shadows_are_recorded_and_change_nothing() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    bind(&admin, "letters", first_letter("no"), json!({"mode": "shadow"})).await;
    let on = post(&app, &ada).await;
    let (status, published) = comment(&app, &ada, &on, "Rejected.").await;
    assert_eq!(status, 201, "{published}");
    assert!(published.get("moderation").is_none());
    let id = published["id"].as_str().unwrap();
    let record = &decisions(&admin, &format!("?target={id}")).await[0];
    assert_eq!((&record["verdict"], &record["outcome"]), (&json!("reject"), &json!("allow")));
    assert_eq!(record["staff"]["mode"], "shadow");
    // Authors are not told what might have been.
    assert_eq!(decisions(&ada, &format!("?target={id}")).await, Vec::<Value>::new());
    let path = format!("/decisions/{}", record["id"].as_str().unwrap());
    ada.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_what() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let (eve, mod_) = (app.member("eve").await, app.member("judge").await);
    make_moderator(&admin, "judge").await;
    enforce_first_letter(&admin, "please wait").await;
    let on = post(&app, &ada).await;
    let (_, held) = comment(&app, &ada, &on, "Held.").await;
    let target = format!("?target={}", held["id"].as_str().unwrap());
    let id = decisions(&admin, &target).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/decisions/{id}");

    assert_eq!(mod_.get(&path).await.expect(200), admin.get(&path).await.expect(200));
    assert_eq!(decisions(&mod_, "").await.len(), 2);
    let own = ada.get(&path).await.expect(200);
    assert_eq!(own["message"], "please wait");
    assert!(own.get("staff").is_none());
    assert_eq!(decisions(&ada, &target).await, vec![own]);
    assert_eq!(decisions(&ada, "").await, Vec::<Value>::new(), "she moderates nothing");

    assert_eq!(decisions(&eve, &target).await, Vec::<Value>::new());
    let hidden = eve.get(&path).await.expect_problem(404, "not_found");
    let unknown = eve.get(&format!("/decisions/{}", Uuid::now_v7())).await;
    let mut unknown = unknown.expect_problem(404, "not_found");
    unknown["request_id"] = hidden["request_id"].clone();
    assert_eq!(hidden, unknown);
    app.client.get("/decisions").await.expect_problem(401, "no_token");
    app.client.get(&path).await.expect_problem(401, "no_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_see_their_communities_only() {
    let app = TestApp::start().await;
    let (admin, ada, judge) =
        (app.admin("root").await, app.member("ada").await, app.member("judge").await);
    let cats = json!({"slug": "cats", "name": "Cats"});
    admin.post("/communities", cats).await.expect(201);
    make_moderator(&admin, "judge").await;
    bind(&admin, "letters", first_letter("no"), json!({"mode": "enforce"})).await;
    for community in ["general", "cats"] {
        app.advance(Duration::from_secs(1));
        let body = json!({"community": community, "title": "A post", "body": "Text"});
        ada.post("/posts", body).await.expect(201);
    }
    assert_eq!(decisions(&admin, "").await.len(), 2);
    let seen = decisions(&judge, "").await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["community"], "general");
    assert_eq!(decisions(&judge, "?community=cats").await, Vec::<Value>::new());
    assert_eq!(decisions(&admin, "?community=cats").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_of_a_community_judges_only_there() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    admin.post("/communities", json!({"slug": "cats", "name": "Cats"})).await.expect(201);
    let terms = json!({"mode": "enforce", "scope": {"community": "cats"}});
    let binding = bind(&admin, "letters", first_letter("not here"), terms).await;
    assert_eq!(binding["scope"], json!({"community": "cats"}));
    let body = |community| json!({"community": community, "title": "A post", "body": "Rude."});
    ada.post("/posts", body("general")).await.expect(201);
    ada.post("/posts", body("cats")).await.expect_problem(403, "rejected_by_policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_comment_is_judged_by_the_new_policy() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let on = post(&app, &ada).await;
    let terms = json!({"mode": "enforce", "settings": "pears"});
    let before = bind(&admin, "echo", guest::configurable().to_vec(), terms).await;
    let (_, refused) = comment(&app, &ada, &on, "Anything").await;
    assert_eq!(refused["detail"], "pears");
    let path = format!("/plugin-bindings/{}", before["id"].as_str().unwrap());
    let after = admin.patch(&path, json!({"settings": "plums"})).await.expect(200);
    let (_, refused) = comment(&app, &ada, &on, "Anything").await;
    assert_eq!(refused["detail"], "plums");
    let records = decisions(&admin, "").await;
    let hashes: Vec<&Value> =
        records.iter().map(|record| &record["staff"]["settings_hash"]).collect();
    assert_eq!(hashes, [&after["settings_hash"], &before["settings_hash"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_is_on_record_and_never_an_error() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let on = post(&app, &ada).await;
    let trap = guest::content("unreachable").to_vec();
    bind(&admin, "trap", trap, json!({"mode": "enforce", "failure_mode": "closed"})).await;
    let reply = ada.post(&format!("/posts/{on}/comments"), json!({"body": "Hello"})).await;
    reply.expect_problem(403, "policy_unavailable");
    let record = &decisions(&admin, "").await[0];
    assert_eq!(record["verdict"], "unavailable");
    assert_eq!(record["staff"]["fault"], "trap");
    assert!(record["staff"]["fault_detail"].as_str().is_some());
}

/// With the policy that comes with the server: what it found, as far as its rules
/// are public, and where.
#[tokio::test(flavor = "multi_thread")]
async fn authors_are_shown_the_evidence_that_is_public() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let rule = |id: &str, public: bool, word: &str| json!({"id": id, "action": "hold", "message": id, "public": public, "when": {"words": [word]}});
    let rules = json!({"rules": [rule("open", true, "pears"), rule("quiet", false, "plums")]});
    let terms = json!({"mode": "enforce", "settings": rules});
    bind(&admin, "automod", plugin("automod"), terms).await;
    let on = post(&app, &ada).await;
    let (status, held) = comment(&app, &ada, &on, "Ripe pears and plums.").await;
    assert_eq!(status, 202, "{held}");
    let told = &held["moderation"]["decisions"][0];
    let evidence = told["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 1, "{told}");
    assert_eq!((&evidence[0]["rule"], &evidence[0]["field"]), (&json!("open"), &json!("body")));
    assert_eq!(evidence[0]["span"], json!({"start": 5, "end": 10}));

    let target = format!("?target={}", held["id"].as_str().unwrap());
    let own = &decisions(&ada, &target).await[0];
    assert_eq!(own["evidence"], told["evidence"]);
    assert!(!own.to_string().contains("quiet"), "{own}");
    let all = &decisions(&admin, &target).await[0];
    let rules: Vec<&Value> =
        all["evidence"].as_array().unwrap().iter().map(|one| &one["rule"]).collect();
    assert_eq!(rules, ["open", "quiet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_pages() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    let binding = enforce_first_letter(&admin, "wait").await;
    let on = post(&app, &ada).await;
    for body in ["One", "Hold", "Two", "Hold", "Three"] {
        comment(&app, &ada, &on, body).await;
    }
    let count = async |query: String| decisions(&admin, &query).await.len();
    let id = binding["id"].as_str().unwrap();
    assert_eq!(count(String::new()).await, 6);
    assert_eq!(count("?verdict=hold".into()).await, 2);
    assert_eq!(count("?verdict=hold&mode=shadow".into()).await, 0);
    assert_eq!(count(format!("?binding={id}&mode=enforce")).await, 6);
    assert_eq!(count(format!("?binding={}", Uuid::now_v7())).await, 0);
    assert_eq!(count("?plugin=letters&community=general".into()).await, 6);
    assert_eq!(count("?plugin=other".into()).await, 0);

    let (mut seen, mut query) = (Vec::new(), "?limit=4".to_owned());
    loop {
        let page = admin.get(&format!("/decisions{query}")).await.expect(200);
        let ids = page["items"].as_array().unwrap().iter().map(|one| one["id"].clone());
        seen.extend(ids);
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=4&cursor={cursor}"),
            None => break,
        }
    }
    let all: Vec<Value> = decisions(&admin, "").await.iter().map(|one| one["id"].clone()).collect();
    assert_eq!(seen, all);
    for bad in ["?verdict=maybe", "?mode=off", "?binding=x", "?target=x"] {
        admin.get(&format!("/decisions{bad}")).await.expect_problem(400, "bad_request");
    }
    admin.get("/decisions?limit=0").await.expect_invalid(&[("limit", "range")]);
    admin.get("/decisions?cursor=bm9uc2Vuc2U").await.expect_invalid(&[("cursor", "cursor")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_takes_two_statements_whatever_the_data() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&admin, "wait").await;
    let on = post(&app, &ada).await;
    for _ in 0..3 {
        comment(&app, &ada, &on, "Hold").await;
        let (list, statements) = app.statements(admin.get("/decisions")).await;
        let id = list.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(statements, 2);
        let (_, statements) = app.statements(admin.get(&format!("/decisions/{id}"))).await;
        assert_eq!(statements, 2);
    }
}
