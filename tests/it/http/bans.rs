//! Bans: who may set them, what they take away, and when they end.

use std::time::Duration;

use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Person, Reply, TestApp,
    forum::{comment, each, id, post, reply, try_comment, try_post},
};

struct Cast {
    app: TestApp,
    root: Person,
    /// Moderates `general`.
    moderator: Person,
    /// Wrote the post.
    ada: Person,
    /// Gets banned.
    bob: Person,
    post: Value,
}

async fn start() -> Cast {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let [moderator, ada, bob] =
        [app.member("maud").await, app.member("ada").await, app.member("bob").await];
    root.put("/communities/general/moderators/maud", Value::Null).await.expect(204);
    let post = post(&app, &ada, "A title").await;
    Cast { app, root, moderator, ada, bob, post }
}

impl Cast {
    /// The list of bans of each scope.
    fn lists(&self) -> [String; 3] {
        let of_post = format!("/posts/{}/bans", id(&self.post));
        [of_post, "/communities/general/bans".into(), "/bans".into()]
    }
}

fn ban(name: &str, deeds: &[&str]) -> Value {
    json!({"username": name, "deeds": deeds, "reason": "Enough."})
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_ban_where() {
    let cast = start().await;
    let [of_post, of_community, of_site] = cast.lists();
    let people = [&cast.root, &cast.moderator, &cast.ada, &cast.bob];
    for (path, allowed, code) in [
        (&of_post, [true, true, true, false], "author_or_moderators_only"),
        (&of_community, [true, true, false, false], "moderators_only"),
        (&of_site, [true, false, false, false], "admins_only"),
    ] {
        let victim = cast.app.member(&format!("victim{}", path.len())).await;
        cast.app.client.get(path).await.expect_problem(401, "no_token");
        for (person, may) in people.iter().zip(allowed) {
            let create = person.post(path, ban(&victim.name, &["comment"])).await;
            let list = person.get(path).await;
            if !may {
                create.expect_problem(403, code);
                list.expect_problem(403, code);
                let one = format!("{path}/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11");
                person.delete(&one).await.expect_problem(403, code);
                continue;
            }
            let set = create.expect(201);
            let one = format!("{path}/{}", id(&set));
            assert_eq!(create.headers["location"], format!("/api/v1{one}"));
            assert_eq!(
                (&set["created_by"], &set["state"]),
                (&json!(person.name), &json!("active"))
            );
            list.expect(200);
            person.delete(&one).await.expect(204);
            person.delete(&one).await.expect_problem(409, "not_in_force");
        }
        let history = cast.root.get(path).await.expect(200);
        let expected = allowed.iter().filter(|allowed| **allowed).count();
        assert_eq!(each(&history, "state"), vec![json!("lifted"); expected]);
        let unknown = format!("{path}/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11");
        cast.root.delete(&unknown).await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bans_of_other_scopes_cannot_be_lifted_here() {
    let cast = start().await;
    let [of_post, of_community, of_site] = cast.lists();
    let made = cast.root.post(&of_site, ban("bob", &["vote"])).await.expect(201);
    for path in [of_post, of_community] {
        let foreign = format!("{path}/{}", id(&made));
        cast.moderator.delete(&foreign).await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_banned() {
    let cast = start().await;
    let [of_post, of_community, of_site] = cast.lists();
    for (path, who, victim, code) in [
        (&of_post, &cast.ada, "ada", "self_ban"),
        (&of_post, &cast.ada, "maud", "moderates_here"),
        (&of_post, &cast.ada, "root", "moderates_here"),
        (&of_post, &cast.moderator, "ada", "moderates_here"),
        (&of_community, &cast.moderator, "maud", "self_ban"),
        (&of_community, &cast.moderator, "root", "moderates_here"),
        (&of_site, &cast.root, "root", "self_ban"),
    ] {
        who.post(path, ban(victim, &["view"])).await.expect_problem(409, code);
    }
    cast.root.post(&of_site, ban("maud", &["vote"])).await.expect(201);
    cast.moderator.post(&of_community, ban("ada", &["vote"])).await.expect(201);
    let nobody = cast.root.post(&of_site, ban("nobody", &["vote"])).await;
    nobody.expect_invalid(&[("username", "unknown")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused() {
    let cast = start().await;
    let [of_post, _, of_site] = cast.lists();
    let body = json!({"username": "bob", "deeds": [], "until": "2001-01-01T00:00:00Z",
                      "reason": "r".repeat(1_001)});
    cast.root.post(&of_site, body).await.expect_invalid(&[
        ("reason", "length"),
        ("deeds", "required"),
        ("until", "future"),
    ]);
    cast.ada.post(&of_post, ban("bob", &["post"])).await.expect_invalid(&[("deeds", "deed")]);
    cast.root.post(&of_site, ban("bob", &["fly"])).await.expect_invalid(&[("deeds", "deed")]);
    for body in [json!({"username": "bob"}), json!({"username": "bob", "deeds": ["vote"], "id": 1})]
    {
        cast.root.post(&of_site, body).await.expect_problem(400, "bad_request");
    }
}

/// Either a refusal that tells why and until when, or none.
#[track_caller]
fn expect_ban(reply: &Reply, banned: bool) {
    if banned {
        let detail = reply.expect_problem(403, "banned")["detail"].to_string();
        assert!(detail.contains("2026-02-01T00:00:00Z") && detail.contains("Enough."), "{detail}");
    } else {
        assert!(reply.status.is_success(), "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_takes_away_what_it_says_and_tells_why() {
    let cast = start().await;
    let Cast { app, root, bob, post: made, .. } = &cast;
    let said = comment(app, bob, made, "Mine.").await;
    for path in cast.lists() {
        for deed in ["comment", "vote", "post"] {
            if deed == "post" && path.contains("/posts/") {
                continue;
            }
            let body = json!({"username": "bob", "deeds": [deed], "reason": "Enough.",
                              "until": "2026-02-01T00:00:00Z"});
            let set = root.post(&path, body).await.expect(201);
            let replies = [
                ("comment", try_comment(app, bob, (made, None), "No?").await),
                (
                    "comment",
                    bob.patch(&format!("/comments/{}", id(&said)), json!({"body": "Edited."}))
                        .await,
                ),
                ("vote", bob.put(&format!("/posts/{}/vote", id(made)), json!({"value": 1})).await),
                (
                    "vote",
                    bob.put(&format!("/comments/{}/vote", id(&said)), json!({"value": 1})).await,
                ),
                ("post", try_post(app, bob, "A post", "").await),
            ];
            for (needed, reply) in replies {
                expect_ban(&reply, needed == deed);
            }
            bob.get(&format!("/posts/{}", id(made))).await.expect(200);
            root.delete(&format!("{path}/{}", id(&set))).await.expect(204);
            for content in [format!("/posts/{}", id(made)), format!("/comments/{}", id(&said))] {
                bob.put(&format!("{content}/vote"), json!({"value": 0})).await.expect(200);
            }
            bob.patch(&format!("/comments/{}", id(&said)), json!({"body": "Mine."}))
                .await
                .expect(200);
        }
    }
}

/// Every way to learn of the post and its comments, with the status of somebody
/// who may.
fn doors(post: &Value, comment: &Value) -> Vec<(Method, String, Option<Value>)> {
    let (post, comment) = (id(post), id(comment));
    vec![
        (Method::GET, format!("/posts/{post}"), None),
        (Method::PATCH, format!("/posts/{post}"), Some(json!({"title": "Mine"}))),
        (Method::DELETE, format!("/posts/{post}"), None),
        (Method::GET, format!("/posts/{post}/comments"), None),
        (Method::POST, format!("/posts/{post}/comments"), Some(json!({"body": "x"}))),
        (Method::PUT, format!("/posts/{post}/vote"), Some(json!({"value": 1}))),
        (Method::GET, format!("/posts/{post}/bans"), None),
        (Method::POST, format!("/posts/{post}/bans"), Some(ban("ada", &["vote"]))),
        (Method::GET, format!("/comments/{comment}"), None),
        (Method::PATCH, format!("/comments/{comment}"), Some(json!({"body": "x"}))),
        (Method::DELETE, format!("/comments/{comment}"), None),
        (Method::PUT, format!("/comments/{comment}/vote"), Some(json!({"value": 1}))),
    ]
}

/// What lists and searches tell, in one text.
async fn lists(client: &Client) -> String {
    let mut told = String::new();
    for path in [
        "/posts?sort=new",
        "/posts?sort=hot",
        "/posts?sort=top",
        "/posts?community=general",
        "/posts?author=ada",
        "/posts?query=canary",
        "/search?query=canary",
        "/search?query=canary&kind=comment",
        "/search?query=canary&community=general",
    ] {
        told.push_str(&client.get(path).await.expect(200).to_string());
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_ban_closes_every_door() {
    let cast = start().await;
    let Cast { app, root, ada, bob, .. } = &cast;
    let made = try_post(app, ada, "A canary", "It sings: canary.").await.expect(201);
    let said = comment(app, ada, &made, "A canary indeed.").await;
    let mine = reply(app, bob, (&made, &said), "My canary.").await;
    let scopes =
        [format!("/posts/{}/bans", id(&made)), "/communities/general/bans".into(), "/bans".into()];
    for path in scopes {
        app.advance(Duration::from_millis(1));
        assert!(lists(bob).await.contains("canary"));
        let set = root.post(&path, ban("bob", &["view"])).await.expect(201);
        for (method, door, body) in [doors(&made, &said), doors(&made, &mine)].concat() {
            let reply = bob.send(method, &door, body).await;
            reply.expect_problem(404, "not_found");
        }
        assert!(!lists(bob).await.contains("canary"), "{path}");
        if !path.starts_with("/posts") {
            bob.get("/communities/general").await.expect_problem(404, "not_found");
            bob.put("/communities/general/membership", Value::Null)
                .await
                .expect_problem(404, "not_found");
            bob.get("/communities/general/moderators").await.expect_problem(404, "not_found");
            assert_eq!(bob.get("/communities").await.expect(200), json!({"items": []}));
            try_post(app, bob, "A post", "").await.expect_invalid(&[("community", "unknown")]);
        }
        let own = bob.get("/me/bans").await.expect(200);
        assert_eq!(each(&own, "state")[0], "active");
        assert!(own["items"][0].get("created_by").is_none());
        root.delete(&format!("{path}/{}", id(&set))).await.expect(204);
        bob.get(&format!("/posts/{}", id(&made))).await.expect(200);
    }
    assert_eq!(
        each(&bob.get("/me/bans").await.expect(200), "scope"),
        ["site", "community", "post"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_ends_at_its_time() {
    let cast = start().await;
    let Cast { app, root, bob, post: made, .. } = &cast;
    let mut body = ban("bob", &["comment"]);
    body["until"] = json!("2026-01-01T00:01:00Z");
    root.post("/bans", body).await.expect(201);
    let mut longer = ban("bob", &["comment"]);
    longer["until"] = json!("2026-01-01T00:02:00Z");
    let longer = root.post("/bans", longer).await.expect(201);
    let refused = try_comment(app, bob, (made, None), "No?").await.expect_problem(403, "banned");
    assert!(refused["detail"].as_str().unwrap().contains("00:02:00"));
    app.advance(Duration::from_secs(90));
    try_comment(app, bob, (made, None), "No?").await.expect_problem(403, "banned");
    app.advance(Duration::from_secs(31));
    comment(app, bob, made, "Yes.").await;
    assert_eq!(each(&root.get("/bans").await.expect(200), "state"), ["expired", "expired"]);
    let lift = root.delete(&format!("/bans/{}", id(&longer))).await;
    lift.expect_problem(409, "not_in_force");
}

/// Comments and votes, banned or not.
async fn write(person: &Person, post: &str, n: i64) {
    let body = json!({"body": format!("Comment {n}")});
    let comment = person.post(&format!("{post}/comments"), body).await;
    let vote = person.put(&format!("{post}/vote"), json!({"value": n % 3 - 1})).await;
    for reply in [comment, vote] {
        assert!(reply.status.is_success() || reply.status == 403, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_ban_does_not_count() {
    let cast = start().await;
    let Cast { app, root, bob, post: made, .. } = &cast;
    let path = format!("/posts/{}", id(made));
    for round in 0..5 {
        // Writes are under way, at every stage, when the ban is acknowledged.
        let writes = join_all((0..30).map(|n| write(bob, &path, n)));
        let ban = async {
            for _ in 0..round * 3 {
                app.client.get(&path).await.expect(200);
            }
            let set = root.post("/bans", ban("bob", &["comment", "vote"])).await.expect(201);
            (set, app.client.get(&path).await.expect(200))
        };
        let (_, (set, then)) = tokio::join!(writes, ban);
        assert_eq!(app.client.get(&path).await.expect(200), then);
        root.delete(&format!("/bans/{}", id(&set))).await.expect(204);
    }
}
