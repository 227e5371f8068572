//! Nobody decides about themselves, about their own report or about their own act, while
//! somebody else can. Where nobody else can, the decision is marked.

use std::time::Duration;

use gatherly::db::statement;
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{
    Person, Reply, TestApp,
    forum::{comment, each, id, post},
};

/// A decision that a person is to take: an operation with its body.
struct Deciding {
    /// For messages.
    name: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    /// Where the mark is read afterwards: a list, and the field of its first item that has
    /// to have a certain value.
    marked: (&'static str, &'static str, Value),
}

impl Deciding {
    async fn by(&self, person: &Person) -> Reply {
        person.send(self.method.clone(), &self.path, self.body.clone()).await
    }
}

struct Scene {
    app: TestApp,
    root: Person,
    /// An admin who did nothing yet.
    vera: Person,
    /// A moderator of `general`, to whom all matters are tied.
    maud: Person,
    ada: Person,
}

/// The tie of the moderator to the matter.
#[derive(Clone, Copy, Debug)]
enum Tie {
    Post,
    Comment,
    Report,
    RemovedPost,
    RemovedComment,
    LockedPost,
    LockedComment,
    Warning,
    CommunityBan,
    PostBan,
    RemovalAppealed,
    BanAppealed,
    WarningAppealed,
    Appeal,
}

const TIES: [Tie; 14] = [
    Tie::Post,
    Tie::Comment,
    Tie::Report,
    Tie::RemovedPost,
    Tie::RemovedComment,
    Tie::LockedPost,
    Tie::LockedComment,
    Tie::Warning,
    Tie::CommunityBan,
    Tie::PostBan,
    Tie::RemovalAppealed,
    Tie::BanAppealed,
    Tie::WarningAppealed,
    Tie::Appeal,
];

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let root = app.admin("root").await;
        let vera = app.admin("vera").await;
        let (maud, ada) = (app.member("maud").await, app.member("ada").await);
        Self { app, root, vera, maud, ada }
    }

    async fn appoint(&self) {
        let path = "/communities/general/moderators/maud";
        assert!(self.root.put(path, Value::Null).await.status.is_success());
    }

    /// Reports something and returns the path that settles the item.
    async fn reported(&self, by: &Person, kind: &str, target: &Value) -> String {
        let body = json!({"kind": kind, "id": target["id"], "reason": "Look."});
        by.post("/reports", body).await.expect(201);
        let items = self.root.get("/review-items").await.expect(200);
        format!("/review-items/{}/resolutions", id(&items["items"][0]))
    }

    async fn appealed(&self, by: &Person, against: &str, subject: &Value) -> Deciding {
        let body = json!({"against": against, "id": subject["id"], "text": "No."});
        let made = by.post("/appeals", body).await.expect(201);
        Deciding {
            name: "decide_appeal",
            method: Method::POST,
            path: format!("/appeals/{}/resolution", id(&made)),
            body: Some(json!({"grant": true, "note": "Seen."})),
            marked: ("/appeals", "id", made["id"].clone()),
        }
    }

    /// An operation that takes something back, marked in the log as `kind`.
    fn taking_back(path: String, kind: &'static str) -> Deciding {
        let marked = ("/mod-actions", "kind", json!(kind));
        Deciding { name: kind, method: Method::DELETE, path, body: None, marked }
    }

    /// Makes the matter. The moderator is appointed by then.
    async fn matter(&self, tie: Tie) -> Deciding {
        match tie {
            Tie::Post | Tie::Comment | Tie::Report => self.reported_matter(tie).await,
            Tie::RemovalAppealed | Tie::BanAppealed | Tie::WarningAppealed | Tie::Appeal => {
                self.appealed_matter(tie).await
            }
            _ => self.struck_matter(tie).await,
        }
    }

    /// A report that the moderator may not settle.
    async fn reported_matter(&self, tie: Tie) -> Deciding {
        let Self { app, maud, ada, .. } = self;
        self.appoint().await;
        let path = match tie {
            Tie::Post => {
                let own = post(app, maud, "Mine").await;
                self.reported(ada, "post", &own).await
            }
            Tie::Comment => {
                let on = post(app, ada, "Theirs").await;
                let own = comment(app, maud, &on, "Mine").await;
                self.reported(ada, "comment", &own).await
            }
            _ => {
                let theirs = post(app, ada, "Theirs").await;
                self.reported(maud, "post", &theirs).await
            }
        };
        Deciding {
            name: "resolve_review_item",
            method: Method::POST,
            path,
            body: Some(json!({"resolution": "remove", "reason": "Because."})),
            marked: ("/review-items?state=removed", "state", json!("removed")),
        }
    }

    /// An act against the moderator, who may not take it back.
    async fn struck_matter(&self, tie: Tie) -> Deciding {
        let Self { app, root, maud, ada, .. } = self;
        match tie {
            Tie::RemovedPost | Tie::RemovedComment | Tie::LockedPost | Tie::LockedComment => {
                let on = post(app, maud, "Mine").await;
                let below = comment(app, maud, &on, "Mine as well").await;
                let (kind, of) = match tie {
                    Tie::RemovedPost | Tie::LockedPost => ("posts", &on),
                    _ => ("comments", &below),
                };
                let path = format!("/{kind}/{}", id(of));
                let deciding = if matches!(tie, Tie::RemovedPost | Tie::RemovedComment) {
                    let path = format!("{path}/removal");
                    root.post(&path, json!({"reason": "No."})).await.expect(201);
                    Self::taking_back(path, "restore")
                } else {
                    let path = format!("{path}/lock");
                    root.put(&path, json!({"reason": "No."})).await.expect(204);
                    Self::taking_back(path, "unlock")
                };
                self.appoint().await;
                deciding
            }
            Tie::Warning => {
                let body = json!({"username": "maud", "community": "general", "reason": "Stop."});
                let warning = root.post("/warnings", body).await.expect(201);
                self.appoint().await;
                Self::taking_back(format!("/warnings/{}", id(&warning)), "withdraw_warning")
            }
            _ => {
                let on = post(app, ada, "Theirs").await;
                let path = match tie {
                    Tie::PostBan => format!("/posts/{}/bans", id(&on)),
                    _ => "/communities/general/bans".to_owned(),
                };
                let body = json!({"username": "maud", "deeds": ["vote"]});
                let ban = root.post(&path, body).await.expect(201);
                self.appoint().await;
                Self::taking_back(format!("{path}/{}", id(&ban)), "lift_ban")
            }
        }
    }

    /// An appeal that the moderator may not decide.
    async fn appealed_matter(&self, tie: Tie) -> Deciding {
        let Self { app, root, maud, ada, .. } = self;
        match tie {
            Tie::RemovalAppealed => {
                self.appoint().await;
                let theirs = post(app, ada, "Theirs").await;
                let path = format!("/posts/{}/removal", id(&theirs));
                let removal = maud.post(&path, json!({"reason": "No."})).await.expect(201);
                self.appealed(ada, "removal", &removal).await
            }
            Tie::BanAppealed => {
                self.appoint().await;
                let body = json!({"username": "ada", "deeds": ["vote"]});
                let ban = maud.post("/communities/general/bans", body).await.expect(201);
                self.appealed(ada, "ban", &ban).await
            }
            Tie::WarningAppealed => {
                self.appoint().await;
                let body = json!({"username": "ada", "community": "general", "reason": "Stop."});
                let warning = maud.post("/warnings", body).await.expect(201);
                self.appealed(ada, "warning", &warning).await
            }
            _ => {
                let body = json!({"username": "maud", "community": "general", "reason": "Stop."});
                let warning = root.post("/warnings", body).await.expect(201);
                let deciding = self.appealed(maud, "warning", &warning).await;
                self.appoint().await;
                deciding
            }
        }
    }

    /// Closes an account, even that of the last admin.
    async fn close(&self, username: &str) {
        let mut tx = self.app.app.db.begin().await.unwrap();
        let close = statement("update accounts set state = 'closed' where username = ?");
        tx.execute_one(close.bind(username.to_owned())).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_their_own_matter_while_somebody_else_can() {
    for tie in TIES {
        let scene = Scene::start().await;
        let deciding = scene.matter(tie).await;
        deciding.by(&scene.maud).await.expect_problem(403, "own_matter");
        let reply = deciding.by(&scene.vera).await;
        assert!(reply.status.is_success(), "{tie:?}, {}: {}", deciding.name, reply.text());
        let (list, ..) = deciding.marked;
        let seen = scene.vera.get(list).await.expect(200);
        assert!(!seen.to_string().contains("own_matter"), "{tie:?}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_the_only_one_to_decide_may_and_the_decision_is_marked() {
    for tie in TIES {
        let scene = Scene::start().await;
        let deciding = scene.matter(tie).await;
        scene.close("root").await;
        scene.close("vera").await;
        let reply = deciding.by(&scene.maud).await;
        assert!(reply.status.is_success(), "{tie:?}, {}: {}", deciding.name, reply.text());
        let (list, field, value) = &deciding.marked;
        let seen = scene.maud.get(list).await.expect(200);
        let found = seen["items"].as_array().unwrap().iter().find(|item| item[field] == *value);
        let found = found.unwrap_or_else(|| panic!("{tie:?}: {seen}"));
        assert_eq!(found["own_matter"], true, "{tie:?}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_does_not_lift_their_own_ban_or_settle_a_report_of_themselves() {
    let Scene { app, root, maud, ada, .. } = Scene::start().await;
    let ban = json!({"username": "maud", "deeds": ["vote"]});
    let ban = root.post("/bans", ban).await.expect(201);
    let report = json!({"kind": "account", "username": "maud", "reason": "Look."});
    ada.post("/reports", report).await.expect(201);
    root.put("/accounts/maud/role", json!({"role": "admin"})).await.expect(200);
    drop(maud);
    let maud = app.sign_in("maud").await;
    let lift = format!("/bans/{}", id(&ban));
    maud.delete(&lift).await.expect_problem(403, "own_matter");
    let items = maud.get("/review-items").await.expect(200);
    let resolve = format!("/review-items/{}/resolutions", id(&items["items"][0]));
    let body = json!({"resolution": "approve"});
    maud.post(&resolve, body.clone()).await.expect_problem(403, "own_matter");
    root.post(&resolve, body).await.expect(201);
    root.delete(&lift).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_of_a_reported_text_does_not_see_who_reported_it() {
    let scene = Scene::start().await;
    scene.appoint().await;
    let own = post(&scene.app, &scene.maud, "Mine").await;
    scene.reported(&scene.ada, "post", &own).await;
    for (person, reporter) in [(&scene.root, json!("ada")), (&scene.maud, Value::Null)] {
        let items = person.get("/review-items").await.expect(200);
        let item = &items["items"][0];
        assert_eq!(item["reports"][0]["reason"], "Look.");
        assert_eq!(item["reports"][0]["reporter"], reporter);
        let path = format!("/review-items/{}", id(item));
        assert_eq!(person.get(&path).await.expect(200)["reports"], item["reports"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_settles_an_item_that_somebody_else_reported_too() {
    let scene = Scene::start().await;
    scene.appoint().await;
    let theirs = post(&scene.app, &scene.ada, "Theirs").await;
    let resolve = scene.reported(&scene.maud, "post", &theirs).await;
    let body = json!({"resolution": "remove"});
    scene.maud.post(&resolve, body.clone()).await.expect_problem(403, "own_matter");
    let bob = scene.app.member("bob").await;
    scene.reported(&bob, "post", &theirs).await;
    let settled = scene.maud.post(&resolve, body).await.expect(201);
    assert!(settled.get("own_matter").is_none(), "{settled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_who_moderates_opens_what_they_closed_themselves() {
    let scene = Scene::start().await;
    scene.appoint().await;
    let own = post(&scene.app, &scene.maud, "Mine").await;
    let lock = format!("/posts/{}/lock", id(&own));
    scene.maud.put(&lock, json!({})).await.expect(204);
    scene.app.advance(Duration::from_millis(1));
    scene.maud.delete(&lock).await.expect(204);
    let log = scene.root.get("/mod-actions").await.expect(200);
    assert_eq!(each(&log, "kind")[..2], ["unlock", "lock"]);
    assert_eq!(each(&log, "own_matter")[..2], [json!(true), json!(true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_whom_a_matter_is_about_leaves_it_to_the_person_whose_act_it_is() {
    let scene = Scene::start().await;
    let deciding = scene.matter(Tie::Appeal).await;
    scene.close("vera").await;
    deciding.by(&scene.maud).await.expect_problem(403, "own_matter");
    let decided = deciding.by(&scene.root).await.expect(201);
    assert_eq!(decided["own_matter"], true);
}
