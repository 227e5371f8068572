//! An author changes the pictures of a text; they wait with it, and come back with
//! it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{files, picture, upload};
use crate::support::{
    Person, TestApp,
    forum::{each, id},
    policy,
};

/// Ids of the pictures that something shows.
fn shown(view: &Value) -> Vec<Value> {
    view["media"]
        .as_array()
        .map_or_else(Vec::new, |all| all.iter().map(|picture| picture["id"].clone()).collect())
}

/// So many pictures of somebody's.
async fn pictures<const N: usize>(app: &TestApp, person: &Person) -> [Value; N] {
    let mut all = Vec::new();
    for _ in 0..N {
        all.push(upload(app, person, &picture()).await["id"].clone());
    }
    all.try_into().unwrap()
}

/// A post and a comment, each with these pictures; their addresses.
async fn written(person: &Person, media: [&[&Value]; 2]) -> [String; 2] {
    let post = json!({"community": "general", "title": "A word", "body": "A", "media": media[0]});
    let post = person.post("/posts", post).await.expect(201);
    let comments = format!("/posts/{}/comments", id(&post));
    let comment = json!({"body": "A", "media": media[1]});
    let comment = person.post(&comments, comment).await.expect(201);
    [format!("/posts/{}", id(&post)), format!("/comments/{}", id(&comment))]
}

async fn status(person: &crate::support::Client, picture: &Value) -> u16 {
    person.get(&format!("/media/{}", picture.as_str().unwrap())).await.status.as_u16()
}

/// Resolves the only item that waits.
async fn resolve(moderator: &Person, resolution: &str) {
    let items = moderator.get("/review-items").await.expect(200);
    let [item] = &each(&items, "id")[..] else { panic!("{items}") };
    let path = format!("/review-items/{}/resolutions", item.as_str().unwrap());
    moderator.post(&path, json!({"resolution": resolution})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_pictures_are_listed_with_whether_they_are_used() {
    let app = TestApp::start().await;
    let [ada, bob] = [app.member("ada").await, app.member("bob").await];
    let [one, two, three] = pictures(&app, &ada).await;
    pictures::<1>(&app, &bob).await;
    written(&ada, [&[&two], &[]]).await;
    let first = ada.get("/me/media?limit=2").await.expect(200);
    assert_eq!(each(&first, "id"), [three.clone(), two.clone()]);
    assert_eq!(each(&first, "used"), [json!(false), json!(true)]);
    let next = format!("/me/media?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let last = ada.get(&next).await.expect(200);
    assert_eq!((each(&last, "id"), last.get("next_cursor")), (vec![one], None));
    assert_eq!(last["items"][0]["state"], "ready");
    app.client.get("/me/media").await.expect_problem(401, "no_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_changes_pictures_by_the_rules_of_new_ones() {
    let app = TestApp::start().await;
    let [ada, bob] = [app.member("ada").await, app.member("bob").await];
    let [first, second, third, fourth, fifth] = pictures(&app, &ada).await;
    let [strange] = pictures(&app, &bob).await;
    let [post, comment] = written(&ada, [&[&first, &second], &[&fourth]]).await;
    for (path, kept, gone, fresh) in
        [(&post, &second, &first, &third), (&comment, &fourth, &fourth, &fifth)]
    {
        let wanted = if kept == gone { json!([fresh]) } else { json!([fresh, kept]) };
        bob.patch(path, json!({"media": []})).await.expect_problem(403, "author_only");
        let edit = async |media: Value| ada.patch(path, json!({"media": media})).await;
        edit(json!([strange])).await.expect_invalid(&[("media", "unknown")]);
        edit(json!([fresh, fresh])).await.expect_invalid(&[("media", "unique")]);
        edit(json!(vec![fresh; 9])).await.expect_invalid(&[("media", "length")]);
        let before = app.client.get(path).await.expect(200);
        let edited = edit(wanted.clone()).await.expect(200);
        assert_eq!(json!(shown(&edited)), wanted);
        assert!(before.get("edited_at").is_none() && edited["edited_at"].is_string());
        assert_eq!(app.client.get(path).await.expect(200)["media"], edited["media"]);
        assert_eq!([status(&app.client, fresh).await, status(&app.client, gone).await], [200, 404]);
        // The same once more, and first text alone, leave them as they are.
        edit(wanted.clone()).await.expect(200);
        let other = ada.patch(path, json!({"body": "Another"})).await.expect(200);
        assert_eq!(json!(shown(&other)), wanted);
    }
    let used = ada.patch(&post, json!({"media": [fifth]})).await;
    used.expect_problem(409, "media_used");
    // What fell away can be used again, or is deleted after first day.
    ada.patch(&comment, json!({"media": [fourth, first]})).await.expect(200);
    let both = ada.patch(&post, json!({"body": "New", "media": []})).await.expect(200);
    assert_eq!((&both["body"], &both["media"]), (&json!("New"), &json!([])));
    let listed = ada.get("/me/media").await.expect(200);
    let unused: Vec<&Value> =
        listed["items"].as_array().unwrap().iter().filter(|it| it["used"] == false).collect();
    assert_eq!(unused.len(), 3, "{listed}");
    app.advance(Duration::from_hours(25));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    let ada = app.sign_in("ada").await;
    assert_eq!(
        each(&ada.get("/me/media").await.expect(200), "id"),
        [fourth.clone(), first.clone()]
    );
    assert_eq!([status(&app.client, &first).await, status(&ada, &third).await], [200, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_wait_with_the_text_that_waits() {
    let app = TestApp::start().await;
    let [ada, maud] = [app.member("ada").await, app.member("maud").await];
    let root = app.admin("root").await;
    root.put("/communities/general/moderators/maud", Value::Null).await.expect(204);
    policy::enforce_first_letter(&root, "please wait").await;
    let [a, b, c, d] = pictures(&app, &ada).await;
    for path in written(&ada, [&[&a], &[&b]]).await {
        let old = shown(&app.client.get(&path).await.expect(200));
        let kept = &old[0];
        let edit = async |body: &str, media: Value| {
            app.advance(Duration::from_millis(1));
            ada.patch(&path, json!({"body": body, "media": media})).await
        };
        let held = edit("Hold", json!([c])).await.expect(202);
        assert_eq!(shown(&held), old);
        assert_eq!(shown(&held["moderation"]["pending"]), std::slice::from_ref(&c));
        let seen = maud.get(&path).await.expect(200);
        assert_eq!(shown(&seen["moderation"]["pending"]), std::slice::from_ref(&c));
        assert_eq!([status(&app.client, &c).await, status(&maud, &c).await], [404, 200]);
        // Another edit takes its place; the picture is free again.
        edit("Hold on", json!([kept, d])).await.expect(202);
        assert_eq!([status(&app.client, &c).await, status(&maud, &d).await], [404, 200]);
        // A day goes by: what waits stays.
        resolve(&maud, "remove").await;
        // The picture stays for those who decide, and for nobody else.
        assert_eq!([status(&app.client, &d).await, status(&maud, &d).await], [404, 200]);
        assert_eq!(shown(&app.client.get(&path).await.expect(200)), old);
        edit("Hold it", json!([d, kept])).await.expect(202);
        app.advance(Duration::from_mins(2));
        resolve(&maud, "approve").await;
        let edited = app.client.get(&path).await.expect(200);
        assert_eq!(shown(&edited), [d.clone(), kept.clone()]);
        assert_eq!(status(&app.client, &d).await, 200);
        // Without pictures the second time, and at once.
        let bare = edit("Fine", json!([])).await.expect(200);
        assert_eq!((&bare["body"], &bare["media"]), (&json!("Fine"), &json!([])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_not_deleted_and_goes_with_its_text() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let root = app.admin("root").await;
    policy::enforce_first_letter(&root, "please wait").await;
    let [a, b] = pictures(&app, &ada).await;
    let [post, _] = written(&ada, [&[&a], &[]]).await;
    ada.patch(&post, json!({"body": "Hold", "media": [b]})).await.expect(202);
    app.advance(Duration::from_hours(48));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    let [ada, root] = [app.sign_in("ada").await, app.sign_in("root").await];
    resolve(&root, "approve").await;
    assert_eq!(shown(&app.client.get(&post).await.expect(200)), std::slice::from_ref(&b));
    let [c] = pictures(&app, &ada).await;
    ada.patch(&post, json!({"body": "Hold again", "media": [c]})).await.expect(202);
    ada.delete(&post).await.expect(204);
    app.settled().await;
    for picture in [&b, &c] {
        assert_eq!([status(&app.client, picture).await, status(&root, picture).await], [404, 200]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_appeal_brings_back_has_its_pictures() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let root = app.admin("root").await;
    policy::enforce_first_letter(&root, "not that").await;
    let [first, second] = pictures(&app, &ada).await;
    let [post, comment] = written(&ada, [&[&first], &[&second]]).await;
    let grant = async |root: &Person, ada: &Person, against: &str, subject: &Value| {
        let appeal = json!({"against": against, "id": subject, "text": "That was wrong."});
        let appeal = ada.post("/appeals", appeal).await.expect(201);
        let path = format!("/appeals/{}/resolution", id(&appeal));
        root.post(&path, json!({"grant": true})).await.expect(201);
    };
    // Removed by first person.
    for (path, picture) in [(&post, &first), (&comment, &second)] {
        let root = app.sign_in("root").await;
        let removal = root.post(&format!("{path}/removal"), json!({})).await.expect(201);
        assert_eq!(status(&app.client, picture).await, 404);
        app.advance(Duration::from_hours(48));
        app.app.media.forget_unused().await.unwrap();
        let [root, ada] = [app.sign_in("root").await, app.sign_in("ada").await];
        grant(&root, &ada, "removal", &removal["id"]).await;
        assert_eq!(shown(&app.client.get(path).await.expect(200)), std::slice::from_ref(picture));
        assert_eq!(status(&app.client, picture).await, 200);
    }
    let ada = app.sign_in("ada").await;
    let [third, fourth, fifth] = pictures(&app, &ada).await;
    // Refused by policies.
    let text =
        json!({"community": "general", "title": "A word", "body": "Refuse", "media": [third]});
    let new = ada.post("/posts", text).await.expect_problem(403, "rejected_by_policy");
    let answer = json!({"body": "Refuse", "media": [fourth]});
    let answer = ada.post(&format!("{post}/comments"), answer).await;
    let answer = answer.expect_problem(403, "rejected_by_policy");
    let edit = ada.patch(&post, json!({"body": "Refuse", "media": [fifth, first]})).await;
    let edit = edit.expect_problem(403, "rejected_by_policy");
    app.advance(Duration::from_hours(48));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    let [root, ada] = [app.sign_in("root").await, app.sign_in("ada").await];
    for refused in [&new, &answer, &edit] {
        grant(&root, &ada, "rejection", &refused["decision_id"]).await;
    }
    let edited = app.client.get(&post).await.expect(200);
    assert_eq!(shown(&edited), [fifth.clone(), first.clone()]);
    let posts = app.client.get("/posts?sort=new").await.expect(200);
    assert!(each(&posts, "media").iter().any(|media| media[0]["id"] == third), "{posts}");
    let comments = app.client.get(&format!("{post}/comments")).await.expect(200);
    assert!(each(&comments, "media").iter().any(|media| media[0]["id"] == fourth), "{comments}");
    for picture in [&third, &fourth, &fifth] {
        assert_eq!(status(&app.client, picture).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_a_refused_text_are_free() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let root = app.admin("root").await;
    policy::enforce_first_letter(&root, "not that").await;
    let [one, two] = [upload(&app, &ada, &files::jpeg(20, 20)).await["id"].clone(), {
        let [two] = pictures(&app, &ada).await;
        two
    }];
    let text = |body: &str| json!({"community": "general", "title": "A word", "body": body, "media": [one, two]});
    let refused = ada.post("/posts", text("Refuse")).await;
    let refused = refused.expect_problem(403, "rejected_by_policy");
    let other = json!({"community": "general", "title": "A word", "body": "Fine", "media": [one]});
    ada.post("/posts", other).await.expect(201);
    // What an appeal brings back has what is left.
    let appeal = json!({"against": "rejection", "id": refused["decision_id"], "text": "No."});
    let appeal = ada.post("/appeals", appeal).await.expect(201);
    let path = format!("/appeals/{}/resolution", id(&appeal));
    root.post(&path, json!({"grant": true})).await.expect(201);
    let posts = app.client.get("/posts").await.expect(200);
    let mut counts: Vec<usize> =
        each(&posts, "media").iter().map(|media| media.as_array().unwrap().len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1], "{posts}");
    // A month later what nobody appealed for is deleted.
    let [three] = pictures(&app, &ada).await;
    let late =
        json!({"community": "general", "title": "A word", "body": "Refuse", "media": [three]});
    ada.post("/posts", late).await.expect_problem(403, "rejected_by_policy");
    app.advance(Duration::from_hours(32 * 24));
    app.app.media.forget_unused().await.unwrap();
    app.settled().await;
    let root = app.sign_in("root").await;
    assert_eq!(status(&root, &three).await, 404);
}
