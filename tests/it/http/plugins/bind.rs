//! Putting plugins to work, and who may.

use gatherly::hooks::Merged;
use hyper::Method;
use serde_json::json;

use super::{
    automod, bind, binding_path, echo, hostile, judge, rejected, upload, verdict, with_echo,
};
use crate::{hooks::guest, support::TestApp};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn plugins_are_the_admins_to_manage() {
    let (app, _admin, binding) = with_echo().await;
    let member = app.member("ada").await;
    let path = binding_path(&binding);
    let rollback = format!("{path}/rollback");
    let body = || json!({"plugin": "echo"});
    for reply in [
        upload(&member, "/plugins", hostile("allow")).await,
        member.post("/plugin-bindings", body()).await,
    ] {
        reply.expect_problem(403, "admins_only");
    }
    // To others a binding is what is not there.
    assert_eq!(member.get("/plugin-bindings").await.expect(200)["items"], json!([]));
    for reply in [
        member.get(&path).await,
        member.patch(&path, json!({"mode": "off"})).await,
        member.delete(&path).await,
        member.send(Method::POST, &rollback, None).await,
    ] {
        reply.expect_problem(404, "not_found");
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
    assert_eq!(binding["grants"], json!({}));
    assert_eq!(binding["previous"], json!([]));
    for absent in ["scope", "error"] {
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
        (
            json!({"plugin": "echo", "grants": {"effects": ["everything"]}}),
            vec![("grants.effects", "unknown")],
        ),
        (json!({"plugin": "echo", "grants": {"http": ["HOST:80"]}}), vec![("grants.http", "host")]),
        (
            json!({"plugin": "echo", "limits": {"effects_per_hour": 1_001, "deadline_ms": 0}}),
            vec![("limits.effects_per_hour", "range"), ("limits.deadline_ms", "range")],
        ),
        (json!({"plugin": "echo", "settings": "bad"}), vec![("settings", "configure-refused")]),
        (json!({"plugin": "echo", "settings": "trap"}), vec![("settings", "configure-fault")]),
    ];
    for (body, expected) in cases {
        admin.post("/plugin-bindings", body).await.expect_invalid(&expected);
    }
    for body in [
        json!({"plugin": "echo", "mode": "loud"}),
        json!({"plugin": "echo", "grants": {"everything": true}}),
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
    let votes = guest::component("export gatherly:plugin/vote-before-cast@0.3.0;", &core);
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
