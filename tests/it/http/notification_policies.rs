//! Every kind of notification arrives, and none of them without being asked
//! about: a policy puts each off, or suppresses it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    hooks::guest,
    support::{
        Person, TestApp,
        forum::{comment, each, id, post, try_comment},
        policy, wait_for,
    },
};

/// What somebody is told who lives through all of it.
const KINDS: [&str; 7] = ["approved", "banned", "held", "mention", "removed", "reply", "warned"];

/// A policy that says the same of every notification.
fn saying(verdict: &str) -> Vec<u8> {
    let decide = format!("{verdict} (i32.const 1024)");
    let world = "export gatherly:plugin/notification-before-send@0.3.0;";
    guest::component(world, &guest::core("notification-before-send", &decide, "")).to_vec()
}

/// Puts all off by an hour.
fn later() -> Vec<u8> {
    saying(
        "(i32.store8 (i32.const 1024) (i32.const 1))
         (i32.store8 (i32.const 1032) (i32.const 1))
         (i64.store (i32.const 1040) (i64.const 3600000))",
    )
}

/// Suppresses all.
fn never() -> Vec<u8> {
    saying("(i32.store8 (i32.const 1024) (i32.const 2))")
}

/// A forum, and the policy that is at work there.
struct Scene {
    app: TestApp,
    admin: Person,
}

impl Scene {
    /// A forum where ada lives through everything that people are told of.
    async fn start(policy: Option<Vec<u8>>) -> Self {
        let app = TestApp::start().await;
        let admin = app.admin("boss").await;
        if let Some(component) = policy {
            let terms = json!({"mode": "enforce", "grants": {"modify": true}});
            policy::bind(&admin, "usher", component, terms).await;
        }
        policy::enforce_first_letter(&admin, "please wait").await;
        let scene = Self { app, admin };
        scene.everything_happens().await;
        scene.app.settled().await;
        scene
    }

    async fn everything_happens(&self) {
        let Self { app, admin } = self;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        let hers = post(app, &ada, "A title").await;
        comment(app, &bob, &hers, "An answer.").await;
        let his = post(app, &bob, "Another title").await;
        comment(app, &bob, &his, "What does @ada say?").await;
        try_comment(app, &ada, (&his, None), "Held").await.expect(202);
        app.settled().await;
        let items = admin.get("/review-items").await.expect(200);
        let path = format!("/review-items/{}/resolutions", id(&items["items"][0]));
        admin.post(&path, json!({"resolution": "approve"})).await.expect(201);
        let path = format!("/posts/{}/removal", id(&hers));
        admin.post(&path, json!({"reason": "No."})).await.expect(201);
        let ban = json!({"username": "ada", "deeds": ["vote"], "reason": "Too many votes."});
        admin.post("/communities/general/bans", ban).await.expect(201);
        let warning = json!({"username": "ada", "reason": "Stop."});
        admin.post("/warnings", warning).await.expect(201);
    }

    /// The kinds of what ada is told.
    async fn told(&self) -> Vec<String> {
        let list = self.app.sign_in("ada").await.get("/notifications").await.expect(200);
        words(&each(&list, "kind"))
    }

    /// The kinds of what the policy was asked about for ada, all of which got
    /// this verdict.
    async fn asked(&self, verdict: &str) -> Vec<String> {
        let list = self.admin.get("/decisions?plugin=usher&limit=100").await.expect(200);
        let mut kinds = Vec::new();
        for decision in each(&list, "id") {
            let path = format!("/decisions/{}", decision.as_str().unwrap());
            let decision = self.admin.get(&path).await.expect(200);
            assert_eq!(decision["hook"], "notification.before-send");
            assert_eq!(decision["verdict"], verdict, "{decision}");
            let asked = &decision["staff"]["input"]["notification"];
            if asked["recipient"]["username"] == "ada" {
                kinds.push(asked["kind"].clone());
            }
        }
        words(&kinds)
    }
}

fn words(values: &[Value]) -> Vec<String> {
    let mut words: Vec<String> =
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
    words.sort();
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_arrives() {
    let scene = Scene::start(None).await;
    assert_eq!(scene.told().await, KINDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_can_be_suppressed() {
    let scene = Scene::start(Some(never())).await;
    assert_eq!(scene.told().await, [""; 0]);
    assert_eq!(scene.asked("reject").await, KINDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_can_be_put_off() {
    let scene = Scene::start(Some(later())).await;
    assert_eq!(scene.told().await, [""; 0]);
    assert_eq!(scene.asked("modify").await, KINDS);
    scene.app.advance(Duration::from_mins(61));
    scene.app.app.notifications.send_due().await.unwrap();
    wait_for("they arrive", async || scene.told().await.len() == KINDS.len()).await;
    assert_eq!(scene.told().await, KINDS);
}
