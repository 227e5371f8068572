//! What plugins say of pictures, and what moderators make of it.

use gatherly::{base::secret::sha256_hex, retention::Retention};
use serde_json::json;

use super::{NOTHING, files, kept, picture, try_upload, upload};
use crate::{
    hooks::guest::{component, core},
    support::{
        TestApp,
        forum::{each, id},
        plugin, policy,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_refuses_what_it_knows_and_has_newcomers_wait() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let known = files::jpeg(50, 40);
    let settings = json!({"side": 100, "refused": [sha256_hex(&known)], "newcomer_posts": 1});
    let terms = json!({"mode": "enforce", "settings": settings.to_string()});
    policy::bind(&root, "media-guard", plugin("media-guard"), terms).await;

    let rejected = try_upload(&ada, &known).await.expect_problem(403, "rejected_by_policy");
    assert_eq!(rejected["detail"], "This picture may not be used here.");
    try_upload(&ada, &files::png(200, 10)).await.expect_problem(403, "rejected_by_policy");
    try_upload(&ada, &files::gif(1, 10)).await.expect_problem(403, "rejected_by_policy");
    assert_eq!(kept(&app), NOTHING, "nothing of what is refused is kept");
    let decisions = root.get("/decisions?verdict=reject").await.expect(200);
    assert_eq!(each(&decisions, "hook"), ["media.before-attach"; 3]);

    app.advance(std::time::Duration::from_millis(1));
    let reply = try_upload(&ada, &picture()).await;
    let held = reply.expect(202);
    assert_eq!(held["state"], "held");
    assert_eq!(held["message"], "The first pictures of new members are looked at.");
    let avatar = json!({"media_id": id(&held)});
    ada.put("/me/avatar", avatar.clone()).await.expect_problem(409, "media_held");
    let path = format!("/media/{}", id(&held));
    assert_eq!(ada.get(&path).await.status, 200);
    app.client.get(&path).await.expect_problem(404, "not_found");

    let items = root.get("/review-items?kind=media").await.expect(200);
    assert_eq!(each(&items, "target_id"), [held["id"].clone()]);
    assert_eq!(items["items"][0]["author"], "ada");
    assert_eq!(items["items"][0]["decisions"][0]["verdict"], "hold");
    assert_eq!(root.get(&path).await.status, 200, "who decides sees it");
    assert!(each(&ada.get("/review-items").await.expect(200), "id").is_empty());
    let resolve = format!("/review-items/{}/resolutions", id(&items["items"][0]));
    ada.post(&resolve, json!({"resolution": "approve"})).await.expect_problem(404, "not_found");
    root.post(&resolve, json!({"resolution": "approve"})).await.expect(201);
    ada.put("/me/avatar", avatar).await.expect(204);
    assert_eq!(app.client.get(&path).await.status, 200);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_moderator_refuses_cannot_be_used() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let terms = json!({"mode": "enforce"});
    policy::bind(&root, "media-guard", plugin("media-guard"), terms).await;
    let held = try_upload(&ada, &picture()).await.expect(202);
    // It waits for as long as it takes.
    app.advance(std::time::Duration::from_hours(48));
    app.app.media.forget_unused().await.unwrap();
    let [root, ada] = [app.sign_in("root").await, app.sign_in("ada").await];
    let items = root.get("/review-items?kind=media").await.expect(200);
    let resolve = format!("/review-items/{}/resolutions", id(&items["items"][0]));
    root.post(&resolve, json!({"resolution": "remove"})).await.expect(201);
    root.post(&resolve, json!({"resolution": "approve"}))
        .await
        .expect_problem(409, "already_resolved");
    let avatar = json!({"media_id": id(&held)});
    ada.put("/me/avatar", avatar).await.expect_problem(409, "media_refused");
    app.client.get(&format!("/media/{}", id(&held))).await.expect_problem(404, "not_found");
    // The file is evidence for as long as the copy of the item is kept.
    app.advance(std::time::Duration::from_hours(25));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    assert_eq!(kept(&app).len(), 2);
    app.advance(std::time::Duration::from_hours(181 * 24));
    let settings = (app.app.config.retention, app.app.config.decisions);
    let retention = Retention::new(app.app.db.clone(), app.app.clock.clone(), settings);
    while retention.enforce().await.unwrap() {}
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    assert_eq!(kept(&app), NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_fails_does_as_its_binding_says() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let world = "export gatherly:plugin/media-before-attach@0.3.0;";
    let trap = component(world, &core("media-before-attach", "unreachable", "")).to_vec();
    let terms = json!({"mode": "enforce", "failure_mode": "open"});
    let binding = policy::bind(&root, "trap", trap, terms).await;
    let path = format!("/plugin-bindings/{}", id(&binding));
    upload(&app, &ada, &picture()).await;
    root.patch(&path, json!({"failure_mode": "closed"})).await.expect(200);
    try_upload(&ada, &picture()).await.expect_problem(403, "policy_unavailable");
    root.patch(&path, json!({"failure_mode": "hold"})).await.expect(200);
    try_upload(&ada, &picture()).await.expect(202);
    root.patch(&path, json!({"mode": "shadow"})).await.expect(200);
    upload(&app, &ada, &picture()).await;
    let decisions = root.get("/decisions?plugin=trap").await.expect(200);
    let faults = each(&decisions, "staff").into_iter().map(|staff| staff["fault"].clone());
    assert_eq!(faults.collect::<Vec<_>>(), ["trap"; 4]);
}
