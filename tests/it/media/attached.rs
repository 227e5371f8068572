//! Pictures in posts and comments are seen with them, and go with them.

use serde_json::{Value, json};

use super::{NOTHING, avatar, files, kept, picture, upload};
use crate::support::{
    Person, Reply, TestApp,
    forum::{comment, each, id, post},
    policy,
};

async fn write(person: &Person, body: &str, media: Value) -> Reply {
    let post = json!({"community": "general", "title": "A word", "body": body, "media": media});
    person.post("/posts", post).await
}

async fn answer(person: &Person, post: &Value, media: Value) -> Reply {
    let path = format!("/posts/{}/comments", id(post));
    person.post(&path, json!({"body": "A word", "media": media})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_shown_with_what_they_are_part_of() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let [one, two] =
        [upload(&app, &ada, &files::jpeg(60, 40)).await, upload(&app, &ada, &picture()).await];
    let written = write(&ada, "A body", json!([id(&two), id(&one)])).await.expect(201);
    let shown = json!([
        {"id": two["id"], "media_type": "image/png", "width": 40, "height": 30},
        {"id": one["id"], "media_type": "image/jpeg", "width": 60, "height": 40},
    ]);
    assert_eq!(written["media"], shown);
    let path = format!("/posts/{}", id(&written));
    assert_eq!(app.client.get(&path).await.expect(200)["media"], shown);
    assert_eq!(each(&app.client.get("/posts").await.expect(200), "media"), [shown]);
    let third = upload(&app, &ada, &picture()).await;
    let answered = answer(&ada, &written, json!([id(&third)])).await.expect(201);
    let comments = app.client.get(&format!("{path}/comments")).await.expect(200);
    assert_eq!(comments["items"][0]["media"], answered["media"]);
    for media in [&one, &two, &third] {
        let reply = app.client.get(&format!("/media/{}", id(media))).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.headers["cache-control"], "private, max-age=300");
    }
    assert_eq!(post(&app, &ada, "A word").await["media"], json!([]));
    app.settled().await;
    ada.delete(&format!("/comments/{}", id(&answered))).await.expect(204);
    ada.get(&format!("/media/{}", id(&third))).await.expect_problem(404, "not_found");
    ada.delete(&path).await.expect(204);
    ada.get(&format!("/media/{}", id(&one))).await.expect_problem(404, "not_found");
    app.settled().await;
    assert_eq!(kept(&app), NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_hidden_with_what_they_are_part_of() {
    let app = TestApp::start().await;
    let [ada, bob] = [app.member("ada").await, app.member("bob").await];
    let root = app.admin("root").await;
    policy::enforce_first_letter(&root, "please wait").await;
    let media = upload(&app, &ada, &picture()).await;
    let path = format!("/media/{}", id(&media));
    let held = write(&ada, "H", json!([id(&media)])).await.expect(202);
    let sees = async |expected: [u16; 4]| {
        let all = [&app.client, &bob.client, &ada.client, &root.client];
        for (who, expected) in all.into_iter().zip(expected) {
            assert_eq!(who.get(&path).await.status.as_u16(), expected, "{held}");
        }
    };
    sees([404, 404, 200, 200]).await;
    let items = root.get("/review-items").await.expect(200);
    let resolve = format!("/review-items/{}/resolutions", id(&items["items"][0]));
    root.post(&resolve, json!({"resolution": "approve"})).await.expect(201);
    sees([200, 200, 200, 200]).await;
    let post = format!("/posts/{}", id(&held));
    let ban = json!({"username": "bob", "deeds": ["view"]});
    ada.post(&format!("{post}/bans"), ban).await.expect(201);
    sees([200, 404, 200, 200]).await;
    root.post(&format!("{post}/removal"), json!({})).await.expect(201);
    sees([404, 404, 200, 200]).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_used_once_and_by_who_uploaded_it() {
    let app = TestApp::start().await;
    let [ada, bob] = [app.member("ada").await, app.member("bob").await];
    let media = upload(&app, &ada, &picture()).await;
    let wanted = json!([id(&media)]);
    write(&bob, "A", wanted.clone()).await.expect_invalid(&[("media", "unknown")]);
    let nothing = json!(["0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11"]);
    write(&ada, "A", nothing).await.expect_invalid(&[("media", "unknown")]);
    write(&ada, "A", json!([id(&media), id(&media)])).await.expect_invalid(&[("media", "unique")]);
    write(&ada, "A", json!(vec![id(&media); 9])).await.expect_invalid(&[("media", "length")]);
    // Nothing of what was refused is there.
    assert!(each(&app.client.get("/posts").await.expect(200), "id").is_empty());
    let used = write(&ada, "A", wanted.clone()).await.expect(201);
    write(&ada, "A", wanted.clone()).await.expect_problem(409, "media_used");
    answer(&ada, &used, wanted).await.expect_problem(409, "media_used");
    let beside = avatar(&app, &ada).await;
    answer(&ada, &used, json!([beside])).await.expect_problem(409, "media_used");
    ada.put("/me/avatar", json!({"media_id": id(&media)})).await.expect_problem(409, "media_used");
    // Whose account is closed has written what they wrote.
    let said = comment(&app, &ada, &used, "A word").await;
    let closed = json!({"password": crate::support::PASSWORD});
    ada.send(hyper::Method::DELETE, "/me", Some(closed)).await.expect(204);
    app.client.get(&format!("/comments/{}", id(&said))).await.expect(200);
    assert_eq!(app.client.get(&format!("/media/{}", id(&media))).await.status, 200);
    app.client.get(&format!("/media/{beside}")).await.expect_problem(404, "not_found");
    app.settled().await;
}
