//! Uploading plugins, putting them to work, changing them live.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use gatherly::hooks::{Content, ContentKind, Context, Merged, Operation, Outcome, Purpose};
use hyper::{Method, body::Bytes};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hooks::guest,
    support::{Person, Reply, TestApp, plugin},
};

const WASM: Option<&str> = Some("application/wasm");

fn file(name: &str) -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/plugins/{name}")).expect(name)
}

fn automod() -> Vec<u8> {
    plugin("automod")
}

fn hostile(name: &str) -> Vec<u8> {
    let text = String::from_utf8(file(&format!("hostile/{name}.wat"))).unwrap();
    wat::parse_str(text).expect(name)
}

/// Another version of a component: the same with a custom section at its end.
fn another_version(mut component: Vec<u8>, mark: u8) -> Vec<u8> {
    component.extend([0, 3, 1, b'v', mark]);
    component
}

/// A small plugin that rejects everything, its settings being the reason.
fn echo() -> Vec<u8> {
    guest::configurable().to_vec()
}

async fn upload(admin: &Person, path: &str, component: Vec<u8>) -> Reply {
    admin.send_bytes(Method::POST, path, WASM, Bytes::from(component)).await
}

async fn bind(admin: &Person, body: Value) -> Value {
    admin.post("/plugin-bindings", body).await.expect(201)
}

fn binding_path(binding: &Value) -> String {
    format!("/plugin-bindings/{}", binding["id"].as_str().unwrap())
}

/// What the plugins of the site say of a comment.
async fn judge(app: &TestApp) -> Option<Outcome<Content>> {
    let id = Uuid::now_v7().to_string();
    let context = Context {
        event_id: id.clone(),
        mode: Purpose::Enforce,
        time: 1,
        community: None,
        actor: None,
    };
    let comment = Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id,
        post_id: None,
        parent_id: None,
        title: None,
        body: "ripe fruit".into(),
    };
    app.app.hooks.content_before_publish(None, || (context, comment), |_| Ok(())).await
}

async fn verdict(app: &TestApp) -> Option<Merged> {
    judge(app).await.map(|outcome| outcome.verdict)
}

fn rejected(reason: &str) -> Merged {
    Merged::Reject { reason: reason.to_owned() }
}

/// An admin and an app where the plugin `echo` rejects everything because of "pears".
async fn with_echo() -> (TestApp, Person, Value) {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    upload(&admin, "/plugins?name=echo", echo()).await.expect(201);
    let body = json!({"plugin": "echo", "settings": "pears", "mode": "enforce"});
    let binding = bind(&admin, body).await;
    (app, admin, binding)
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_and_look() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let reply = upload(&admin, "/plugins", automod()).await;
    let version = reply.expect(201);
    assert_eq!(version["plugin"], "automod");
    assert_eq!(version["hooks"], json!(["content.before-publish"]));
    assert_eq!(version["size"], automod().len());
    let path = format!("/plugins/automod/versions/{}", version["digest"].as_str().unwrap());
    assert_eq!(reply.headers["location"], format!("/api/v1{path}"));
    // Everybody may know what is judged by what.
    assert_eq!(app.client.get(&path).await.expect(200), version);
    app.client.get("/plugins/other/versions/00").await.expect_problem(404, "not_found");
    let other = path.replace("automod", "other");
    app.client.get(&other).await.expect_problem(404, "not_found");

    let octets = Some("application/octet-stream");
    let again = admin.send_bytes(Method::POST, "/plugins", octets, automod().into()).await;
    assert_eq!(again.expect(200), version);
    upload(&admin, "/plugins?name=other", automod()).await.expect_problem(409, "other_plugin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_needs_a_name() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let component = hostile("allow");
    upload(&admin, "/plugins", component.clone()).await.expect_invalid(&[("name", "required")]);
    for name in ["a", "UPPER", "with%20space", &"x".repeat(65)] {
        let path = format!("/plugins?name={name}");
        upload(&admin, &path, component.clone()).await.expect_invalid(&[("name", "name")]);
    }
    let version = upload(&admin, "/plugins?name=allow", component).await.expect(201);
    assert_eq!(version["plugin"], "allow");
    assert!(version.get("version").is_none(), "it says none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let text = file("hostile/allow.wat");
    let cases = [
        (b"nonsense".to_vec(), "not-a-component"),
        (Vec::new(), "not-a-component"),
        // Text is for people; a server takes bytes.
        (text.clone(), "not-a-component"),
        (hostile("core-module"), "not-a-component"),
        (hostile("unknown-import"), "unknown-import"),
        (hostile("no-hook"), "no-known-hook"),
        (hostile("wrong-types"), "wrong-type"),
        (hostile("huge-memory"), "too-large"),
    ];
    for (component, code) in cases {
        let reply = upload(&admin, "/plugins?name=bad", component).await;
        reply.expect_invalid(&[("component", code)]);
        assert!(!reply.json()["errors"][0]["message"].as_str().unwrap().is_empty());
    }
    let wrong = upload(&admin, "/plugins?name=bad", hostile("wrong-types")).await.json();
    let message = wrong["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("expected") && message.contains("found"), "{message}");
    let reply = admin.send_bytes(Method::POST, "/plugins", Some("text/plain"), text.into()).await;
    reply.expect_problem(415, "media_type");
    let none = admin.send_bytes(Method::POST, "/plugins", None, automod().into()).await;
    assert!(none.status.is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_are_the_admins_to_manage() {
    let (app, _admin, binding) = with_echo().await;
    let member = app.member("ada").await;
    let path = binding_path(&binding);
    let rollback = format!("{path}/rollback");
    let body = || json!({"plugin": "echo"});
    let forbidden = [
        upload(&member, "/plugins", hostile("allow")).await,
        member.get("/plugin-bindings").await,
        member.post("/plugin-bindings", body()).await,
        member.get(&path).await,
        member.patch(&path, json!({"mode": "off"})).await,
        member.delete(&path).await,
        member.send(Method::POST, &rollback, None).await,
    ];
    for reply in forbidden {
        reply.expect_problem(403, "admins_only");
    }
    app.client.get(&path).await.expect_problem(401, "no_token");
    app.client.post("/plugin-bindings", body()).await.expect_problem(401, "no_token");
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_starts_in_shadow_with_nothing_granted() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let version = upload(&admin, "/plugins?name=echo", echo()).await.expect(201);
    let body = json!({"plugin": "echo", "settings": "pears"});
    let reply = admin.post("/plugin-bindings", body).await;
    let binding = reply.expect(201);
    assert_eq!(reply.headers["location"], format!("/api/v1{}", binding_path(&binding)));
    assert_eq!(binding["digest"], version["digest"]);
    assert_eq!(binding["mode"], "shadow");
    assert_eq!(binding["failure_mode"], "hold");
    assert_eq!(binding["state"], "active");
    assert_eq!(binding["snapshot"], true);
    assert_eq!(binding["revision"], 1);
    assert_eq!(binding["settings"], "pears");
    for absent in ["scope", "grants", "error", "previous"] {
        assert!(binding.get(absent).is_none(), "{absent}");
    }
    assert_eq!(admin.get(&binding_path(&binding)).await.expect(200), binding);

    let outcome = judge(&app).await.expect("it is asked");
    assert_eq!(outcome.verdict, Merged::Allow);
    assert_eq!(outcome.decisions[0].message.as_deref(), Some("pears"));

    let public = app.client.get("/plugins").await.expect(200);
    assert_eq!(public["items"][0]["digest"], version["digest"]);
    assert_eq!(public["items"][0]["mode"], "shadow");
    assert!(public["items"][0].get("settings").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_bound_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    upload(&admin, "/plugins?name=echo", echo()).await.expect(201);
    let digest = "0".repeat(64);
    let huge = "x".repeat((1 << 20) + 1);
    let cases = [
        (json!({"plugin": "nobody"}), vec![("plugin", "unknown")]),
        (json!({"plugin": "No Name"}), vec![("plugin", "name")]),
        (json!({"plugin": "echo", "digest": digest}), vec![("digest", "unknown")]),
        (
            json!({"plugin": "echo", "scope": {"community": "atlantis"}}),
            vec![("scope.community", "unknown")],
        ),
        (
            json!({"plugin": "echo", "settings": huge, "priority": 1_000_001}),
            vec![("settings", "length"), ("priority", "range")],
        ),
        (json!({"plugin": "echo", "settings": "bad"}), vec![("settings", "configure-refused")]),
        (json!({"plugin": "echo", "settings": "trap"}), vec![("settings", "configure-fault")]),
    ];
    for (body, expected) in cases {
        admin.post("/plugin-bindings", body).await.expect_invalid(&expected);
    }
    for body in [
        json!({"plugin": "echo", "mode": "loud"}),
        json!({"plugin": "echo", "grants": ["everything"]}),
        json!({"plugin": "echo", "colour": "red"}),
        json!({}),
    ] {
        admin.post("/plugin-bindings", body).await.expect_problem(400, "bad_request");
    }
    assert_eq!(admin.get("/plugin-bindings").await.expect(200)["items"], json!([]));
    assert_eq!(verdict(&app).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_mode_must_be_one_of_the_hooks() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let core = guest::core("vote-before-cast", &guest::answer(0, ""), "");
    let votes = guest::component("export gatherly:plugin/vote-before-cast@0.1.0;", &core);
    upload(&admin, "/plugins?name=votes", votes.to_vec()).await.expect(201);
    let body = json!({"plugin": "votes", "failure_mode": "hold"});
    admin.post("/plugin-bindings", body).await.expect_invalid(&[("failure_mode", "hook")]);
    let binding = bind(&admin, json!({"plugin": "votes"})).await;
    assert_eq!(binding["failure_mode"], "open");

    upload(&admin, "/plugins?name=trap", hostile("trap")).await.expect(201);
    let body = json!({"plugin": "trap", "mode": "enforce", "failure_mode": "closed"});
    bind(&admin, body).await;
    assert_eq!(verdict(&app).await, Some(Merged::Unavailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_may_be_json_or_text_and_are_refused_in_the_plugins_own_words() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    upload(&admin, "/plugins", automod()).await.expect(201);
    let bad = json!({"plugin": "automod", "settings": {"rules": [{"id": "x"}]}});
    let reply = admin.post("/plugin-bindings", bad).await;
    reply.expect_invalid(&[("settings", "configure-refused")]);
    let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("rules[0]"), "{message}");
    let rules = json!({"rules": [
        {"id": "w", "action": "hold", "message": "no fruit", "when": {"words": ["fruit"]}},
    ]});
    let body = json!({"plugin": "automod", "settings": rules, "mode": "enforce"});
    let binding = bind(&admin, body).await;
    assert_eq!(binding["settings"], rules);
    assert_eq!(verdict(&app).await, Some(Merged::Hold { reason: "no fruit".into() }));
    let yaml = "rules:\n  - { id: w, action: reject, message: none, when: { words: [ripe] } }\n";
    let changed = admin.patch(&binding_path(&binding), json!({"settings": yaml})).await.expect(200);
    assert_eq!(changed["settings"], yaml);
    assert_eq!(verdict(&app).await, Some(rejected("none")));
    let words: Vec<String> = (0..10_000).map(|at| format!("word{at}")).collect();
    let rules = json!({"rules": [
        {"id": "w", "action": "hold", "message": "listed", "when": {"words": words}},
    ]});
    let changed = admin.patch(&binding_path(&binding), json!({"settings": rules})).await;
    assert_eq!(changed.expect(200)["snapshot"], true);
    assert_eq!(verdict(&app).await, Some(Merged::Allow));
}

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
    assert_eq!(admin.get(&path).await.expect(200), binding);
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
    let rollback = format!("{path}/rollback");
    let reply = admin.send(Method::POST, &rollback, None).await;
    reply.expect_problem(409, "no_previous_revision");
    let unknown = format!("/plugin-bindings/{}", Uuid::now_v7());
    admin.patch(&unknown, json!({"mode": "off"})).await.expect_problem(404, "not_found");
    admin.delete(&unknown).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_cannot_take_settings_are_not_put_to_work() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    for name in ["trap-in-configure", "endless-configure"] {
        let component = hostile(name);
        upload(&admin, &format!("/plugins?name={name}"), component).await.expect(201);
        let reply = admin.post("/plugin-bindings", json!({"plugin": name})).await;
        reply.expect_invalid(&[("settings", "configure-fault")]);
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn the_same_component_twice_at_once_is_one_version() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let (one, two) = tokio::join!(
        upload(&admin, "/plugins?name=echo", echo()),
        upload(&admin, "/plugins?name=echo", echo()),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(one.json(), two.json());
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
async fn off_and_removed_bindings_are_not_asked() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let off = admin.patch(&path, json!({"mode": "off"})).await.expect(200);
    assert_eq!(off["state"], "off");
    assert_eq!(verdict(&app).await, None);
    assert_eq!(app.client.get("/plugins").await.expect(200)["items"], json!([]));
    let on = admin.patch(&path, json!({"mode": "enforce", "priority": 5})).await.expect(200);
    assert_eq!((&on["state"], &on["priority"]), (&json!("active"), &json!(5)));
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
    admin.delete(&path).await.expect(204);
    assert_eq!(verdict(&app).await, None);
    admin.get(&path).await.expect_problem(404, "not_found");
    admin.delete(&path).await.expect_problem(404, "not_found");
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
        "update plugin_bindings set mode = 'shadow'",
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

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages() {
    let (app, admin, first) = with_echo().await;
    for _ in 0..2 {
        app.advance(Duration::from_millis(5));
        bind(&admin, json!({"plugin": "echo", "settings": "pears"})).await;
    }
    for path in ["/plugin-bindings", "/plugins"] {
        let page = admin.get(&format!("{path}?limit=2")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = admin.get(&format!("{path}?limit=2&cursor={cursor}")).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        assert_eq!(rest["items"][0]["digest"], first["digest"]);
        assert!(rest.get("next_cursor").is_none());
    }
    admin.get("/plugin-bindings?cursor=x").await.expect_invalid(&[("cursor", "cursor")]);
}
