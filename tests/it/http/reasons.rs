//! The reasons that authors are given: each act tells its own, and no other.

use std::time::Duration;

use gatherly::hooks::{Effect, HookPoint, Removal, Target};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    effects::wanting,
    support::{
        Person, TestApp,
        forum::{comment, id, post, try_comment, try_post},
        policy::{bind, enforce_first_letter},
        wait_for,
    },
};

/// The plugin's words for what it holds or rejects.
const PLUGIN: &str = "please wait";
/// A remark that no author may read.
const NOTE: &str = "zqstaffnote";

struct Cast {
    app: TestApp,
    root: Person,
    ada: Person,
    bob: Person,
}

async fn start() -> Cast {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    enforce_first_letter(&root, PLUGIN).await;
    Cast { app, root, ada, bob }
}

impl Cast {
    /// Settles the only open item.
    async fn settle(&self, resolution: &str, reason: Option<&str>) -> Value {
        self.app.advance(Duration::from_millis(5));
        let open = self.root.get("/review-items").await.expect(200);
        let [item] = open["items"].as_array().unwrap().as_slice() else { panic!("{open}") };
        let mut body = json!({"resolution": resolution, "note": NOTE});
        if let Some(reason) = reason {
            body["reason"] = json!(reason);
        }
        let path = format!("/review-items/{}/resolutions", id(item));
        self.root.post(&path, body).await.expect(201)
    }

    async fn report(&self, kind: &str, target: &Value) {
        self.app.advance(Duration::from_millis(5));
        let body = json!({"kind": kind, "id": target["id"], "reason": "Look."});
        self.bob.post("/reports", body).await.expect(201);
    }

    /// Kind and reason of the author's newest notification.
    async fn newest(&self) -> (String, Option<String>) {
        self.app.settled().await;
        let list = self.ada.get("/notifications").await.expect(200);
        assert!(!list.to_string().contains(NOTE), "{list}");
        let item = &list["items"][0];
        let kind = item["kind"].as_str().unwrap().to_owned();
        (kind, value(item, "reason"))
    }

    /// The message of the author's view of content.
    async fn message(&self, path: &str) -> Option<String> {
        let seen = self.ada.get(path).await.expect(200);
        assert!(!seen.to_string().contains(NOTE), "{seen}");
        seen["moderation"]["message"].as_str().map(str::to_owned)
    }

    /// Asserts that the newest notification and the author's view give one reason.
    async fn assert_told(&self, path: &str, kind: &str, reason: Option<&str>) {
        let reason = reason.map(str::to_owned);
        assert_eq!(self.newest().await, (kind.to_owned(), reason.clone()), "the notification");
        assert_eq!(self.message(path).await, reason, "the view of {path}");
    }
}

fn value(item: &Value, name: &str) -> Option<String> {
    let values = item["values"].as_array().unwrap();
    let found = values.iter().find(|value| value["name"] == name)?;
    found["value"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_on_a_post_gives_its_author_its_own_reason() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    let held = try_post(app, ada, "A title", "Held.").await.expect(202);
    let path = format!("/posts/{}", id(&held));
    cast.assert_told(&path, "held", Some(PLUGIN)).await;
    cast.settle("approve", Some("Fine after all.")).await;
    assert_eq!(cast.newest().await, ("approved".into(), Some("Fine after all.".into())));
    assert_eq!(cast.message(&path).await, None);

    // The text was held once: no later act may repeat the words of that time.
    let removal = format!("{path}/removal");
    for reason in [Some("Rule 3."), None, Some("Rule 4.")] {
        cast.report("post", &held).await;
        let settled = cast.settle("remove", reason).await;
        assert_eq!(settled["resolution_reason"].as_str(), reason);
        assert_eq!(settled["note"], NOTE);
        cast.assert_told(&path, "removed", reason).await;
        let log = root.get("/mod-actions?kind=remove").await.expect(200);
        assert_eq!(log["items"][0]["reason"].as_str(), reason);
        root.delete(&removal).await.expect(204);
        assert_eq!(cast.message(&path).await, None);
    }
    for reason in [json!({}), json!({"reason": "Directly."})] {
        app.advance(Duration::from_millis(5));
        root.post(&removal, reason.clone()).await.expect(201);
        cast.assert_told(&path, "removed", reason["reason"].as_str()).await;
        root.delete(&removal).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_text_that_is_refused_tells_the_reason_of_the_refusal() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    let on = post(app, ada, "Fine").await;
    for reason in [Some("Not here."), None] {
        let held = try_comment(app, ada, (&on, None), "Held.").await.expect(202);
        let path = format!("/comments/{}", id(&held));
        cast.assert_told(&path, "held", Some(PLUGIN)).await;
        cast.settle("remove", reason).await;
        cast.assert_told(&path, "removed", reason).await;
        let held = try_comment(app, ada, (&on, None), "Held again.").await.expect(202);
        let path = format!("/comments/{}", id(&held));
        cast.assert_told(&path, "held", Some(PLUGIN)).await;
        let removal = json!({"reason": reason});
        root.post(&format!("{path}/removal"), removal).await.expect(201);
        cast.assert_told(&path, "removed", reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_edit_is_told_with_its_reason() {
    let cast = start().await;
    let Cast { app, ada, .. } = &cast;
    let on = post(app, ada, "Fine").await;
    let below = comment(app, ada, &on, "Fine.").await;
    for path in [format!("/posts/{}", id(&on)), format!("/comments/{}", id(&below))] {
        for reason in [Some("Keep the first version."), None] {
            app.advance(Duration::from_millis(5));
            ada.patch(&path, json!({"body": "Held edit."})).await.expect(202);
            cast.assert_told(&path, "held", Some(PLUGIN)).await;
            cast.settle("remove", reason).await;
            assert_eq!(cast.newest().await, ("notice".into(), reason.map(str::to_owned)));
            assert_eq!(cast.message(&path).await, None);
        }
        app.advance(Duration::from_millis(5));
        ada.patch(&path, json!({"body": "Held edit."})).await.expect(202);
        // Two jobs that wait together may run in either order.
        cast.assert_told(&path, "held", Some(PLUGIN)).await;
        cast.settle("approve", Some("Better.")).await;
        assert_eq!(cast.newest().await, ("approved".into(), Some("Better.".into())));
    }
    let told = ada.get("/notifications").await.expect(200);
    let texts: Vec<_> =
        told["items"].as_array().unwrap().iter().filter_map(|item| value(item, "text")).collect();
    assert_eq!(texts, ["Your edit was refused."; 4]);
}

/// Removals by a plugin's effect, on publication and on a schedule, of a text that was
/// held before.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_by_an_effect_gives_the_reason_of_the_effect() {
    for hook in [HookPoint::ContentAfterPublish, HookPoint::ScheduleTick] {
        let cast = start().await;
        let Cast { app, root, ada, .. } = &cast;
        let held = try_post(app, ada, "A title", "Held.").await.expect(202);
        let path = format!("/posts/{}", id(&held));
        app.settled().await;
        let target = Target::Post(id(&held).to_owned());
        let effect = Effect::Remove(Removal { target, reason: "swept".into() });
        let terms = json!({"mode": "enforce", "grants": {"effects": ["remove"]}});
        app.advance(Duration::from_millis(1));
        bind(root, "sweeper", wanting(&[hook], &[effect]).to_vec(), terms).await;
        cast.settle("approve", None).await;
        app.settled().await;
        // A person approved the text: the plugin may judge only a newer one.
        app.advance(Duration::from_millis(5));
        ada.patch(&path, json!({"body": "New words."})).await.expect(200);
        app.settled().await;
        if hook == HookPoint::ScheduleTick {
            app.advance(Duration::from_mins(6));
        }
        wait_for("the removal", async || ada.get(&path).await.json()["state"] == "removed").await;
        cast.assert_told(&path, "removed", Some("swept")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_appeals_are_told_with_the_note_and_leave_no_reason_behind() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    app.admin("second").await;
    let second = app.sign_in("second").await;
    let written = post(app, ada, "A title").await;
    let path = format!("/posts/{}", id(&written));
    let removal = format!("{path}/removal");
    for (grant, text) in [(false, "Your appeal was denied."), (true, "Your appeal was granted.")] {
        app.advance(Duration::from_millis(5));
        let removed = root.post(&removal, json!({"reason": "Spam."})).await.expect(201);
        cast.assert_told(&path, "removed", Some("Spam.")).await;
        let body = json!({"against": "removal", "id": removed["id"], "text": "It is not."});
        let made = ada.post("/appeals", body).await.expect(201);
        app.advance(Duration::from_millis(5));
        let decision = json!({"grant": grant, "note": "We looked again."});
        let decide = format!("/appeals/{}/resolution", id(&made));
        second.post(&decide, decision).await.expect(201);
        app.settled().await;
        let told = ada.get("/notifications").await.expect(200);
        let told = told["items"].as_array().unwrap();
        let notice = told.iter().find(|item| value(item, "text").as_deref() == Some(text));
        let notice = notice.unwrap_or_else(|| panic!("{text} is not in {told:?}"));
        assert_eq!(value(notice, "reason").as_deref(), Some("We looked again."));
        let expected = (!grant).then(|| "Spam.".to_owned());
        assert_eq!(cast.message(&path).await, expected);
        if !grant {
            root.delete(&removal).await.expect(204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_an_undo_published_has_no_reason_and_a_later_removal_its_own() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    let held = try_post(app, ada, "A title", "Held.").await.expect(202);
    let path = format!("/posts/{}", id(&held));
    cast.assert_told(&path, "held", Some(PLUGIN)).await;
    app.advance(Duration::from_millis(5));
    let bindings = root.get("/plugin-bindings").await.expect(200);
    let body = json!({"binding_id": id(&bindings["items"][0])});
    let reply = root.post("/undos", body).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    app.settled().await;
    assert_eq!(cast.newest().await, ("approved".into(), None));
    assert_eq!(cast.message(&path).await, None);
    cast.report("post", &held).await;
    cast.settle("remove", Some("Rule 1.")).await;
    cast.assert_told(&path, "removed", Some("Rule 1.")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_with_a_reason_is_told_to_the_author() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    let written = post(app, ada, "A title").await;
    let path = format!("/posts/{}/lock", id(&written));
    root.send(Method::PUT, &path, Some(json!({"reason": "Too heated."}))).await.expect(204);
    assert_eq!(cast.newest().await, ("notice".into(), Some("Too heated.".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_of_unread_notifications_has_the_reasons() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.verified("ada").await);
    ada.put("/me/digest", json!({"wanted": true})).await.expect(200);
    let written = post(&app, &ada, "A title").await;
    let removal = format!("/posts/{}/removal", id(&written));
    let reason = json!({"reason": "See evil.example for more."});
    let removed = root.post(&removal, reason).await.expect(201);
    let body = json!({"against": "removal", "id": removed["id"], "text": "It is not."});
    let made = ada.post("/appeals", body).await.expect(201);
    let decision = json!({"grant": false, "note": "It is."});
    root.post(&format!("/appeals/{}/resolution", id(&made)), decision).await.expect(201);
    app.settled().await;
    app.advance(Duration::from_hours(24));
    app.app.mailing.digests.make_due().await.unwrap();
    app.settled().await;
    let mails = app.mails("ada@example.org");
    let mail = mails.iter().find(|mail| mail.header("Subject").starts_with("What you have not"));
    let text = &mail.expect("a digest").text;
    let removed = "What you wrote in “A title” was removed. Reason: “See evil·example for more·”.";
    let removed = removed.trim_end_matches('.');
    assert!(text.contains(removed), "{text}");
    assert!(text.contains("“Your appeal was denied·” Reason: “It is·”"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_of_a_resolution_has_a_limit() {
    let cast = start().await;
    let Cast { app, root, ada, .. } = &cast;
    try_post(app, ada, "A title", "Held.").await.expect(202);
    let open = root.get("/review-items").await.expect(200);
    let path = format!("/review-items/{}/resolutions", id(&open["items"][0]));
    let long = "x".repeat(1_001);
    let body = json!({"resolution": "remove", "reason": long, "note": long});
    root.post(&path, body).await.expect_invalid(&[("reason", "length"), ("note", "length")]);
}
