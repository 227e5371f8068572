//! Plugins are told of what happened, and what they want done is done: once,
//! within what they may, and so that it can be taken back.

mod guest;
mod limits;
mod oracle;
mod told;
mod undone;

pub(crate) use guest::wanting;

use std::{collections::BTreeMap, sync::Arc};

use gatherly::{
    db::{Columns, statement},
    hooks::{
        Deed, Effect, Emission, HookPoint, Labelling, Mark, Marking, Notice, Priority, Recipient,
        Removal, Reply, Reporting, Sanction, Scope, SlowMode, Target, Warning,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Person, TestApp,
    forum::{self, id},
    policy,
};

const PUBLISHED: &[HookPoint] = &[HookPoint::ContentAfterPublish];

/// A forum with an admin, an author and a post.
pub struct Scene {
    pub app: TestApp,
    pub admin: Person,
    pub ada: Person,
    pub post: Value,
}

impl Scene {
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
        let post = forum::post(&app, &ada, "A title").await;
        // What is bound later is not asked about it.
        app.settled().await;
        Self { app, admin, ada, post }
    }

    pub fn target(&self) -> Target {
        Target::Post(id(&self.post).to_owned())
    }

    pub async fn account(&self, name: &str) -> String {
        let account = self.admin.get(&format!("/accounts/{name}")).await.expect(200);
        id(&account).to_owned()
    }

    /// Binds a guest that wants these effects whenever content is published, and
    /// grants them.
    pub async fn bind(&self, name: &str, effects: &[Effect]) -> Value {
        self.bind_to(name, PUBLISHED, effects, json!({})).await
    }

    pub async fn bind_to(
        &self,
        name: &str,
        hooks: &[HookPoint],
        effects: &[Effect],
        terms: Value,
    ) -> Value {
        // Of two versions, the one that is newer is bound.
        self.app.advance(std::time::Duration::from_millis(1));
        let kinds: Vec<&str> = effects.iter().map(|effect| effect.kind().as_str()).collect();
        let mut all = json!({"mode": "enforce", "grants": {"effects": kinds}});
        for (name, value) in terms.as_object().unwrap() {
            all[name] = value.clone();
        }
        let component = wanting(hooks, effects).to_vec();
        policy::bind(&self.admin, name, component, all).await
    }

    /// The author changes the post: it is published again.
    pub async fn edit(&self, body: &str) {
        let path = format!("/posts/{}", id(&self.post));
        self.ada.patch(&path, json!({"body": body})).await.expect(200);
        self.app.settled().await;
    }

    /// What became of effects: kind, state and reason.
    pub async fn effects(&self) -> Vec<(String, String, Option<String>)> {
        let sql =
            "select kind, state, reason from effects order by applied_at, decision_id, number";
        let rows = self.app.app.db.all(statement(sql)).await.unwrap();
        let value = |row: &gatherly::db::Row, name| row.value::<String>(name).unwrap();
        rows.iter()
            .map(|row| (value(row, "kind"), value(row, "state"), row.value("reason").unwrap()))
            .collect()
    }

    /// How many effects are in each state.
    pub async fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for (_, state, _) in self.effects().await {
            *states.entry(state).or_default() += 1;
        }
        states
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let row = self.app.app.db.optional(statement(sql)).await.unwrap().unwrap();
        row.value("n").unwrap()
    }
}

fn applied(kinds: &[&str]) -> Vec<(String, String, Option<String>)> {
    kinds.iter().map(|kind| ((*kind).to_owned(), "applied".to_owned(), None)).collect()
}

fn remove(target: &Target) -> Effect {
    Effect::Remove(Removal { target: target.clone(), reason: "not here".into() })
}

fn label(target: &Target, label: &str) -> Effect {
    Effect::Label(Labelling { target: target.clone(), label: label.into() })
}

fn warn(account: &str) -> Effect {
    Effect::Warn(Warning { account: account.to_owned(), reason: "careful".into() })
}

fn ban(account: &str) -> Effect {
    Effect::Ban(Sanction {
        account: account.to_owned(),
        scope: Scope::Community,
        place: Some("general".into()),
        deeds: vec![Deed::Vote],
        duration: Some(3_600_000),
        reason: "enough".into(),
    })
}

fn notice(to: Recipient, text: &str) -> Effect {
    Effect::Notify(Notice { to, text: text.into() })
}

fn reply(target: &Target, body: &str) -> Effect {
    Effect::Reply(Reply { target: target.clone(), body: body.into() })
}

/// One of each kind, all at once, and each can be seen.
#[tokio::test(flavor = "multi_thread")]
async fn each_effect_is_done() {
    let scene = Scene::start().await;
    let (target, ada) = (scene.target(), scene.account("ada").await);
    let effects = [
        label(&target, "seen"),
        Effect::Lock(target.clone()),
        Effect::Mark(Marking { target: target.clone(), mark: Mark::Spoiler }),
        Effect::Report(Reporting { target: target.clone(), reason: "look".into() }),
        Effect::Prioritise(Priority { target: target.clone(), priority: 7 }),
        warn(&ada),
        ban(&ada),
        Effect::SlowMode(SlowMode { post: None, interval: 60_000, duration: Some(1_000) }),
        notice(Recipient::Author(target.clone()), "hello"),
        notice(Recipient::Moderators, "hello, moderators"),
        Effect::EmitWebhook(Emission { name: "seen".into(), payload: "{}".into() }),
        remove(&target),
    ];
    scene.bind("watcher", &effects).await;
    scene.edit("Other words.").await;
    let kinds: Vec<&str> = effects.iter().map(|effect| effect.kind().as_str()).collect();
    assert_eq!(scene.effects().await, applied(&kinds));

    let path = format!("/posts/{}", id(&scene.post));
    scene.app.client.get(&path).await.expect_problem(404, "not_found");
    let seen = scene.admin.get(&path).await.expect(200);
    assert_eq!((&seen["locked"], &seen["marks"]), (&json!(true), &json!(["spoiler"])));
    assert_eq!(scene.count("select strikes as n from accounts where username = 'ada'").await, 1);
    assert_eq!(scene.count("select count(*) as n from bans where plugin = 'watcher'").await, 1);
    assert_eq!(scene.count("select count(*) as n from slow_modes").await, 1);
    let told = scene.ada.get("/notifications").await.expect(200);
    assert!(told.to_string().contains("hello"), "{told}");
    let told = scene.admin.get("/notifications").await.expect(200);
    assert!(told.to_string().contains("hello, moderators"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_answers_under_its_own_name() {
    let scene = Scene::start().await;
    scene.bind("welcome", &[reply(&scene.target(), "Welcome!")]).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.effects().await, applied(&["reply"]));
    let path = format!("/posts/{}/comments", id(&scene.post));
    let comments = scene.app.client.get(&path).await.expect(200);
    let comment = &comments["items"][0];
    assert_eq!((&comment["body"], &comment["author"]), (&json!("Welcome!"), &json!("bot-welcome")));
    let bot = scene.app.client.get("/accounts/bot-welcome").await.expect(200);
    assert_eq!(bot["bot"], true);
    // The plugin was told of the edit alone, not of its own comment.
    let decisions = scene.admin.get("/decisions?plugin=welcome").await.expect(200);
    assert_eq!(forum::each(&decisions, "hook"), ["content.after-publish"]);
    // Nobody takes a name like that, or signs in with it.
    let account = json!({"username": "bot-other", "email": "a@example.org", "password": "correct horse battery"});
    scene.app.client.post("/accounts", account).await.expect_invalid(&[("username", "reserved")]);
    let password = json!({"username": "bot-welcome", "password": "correct horse battery"});
    let reply = scene.app.client.post("/sessions", password).await;
    assert_eq!(reply.status.as_u16(), 401, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_does_nothing() {
    let scene = Scene::start().await;
    let terms = json!({"mode": "shadow"});
    scene.bind_to("watcher", PUBLISHED, &[remove(&scene.target())], terms).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.effects().await, []);
    let decisions = scene.admin.get("/decisions?plugin=watcher").await.expect(200);
    assert_eq!(decisions["items"][0]["staff"]["mode"], "shadow");
}

/// An event that is told twice, and whose effects are wanted twice, comes to the
/// same as one.
#[tokio::test(flavor = "multi_thread")]
async fn done_twice_is_done_once() {
    let app = TestApp::start_working(|_, work| {
        work.wrapped(|work| {
            Arc::new(move |job| {
                let (first, second) = (work(job.clone()), Arc::clone(&work));
                Box::pin(async move {
                    first.await?;
                    second(job).await
                })
            })
        })
    })
    .await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let post = forum::post(&app, &ada, "A title").await;
    let scene = Scene { app, admin, ada, post };
    let (target, ada) = (scene.target(), scene.account("ada").await);
    let effects = [reply(&target, "Welcome!"), warn(&ada), notice(Recipient::Moderators, "hello")];
    scene.bind("watcher", &effects).await;
    scene.edit("Other words.").await;
    assert_eq!(scene.effects().await, applied(&["reply", "warn", "notify"]));
    for (what, sql) in [
        ("warnings", "select count(*) as n from warnings"),
        ("comments", "select count(*) as n from comments"),
        ("notices", "select count(*) as n from notifications where kind = 'notice'"),
    ] {
        assert_eq!(scene.count(sql).await, 1, "{what}");
    }
}

fn unknown() -> Target {
    Target::Post(Uuid::now_v7().to_string())
}
