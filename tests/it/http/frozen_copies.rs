//! Reported and held content stays readable for those who decide, whatever its author does.

use std::time::Duration;

use gatherly::{
    db::{Columns, statement},
    hooks::{Effect, HookPoint, Reporting, Target},
    retention::Retention,
};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    effects::wanting,
    media::{picture, upload},
    support::{
        Person, TestApp,
        forum::{comment, id, post, try_comment, try_post},
        policy::{bind, enforce_first_letter},
    },
};

/// The words that are reported; no other text has them.
const INSULT: &str = "zqinsult";
const PASSWORD: &str = "correct horse battery";

struct Scene {
    app: TestApp,
    root: Person,
    maud: Person,
    ada: Person,
    bob: Person,
}

async fn start() -> Scene {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let [maud, ada, bob] =
        [app.member("maud").await, app.member("ada").await, app.member("bob").await];
    let path = "/communities/general/moderators/maud";
    assert!(root.put(path, Value::Null).await.status.is_success());
    Scene { app, root, maud, ada, bob }
}

impl Scene {
    async fn report(&self, by: &Person, kind: &str, target: &Value) {
        self.app.advance(Duration::from_secs(1));
        let mut body = json!({"kind": kind, "reason": "Look."});
        match kind {
            "account" => body["username"] = target["username"].clone(),
            _ => body["id"] = target["id"].clone(),
        }
        by.post("/reports", body).await.expect(201);
        self.app.advance(Duration::from_secs(1));
    }

    /// The only open item, as `person` sees it in the list and by itself.
    async fn item(&self, person: &Person) -> (Value, Value) {
        let list = person.get("/review-items").await.expect(200);
        let [item] = list["items"].as_array().unwrap().as_slice() else { panic!("{list}") };
        (item.clone(), person.get(&format!("/review-items/{}", id(item))).await.expect(200))
    }
}

async fn settle(person: &Person, item: &Value, resolution: &str) -> Value {
    let path = format!("/review-items/{}/resolutions", id(item));
    let body = json!({"resolution": resolution, "reason": "Rule 1."});
    person.post(&path, body).await.expect(201)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_text_stays_readable_after_its_author_edits_or_deletes_it_or_leaves() {
    for kind in ["post", "comment"] {
        for way in ["edit", "delete", "edit and delete", "close", "edit and close"] {
            let scene = start().await;
            let Scene { app, maud, ada, bob, .. } = &scene;
            let on = post(app, bob, "Theirs").await;
            let written = match kind {
                "post" => try_post(app, ada, "zqtitle", INSULT).await.expect(201),
                _ => try_comment(app, ada, (&on, None), INSULT).await.expect(201),
            };
            let path = format!("/{kind}s/{}", id(&written));
            scene.report(bob, kind, &written).await;
            if way.contains("edit") {
                ada.patch(&path, json!({"body": "Have a nice day."})).await.expect(200);
            }
            if way.contains("delete") {
                ada.delete(&path).await.expect(204);
            }
            if way.contains("close") {
                let body = json!({"password": PASSWORD});
                ada.send(Method::DELETE, "/me", Some(body)).await.expect(204);
            }
            let (listed, item) = scene.item(maud).await;
            let copy = &item["copies"][0];
            assert_eq!((&copy["body"], &copy["author"]), (&json!(INSULT), &json!("ada")), "{way}");
            assert_eq!(copy["revision"], 1);
            if kind == "post" {
                assert_eq!(copy["title"], "zqtitle");
            }
            let changed: Vec<&str> = item["changed_since"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            // A deletion freezes the text once more: the newest copy is as it was then.
            let expected: &[&str] = match way {
                "edit" => &["edited"],
                "delete" | "edit and delete" => &["deleted_by_author"],
                "close" => &["account_closed"],
                _ => &["edited", "account_closed"],
            };
            assert_eq!(changed, expected, "{kind}, {way}");
            assert_eq!(item.get("text").is_none(), way.contains("delete"));
            assert_eq!(listed["copy_count"], item["copies"].as_array().unwrap().len());
            assert_eq!(listed["copies"].as_array().unwrap().len(), 1);

            if way.contains("close") {
                // The item names the closed account, which can still be banned.
                let ban = json!({"username": item["author"], "deeds": ["post", "comment"]});
                maud.post("/communities/general/bans", ban).await.expect(201);
            }
            let settled = settle(maud, &item, "remove").await;
            assert_eq!(settled["state"], "removed", "{kind}, {way}");
            assert_eq!(settled["copies"][0]["body"], INSULT);
            if way.contains("delete") {
                app.settled().await;
                let told = ada.get("/notifications").await.expect(200);
                let told = &told["items"][0]["values"];
                assert!(told.to_string().contains("Rule 1."), "{told}");
            } else {
                maud.get(&path).await.expect(200);
                app.client.get(&path).await.expect_problem(404, "not_found");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_that_was_reported_is_kept() {
    let scene = start().await;
    let Scene { app, maud, ada, bob, root, .. } = &scene;
    let written = try_post(app, ada, "A title", "zqfirst").await.expect(201);
    let path = format!("/posts/{}", id(&written));
    scene.report(bob, "post", &written).await;
    ada.patch(&path, json!({"body": "zqsecond"})).await.expect(200);
    scene.report(maud, "post", &written).await;
    ada.patch(&path, json!({"body": "zqthird"})).await.expect(200);
    ada.patch(&path, json!({"body": "zqfirst"})).await.expect(200);
    let cyd = app.member("cyd").await;
    scene.report(&cyd, "post", &written).await;
    let (listed, item) = scene.item(root).await;
    let bodies: Vec<&Value> =
        item["copies"].as_array().unwrap().iter().map(|copy| &copy["body"]).collect();
    assert_eq!(bodies, ["zqfirst", "zqsecond"], "what is said twice is kept once");
    assert_eq!(item["copies"][1]["revision"], 2);
    assert_eq!(
        (&listed["copy_count"], &listed["copies"][0]["body"]),
        (&json!(2), &json!("zqsecond"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_text_that_its_author_edits_or_deletes_stays_readable() {
    let scene = start().await;
    let Scene { app, root, maud, ada, .. } = &scene;
    enforce_first_letter(root, "please wait").await;
    let on = post(app, maud, "Theirs").await;
    let held = try_comment(app, ada, (&on, None), "H zqinsult").await.expect(202);
    let path = format!("/comments/{}", id(&held));
    app.advance(Duration::from_secs(1));
    // Held again: the new item has the earlier text as well.
    ada.patch(&path, json!({"body": "H nicer"})).await.expect(202);
    let (_, item) = scene.item(maud).await;
    let bodies = |item: &Value| -> Vec<Value> {
        item["copies"].as_array().unwrap().iter().map(|copy| copy["body"].clone()).collect()
    };
    assert_eq!(bodies(&item), ["H zqinsult", "H nicer"]);
    app.advance(Duration::from_secs(1));
    // Let through by the plugin: it waits still.
    assert!(ada.patch(&path, json!({"body": "Nicest"})).await.status.is_success());
    let (_, item) = scene.item(maud).await;
    assert_eq!(
        (&item["text"]["body"], &item["changed_since"]),
        (&json!("Nicest"), &json!(["edited"]))
    );
    app.advance(Duration::from_secs(1));
    ada.delete(&path).await.expect(204);
    let (_, item) = scene.item(maud).await;
    assert_eq!(bodies(&item), ["H zqinsult", "H nicer", "Nicest"]);
    assert_eq!(item["changed_since"], json!(["deleted_by_author"]));
    assert_eq!(settle(maud, &item, "approve").await["state"], "approved");
    app.client.get(&path).await.expect_problem(404, "not_found");

    let kept = comment(app, ada, &on, "Fine.").await;
    let path = format!("/comments/{}", id(&kept));
    app.advance(Duration::from_secs(1));
    ada.patch(&path, json!({"body": "H edit"})).await.expect(202);
    ada.delete(&path).await.expect(204);
    let (_, item) = scene.item(maud).await;
    assert_eq!((&item["kind"], bodies(&item)), (&json!("edit"), vec![json!("H edit")]));
    assert_eq!(settle(maud, &item, "remove").await["state"], "removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_does_not_withdraw_the_report_of_a_text_that_waits() {
    let scene = start().await;
    let Scene { app, root, maud, ada, .. } = &scene;
    enforce_first_letter(root, "please wait").await;
    let held = try_post(app, ada, "A title", "H zqinsult").await.expect(202);
    scene.report(maud, "post", &held).await;
    ada.patch(&format!("/posts/{}", id(&held)), json!({"body": "H nicer"})).await.expect(202);
    let reports = root.get("/review-items?kind=report").await.expect(200);
    assert_eq!(reports["items"][0]["copies"][0]["body"], "H zqinsult");
}

/// A plugin that annotates reports what it judged: the item has the text of that time.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_a_plugin_opens_has_the_text_that_the_plugin_judged() {
    let scene = start().await;
    let Scene { app, root, maud, ada, .. } = &scene;
    let written = post(app, ada, "A title").await;
    app.settled().await;
    let target = Target::Post(id(&written).to_owned());
    let report = Effect::Report(Reporting { target, reason: "suspicious".into() });
    let guest = wanting(&[HookPoint::ContentBeforePublish], &[report]).to_vec();
    let terms = json!({"mode": "enforce", "grants": {"effects": ["report"]}});
    bind(root, "reporter", guest, terms).await;
    let path = format!("/posts/{}", id(&written));
    app.advance(Duration::from_secs(1));
    ada.patch(&path, json!({"body": "zqjudged"})).await.expect(200);
    // Of two reports of a plugin at once, the one that is filed second is refused.
    app.settled().await;
    ada.patch(&path, json!({"body": "Have a nice day."})).await.expect(200);
    app.settled().await;
    let (_, item) = scene.item(maud).await;
    assert!(item["copies"].to_string().contains("zqjudged"), "{item}");
    assert_eq!(item["reports"][0]["plugin"], "reporter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_profile_stays_readable_with_its_avatar() {
    let scene = start().await;
    let Scene { app, root, ada, bob, .. } = &scene;
    let avatar = upload(app, ada, &picture()).await;
    ada.put("/me/avatar", json!({"media_id": id(&avatar)})).await.expect(204);
    ada.patch("/me", json!({"bio": INSULT})).await.expect(200);
    let account = root.get("/accounts/ada").await.expect(200);
    scene.report(bob, "account", &account).await;
    ada.patch("/me", json!({"bio": "Nice."})).await.expect(200);
    ada.delete("/me/avatar").await.expect(204);
    let (_, item) = scene.item(root).await;
    let copy = &item["copies"][0];
    assert_eq!((&copy["bio"], &copy["author"]), (&json!(INSULT), &json!("ada")));
    assert_eq!(copy["media"][0]["id"], avatar["id"]);
    assert_eq!(copy["media"][0]["digest"], avatar["digest"]);
    assert_eq!(item["changed_since"], json!(["edited"]));
    let file = format!("/media/{}", id(&avatar));
    assert_eq!(root.get(&file).await.status, 200);
    app.client.get(&file).await.expect_problem(404, "not_found");
    ada.get(&file).await.expect_problem(404, "not_found");

    let body = json!({"password": PASSWORD});
    ada.send(Method::DELETE, "/me", Some(body)).await.expect(204);
    let (_, item) = scene.item(root).await;
    assert_eq!(item["copies"][0]["bio"], INSULT);
    assert!(item["changed_since"].to_string().contains("account_closed"), "{item}");
    assert_eq!(root.get(&file).await.status, 200);
    assert_eq!(settle(root, &item, "approve").await["state"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pictures_of_a_reported_post_stay_readable_for_staff_until_the_copies_go() {
    let scene = start().await;
    let Scene { app, root, maud, ada, bob } = &scene;
    let shown = upload(app, ada, &picture()).await;
    app.advance(Duration::from_millis(1));
    let body = json!({"community": "general", "title": "A title", "body": INSULT,
                      "media": [shown["id"]]});
    let written = ada.post("/posts", body).await.expect(201);
    let path = format!("/posts/{}", id(&written));
    scene.report(bob, "post", &written).await;
    ada.patch(&path, json!({"media": []})).await.expect(200);
    ada.delete(&path).await.expect(204);
    app.settled().await;
    // An unused picture is deleted after a day, unless it is evidence.
    app.advance(Duration::from_hours(25));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    let [root, maud, ada, bob] = [
        app.sign_in(&root.name).await,
        app.sign_in(&maud.name).await,
        app.sign_in(&ada.name).await,
        app.sign_in(&bob.name).await,
    ];
    let (_, item) = scene_item(&maud).await;
    assert_eq!(item["copies"][0]["media"][0]["id"], shown["id"]);
    let file = format!("/media/{}", id(&shown));
    for staff in [&root, &maud] {
        assert_eq!(staff.get(&file).await.status, 200);
    }
    bob.get(&file).await.expect_problem(404, "not_found");
    drop(ada);
    settle(&maud, &item, "remove").await;

    let count = async |sql| {
        let row = app.app.db.optional(statement(sql)).await.unwrap().unwrap();
        row.value::<i64>("n").unwrap()
    };
    let (copies, pictures, media) = (
        "select count(*) as n from frozen_copies",
        "select count(*) as n from frozen_pictures",
        "select count(*) as n from media",
    );
    let settings = (app.app.config.retention, app.app.config.decisions);
    let retention = Retention::new(app.app.db.clone(), app.app.clock.clone(), settings);
    app.advance(Duration::from_hours(24 * 179));
    while retention.enforce().await.unwrap() {}
    assert!(count(copies).await > 0);
    app.advance(Duration::from_hours(24 * 2));
    while retention.enforce().await.unwrap() {}
    assert_eq!((count(copies).await, count(pictures).await), (0, 0));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    assert_eq!(count(media).await, 0);
    let root = app.sign_in("root").await;
    root.get(&file).await.expect_problem(404, "not_found");
}

/// The only open item, by itself.
async fn scene_item(person: &Person) -> (Value, Value) {
    let list = person.get("/review-items").await.expect(200);
    let [item] = list["items"].as_array().unwrap().as_slice() else { panic!("{list}") };
    (item.clone(), person.get(&format!("/review-items/{}", id(item))).await.expect(200))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_open_items_are_kept_for_as_long_as_the_items_wait() {
    let scene = start().await;
    let Scene { app, ada, bob, .. } = &scene;
    let written = post(app, ada, "A title").await;
    scene.report(bob, "post", &written).await;
    app.advance(Duration::from_hours(24 * 400));
    while app.app.decisions.tidy().await.unwrap() {}
    let maud = app.sign_in("maud").await;
    let (_, item) = scene.item(&maud).await;
    assert_eq!(item["copies"][0]["body"], "A body.");
}
