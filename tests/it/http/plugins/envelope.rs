//! What a community's moderators may bind, and what becomes of it.

use hyper::Method;
use serde_json::{Value, json};

use super::{bind, binding_path, echo, rejected, upload, verdict_in, with_echo};
use crate::support::{Person, TestApp};

/// What admins allow in these tests.
fn envelope() -> Value {
    json!({
        "plugins": ["echo"],
        "grants": {"modify": true, "effects": ["label"]},
        "priority": {"min": -10, "max": 10},
        "max_bindings": 1,
        "modes": ["shadow", "enforce"],
        "failure_modes": ["hold"],
    })
}

/// A community with an envelope, its moderator, and one of another community.
async fn scene() -> (TestApp, Person, Person, Person) {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    upload(&admin, "/plugins?name=echo", echo()).await.expect(201);
    let mut moderators = Vec::new();
    for (slug, name) in [("garden", "mona"), ("orchard", "otto")] {
        admin.post("/communities", json!({"slug": slug, "name": slug})).await.expect(201);
        moderators.push(app.member(name).await);
        let path = format!("/communities/{slug}/moderators/{name}");
        admin.put(&path, json!({})).await.expect(204);
    }
    admin.put("/communities/garden/plugin-envelope", envelope()).await.expect(200);
    let otto = moderators.pop().unwrap();
    (app, admin, moderators.pop().unwrap(), otto)
}

fn wish(change: &Value) -> Value {
    let mut wish = json!({
        "plugin": "echo", "scope": {"community": "garden"}, "settings": "pears",
        "mode": "enforce", "failure_mode": "hold",
    });
    for (name, value) in change.as_object().unwrap() {
        wish[name] = value.clone();
    }
    wish
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_bind_within_the_envelope() {
    let (app, admin, mona, otto) = scene().await;
    let shown = mona.get("/communities/garden/plugin-envelope").await.expect(200);
    assert_eq!(shown, envelope());
    let none = otto.get("/communities/orchard/plugin-envelope").await.expect(200);
    assert_eq!((&none["max_bindings"], &none["modes"]), (&json!(0), &json!([])));

    let binding = bind(&mona, wish(&json!({}))).await;
    assert_eq!(binding["changed_as"], "moderator");
    assert_eq!(verdict_in(&app, "garden").await, Some(rejected("pears")));
    assert_eq!(verdict_in(&app, "orchard").await, None);
    let path = binding_path(&binding);
    mona.patch(&path, json!({"settings": "plums", "priority": 10})).await.expect(200);
    assert_eq!(verdict_in(&app, "garden").await, Some(rejected("plums")));
    let back = mona.send(Method::POST, &format!("{path}/rollback"), None).await.expect(200);
    assert_eq!(back["settings"], "pears");
    // Others neither see nor touch it; the site's they do not see.
    let site = bind(&admin, json!({"plugin": "echo", "settings": "figs"})).await;
    for (who, path) in [(&otto, &path), (&mona, &binding_path(&site))] {
        who.get(path).await.expect_problem(404, "not_found");
        who.patch(path, json!({"mode": "off"})).await.expect_problem(404, "not_found");
        who.delete(path).await.expect_problem(404, "not_found");
    }
    let list = mona.get("/plugin-bindings").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(otto.get("/plugin-bindings").await.expect(200)["items"], json!([]));
    mona.delete(&path).await.expect(204);
    // The site's is in shadow.
    assert_eq!(verdict_in(&app, "garden").await, Some(gatherly::hooks::Merged::Allow));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_is_refused_by_name() {
    let (_app, admin, mona, otto) = scene().await;
    upload(&admin, "/plugins?name=other", super::another_version(echo(), b'o')).await.expect(201);
    for (change, field) in [
        (json!({"plugin": "other"}), "plugin"),
        (json!({"priority": 11}), "priority"),
        (json!({"failure_mode": "open"}), "failure_mode"),
        (json!({"grants": {"state": true}}), "grants.state"),
        (json!({"grants": {"effects": ["ban"]}}), "grants.effects"),
    ] {
        let reply = mona.post("/plugin-bindings", wish(&change)).await;
        let problem = reply.expect_problem(403, "outside_envelope");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{field}`")), "{detail}");
    }
    let binding = bind(&mona, wish(&json!({}))).await;
    let second = mona.post("/plugin-bindings", wish(&json!({}))).await;
    second.expect_problem(403, "outside_envelope");
    let path = binding_path(&binding);
    mona.patch(&path, json!({"priority": 11})).await.expect_problem(403, "outside_envelope");
    assert_eq!(admin.get(&path).await.expect(200)["revision"], 1);
    // Elsewhere, on the whole site, and where nothing is allowed.
    for body in [
        wish(&json!({"scope": {"community": "orchard"}})),
        wish(&json!({"scope": {"community": "atlantis"}})),
        json!({"plugin": "echo"}),
    ] {
        mona.post("/plugin-bindings", body).await.expect_problem(403, "admins_only");
    }
    let mine = wish(&json!({"scope": {"community": "orchard"}}));
    otto.post("/plugin-bindings", mine).await.expect_problem(403, "outside_envelope");
    let own = otto.put("/communities/orchard/plugin-envelope", envelope()).await;
    own.expect_problem(403, "admins_only");
    let mut wrong = envelope();
    wrong["priority"] = json!({"min": 5, "max": 1});
    wrong["max_bindings"] = json!(101);
    let reply = admin.put("/communities/garden/plugin-envelope", wrong).await;
    reply.expect_invalid(&[("priority", "range"), ("max_bindings", "range")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_envelope_cuts_grants_and_says_so() {
    let (app, admin, mona, _) = scene().await;
    let grants = json!({"grants": {"modify": true}});
    let binding = bind(&mona, wish(&grants)).await;
    let path = binding_path(&binding);
    assert!(binding.get("outside_envelope").is_none());
    let mut narrow = envelope();
    narrow["grants"] = json!({});
    admin.put("/communities/garden/plugin-envelope", narrow).await.expect(200);
    let shown = mona.get(&path).await.expect(200);
    assert_eq!(shown["outside_envelope"], "grants.modify");
    assert_eq!(shown["state"], "active", "it goes on");
    assert_eq!(verdict_in(&app, "garden").await, Some(rejected("pears")));
    // What the server does to limit damage does not free it.
    let id: uuid::Uuid = binding["id"].as_str().unwrap().parse().unwrap();
    app.app.plugins.degrade(id.into(), "too many removals").await.unwrap();
    let shown = mona.get(&path).await.expect(200);
    assert_eq!((&shown["mode"], &shown["changed_as"]), (&json!("shadow"), &json!("system")));
    assert_eq!(shown["reason"], "too many removals");
    assert_eq!(shown["outside_envelope"], "grants.modify");
    // A moderator can bring it back inside, or switch it off; an admin may let it stay.
    mona.patch(&path, json!({"settings": "figs"})).await.expect_problem(403, "outside_envelope");
    let inside = mona.patch(&path, json!({"grants": {}})).await.expect(200);
    assert!(inside.get("outside_envelope").is_none());
    let kept = admin.patch(&path, json!({"grants": {"modify": true}})).await.expect(200);
    assert_eq!(kept["changed_as"], "admin");
    assert!(kept.get("outside_envelope").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_plugin_is_not_called_until_it_is_restored() {
    let (app, admin, binding) = with_echo().await;
    let path = binding_path(&binding);
    let quarantine = format!("{path}/quarantine");
    let shown = admin.send(Method::POST, &quarantine, None).await.expect(200);
    assert_eq!(shown["state"], "quarantined");
    assert!(shown["quarantined_at"].is_string());
    let outcome = super::judge(&app).await.expect("its failure mode applies");
    assert!(matches!(outcome.verdict, gatherly::hooks::Merged::Hold { .. }), "{outcome:?}");
    assert!(outcome.decisions[0].fault.is_some());

    // It is stored: another process, or the next one, knows.
    let app = app.restart_with(|_| {}).await;
    let admin = app.sign_in(&admin.name).await;
    assert_eq!(admin.get(&path).await.expect(200)["state"], "quarantined");
    let shown = admin.delete(&quarantine).await.expect(200);
    assert_eq!((&shown["state"], shown.get("quarantined_at")), (&json!("active"), None));
    assert_eq!(super::verdict(&app).await, Some(rejected("pears")));
}
