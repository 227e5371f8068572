//! Those who look after a binding are told when something is wrong with it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{bind, binding_path, hostile, upload};
use crate::{
    hooks::guest,
    support::{Person, TestApp, policy, wait_for},
};

/// The promise: seen by admins this long after the last failure.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// What somebody was told of trouble.
async fn troubles(person: &Person) -> Vec<Value> {
    let list = person.get("/notifications").await.expect(200);
    let items = list["items"].as_array().unwrap().iter();
    items.filter(|item| item["kind"] == "plugin_trouble").cloned().collect()
}

fn value<'a>(item: &'a Value, name: &str) -> &'a str {
    let values = item["values"].as_array().unwrap();
    let found = values.iter().find(|value| value["name"] == name);
    found.map_or("", |value| value["value"].as_str().unwrap())
}

/// Writes a comment that breaks what judges it down.
async fn comment(app: &TestApp, who: &Person, post: &str) {
    app.advance(Duration::from_millis(1));
    let comments = format!("/posts/{post}/comments");
    who.post(&comments, json!({"body": "A comment"})).await.expect(201);
}

/// The garden with a moderator, and a plugin that breaks down at once bound to it.
struct Garden {
    app: TestApp,
    admin: Person,
    gardener: Person,
    elsewhere: Person,
    member: Person,
    post: String,
}

impl Garden {
    async fn plant() -> Self {
        let app = TestApp::start().await;
        let (admin, member) = (app.admin("root").await, app.member("ada").await);
        let (gardener, elsewhere) = (app.member("mona").await, app.member("otto").await);
        for (slug, moderator) in [("garden", &gardener), ("orchard", &elsewhere)] {
            admin.post("/communities", json!({"slug": slug, "name": slug})).await.expect(201);
            let path = format!("/communities/{slug}/moderators/{}", moderator.name);
            admin.put(&path, json!({})).await.expect(204);
        }
        let post = json!({"community": "garden", "title": "A post", "body": "Its words"});
        let post = member.post("/posts", post).await.expect(201)["id"].as_str().unwrap().to_owned();
        Self { app, admin, gardener, elsewhere, member, post }
    }

    /// Puts what breaks down to work.
    async fn bind(&self, scope: Value) -> Value {
        // It breaks down on what was recorded as well, and nothing was yet.
        upload(&self.admin, "/plugins?name=trap", hostile("trap")).await;
        let body = json!({
            "plugin": "trap", "mode": "enforce", "failure_mode": "open", "scope": scope,
        });
        bind(&self.admin, body).await
    }

    async fn break_down(&self) {
        for _ in 0..5 {
            comment(&self.app, &self.member, &self.post).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_told_within_a_second() {
    let garden = Garden::plant().await;
    let Garden { app, admin, gardener, elsewhere, member, .. } = &garden;
    let binding = garden.bind(json!({"community": "garden"})).await;
    // A policy on notifications that would suppress each, and is not asked.
    let world = "export gatherly:plugin/notification-before-send@0.3.0;";
    let refuse = guest::answer(2, "");
    let silencer =
        guest::component(world, &guest::core("notification-before-send", &refuse, "")).to_vec();
    policy::bind(admin, "silencer", silencer, json!({"mode": "enforce"})).await;

    garden.break_down().await;
    let failed = Instant::now();
    wait_for("the admin is told", async || !troubles(admin).await.is_empty()).await;
    wait_for("the moderator is told", async || !troubles(gardener).await.is_empty()).await;
    let elapsed = failed.elapsed();
    assert!(elapsed < SEEN_WITHIN, "told after {elapsed:?}");
    let told = troubles(gardener).await.remove(0);
    assert_eq!((&told["binding_id"], &told["community"]), (&binding["id"], &json!("garden")));
    assert_eq!((value(&told, "plugin"), value(&told, "trouble")), ("trap", "quarantined"));
    assert_eq!(value(&told, "reason"), "trap");
    let list = admin.get("/plugin-bindings").await.expect(200);
    let items = list["items"].as_array().unwrap();
    let listed = items.iter().find(|item| item["id"] == binding["id"]).unwrap();
    for shown in [listed, &admin.get(&binding_path(&binding)).await.expect(200)] {
        assert_eq!(shown["state"], "quarantined", "{shown}");
        let (since, until) = (&shown["quarantined_at"], &shown["quarantined_until"]);
        assert!(since.as_str().unwrap() <= until.as_str().unwrap(), "{shown}");
    }
    let breaker = &listed["breakers"][0];
    assert_eq!((&breaker["quarantined"], &breaker["faults"]), (&json!(true), &json!(5)));
    assert!(breaker["last_fault"].is_string(), "{breaker}");
    app.settled().await;
    assert_eq!((troubles(member).await.len(), troubles(elsewhere).await.len()), (0, 0));
    let asked = admin.get("/decisions?plugin=silencer").await.expect(200);
    assert_eq!(asked["items"], json!([]), "no plugin is asked about the trouble of another");

    // Until it is read, the same trouble with the same binding is told once.
    let path = format!("{}/quarantine", binding_path(&binding));
    admin.delete(&path).await.expect(200);
    let ids = json!({"ids": [told["id"]]});
    gardener.post("/notifications/read", ids).await.expect(204);
    garden.break_down().await;
    wait_for("the moderator is told", async || troubles(gardener).await.len() == 2).await;
    app.settled().await;
    assert_eq!(troubles(admin).await.len(), 1);

    // Who does not look after it any more reads nothing of it.
    admin.delete("/communities/garden/moderators/mona").await.expect(204);
    for told in troubles(gardener).await {
        assert_eq!((&told["hidden"], &told["values"]), (&json!(true), &json!([])));
        assert!(told.get("binding_id").is_none(), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_sites_plugins_only_admins_are_told() {
    let garden = Garden::plant().await;
    let Garden { app, admin, gardener, .. } = &garden;
    let other = app.admin("second").await;
    other
        .put("/me/notification-preferences", json!({"muted": ["plugin_trouble"], "utc_offset": 0}))
        .await
        .expect(200);
    garden.bind(Value::Null).await;
    garden.break_down().await;
    wait_for("the admin is told", async || !troubles(admin).await.is_empty()).await;
    app.settled().await;
    assert_eq!((troubles(gardener).await.len(), troubles(&other).await.len()), (0, 0));
}
