//! Places, their members and their moderators.

use futures_util::future::join_all;
use gatherly::config::CommunityCreation;
use serde_json::json;

use crate::support::{
    TestApp,
    forum::{each, walk},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_forum_has_a_general_community() {
    let app = TestApp::start().await;
    let general = app.client.get("/communities/general").await.expect(200);
    assert_eq!((&general["member_count"], &general["post_count"]), (&json!(0), &json!(0)));
    assert!(general.get("my_role").is_none());
    let app = app.restart_with(|_| {}).await;
    let list = app.client.get("/communities").await.expect(200);
    assert_eq!(each(&list, "slug"), ["general"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_make_communities() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let body = json!({"slug": "gardening", "name": " My  garden ", "description": "Soil."});
    app.client.post("/communities", body.clone()).await.expect_problem(401, "no_token");
    ada.post("/communities", body.clone()).await.expect_problem(403, "admins_only");
    let reply = root.post("/communities", body.clone()).await;
    let made = reply.expect(201);
    assert_eq!(reply.headers["location"], "/api/v1/communities/gardening");
    assert_eq!((&made["name"], &made["my_role"]), (&json!("My garden"), &json!("moderator")));
    assert_eq!(made["member_count"], 1);
    assert_eq!(root.get("/communities/gardening").await.expect(200), made);
    root.post("/communities", body).await.expect_problem(409, "slug_taken");
    let body = json!({"slug": "Über", "name": "", "description": "d".repeat(5_001)});
    root.post("/communities", body).await.expect_invalid(&[
        ("slug", "characters"),
        ("name", "length"),
        ("description", "length"),
    ]);
    let body = json!({"slug": "abc", "name": "n", "member_count": 7});
    root.post("/communities", body).await.expect_problem(400, "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_make_communities_where_they_may() {
    let app =
        TestApp::start_with(|config| config.forum.community_creation = CommunityCreation::Members)
            .await;
    let ada = app.member("ada").await;
    ada.post("/communities", json!({"slug": "adas", "name": "n"})).await.expect(201);
    let replies =
        join_all((0..8).map(|_| ada.post("/communities", json!({"slug": "race", "name": "n"}))))
            .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 409).count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_pages() {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    for slug in ["bbb", "aaa", "zzz", "mmm"] {
        root.post("/communities", json!({"slug": slug, "name": slug})).await.expect(201);
    }
    let found = walk(&app.client, "/communities", 2, "slug").await;
    assert_eq!(found, ["aaa", "bbb", "general", "mmm", "zzz"]);
    for limit in ["0", "101"] {
        let reply = app.client.get(&format!("/communities?limit={limit}")).await;
        reply.expect_invalid(&[("limit", "range")]);
    }
    app.client.get("/communities?cursor=%00").await.expect_invalid(&[("cursor", "cursor")]);
    let (_, statements) = app.statements(root.get("/communities")).await;
    assert_eq!(statements, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_counted_once() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let path = "/communities/general/membership";
    app.client.put(path, json!(null)).await.expect_problem(401, "no_token");
    let replies = join_all((0..20).map(|_| ada.put(path, json!(null)))).await;
    for reply in replies {
        let joined = reply.expect(200);
        assert_eq!((&joined["member_count"], &joined["my_role"]), (&json!(1), &json!("member")));
    }
    for reply in join_all((0..20).map(|_| ada.delete(path))).await {
        reply.expect(204);
    }
    let general = ada.get("/communities/general").await.expect(200);
    assert_eq!(general["member_count"], 0);
    ada.put("/communities/nowhere/membership", json!(null)).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_appoint_and_dismiss() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    let of = |name: &str| format!("/communities/general/moderators/{name}");
    ada.put(&of("ada"), json!(null)).await.expect_problem(403, "moderators_only");
    root.put(&of("nobody"), json!(null)).await.expect_problem(404, "not_found");
    for _ in 0..2 {
        root.put(&of("Ada"), json!(null)).await.expect(204);
    }
    ada.put(&of("bob"), json!(null)).await.expect(204);
    let general = app.client.get("/communities/general").await.expect(200);
    assert_eq!(general["member_count"], 2);
    let list = app.client.get("/communities/general/moderators?limit=1").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let rest =
        format!("/communities/general/moderators?cursor={}", list["next_cursor"].as_str().unwrap());
    let rest = app.client.get(&rest).await.expect(200);
    let mut names = [each(&list, "username"), each(&rest, "username")].concat();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["ada", "bob"]);

    bob.delete(&of("ada")).await.expect_problem(403, "outranked");
    ada.delete(&of("ada")).await.expect(204);
    ada.delete(&of("bob")).await.expect_problem(403, "moderators_only");
    let general = ada.get("/communities/general").await.expect(200);
    assert_eq!((&general["member_count"], &general["my_role"]), (&json!(2), &json!("member")));
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_edit() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    let path = "/communities/general";
    ada.patch(path, json!({"name": "Mine"})).await.expect_problem(403, "moderators_only");
    root.put("/communities/general/moderators/ada", json!(null)).await.expect(204);
    let edited = ada.patch(path, json!({"name": "Ours"})).await.expect(200);
    assert_eq!(edited["name"], "Ours");
    assert!(edited["description"].as_str().unwrap().len() > 1);
    assert_eq!(app.client.get(path).await.expect(200)["name"], "Ours");
    ada.patch(path, json!({"name": ""})).await.expect_invalid(&[("name", "length")]);
    ada.patch(path, json!({"slug": "x"})).await.expect_problem(400, "bad_request");
}
