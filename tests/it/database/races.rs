//! Two servers on one database do the same at the same moment.

use futures_util::future::join_all;
use gatherly::db::{Columns, statement};
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;

use crate::support::{Client, PASSWORD, Person, Reply, TestApp};

/// How many do it at once, on each server.
const AT_ONCE: usize = 8;

/// Two servers, and how somebody reaches each of them.
struct Two {
    one: TestApp,
    other: TestApp,
}

impl Two {
    async fn start() -> Self {
        let one = Box::pin(TestApp::start()).await;
        let other = Box::pin(one.another_with(|_| {})).await;
        Self { one, other }
    }

    fn clients(&self, person: &Person) -> [Client; 2] {
        let token = person.client.token.as_deref().unwrap();
        [self.one.client.with_token(token), self.other.client.with_token(token)]
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let row = self.one.app.db.optional(statement(sql)).await.unwrap().unwrap();
        row.value("n").unwrap()
    }
}

/// Sends the same from each client several times, at once.
async fn at_once<F: Future<Output = Reply>>(
    clients: &[Client],
    send: impl Fn(Client) -> F,
) -> Vec<u16> {
    let sent = clients.iter().flat_map(|client| (0..AT_ONCE).map(|_| send(client.clone())));
    join_all(sent).await.iter().map(|reply| reply.status.as_u16()).collect()
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_gets_a_name() {
    let two = Two::start().await;
    let body = json!({"username": "racer", "email": "racer@example.org", "password": PASSWORD});
    let clients = [two.one.client.clone(), two.other.client.clone()];
    let made = at_once(&clients, async |client| client.post("/accounts", body.clone()).await).await;
    assert_eq!(count(&made, 201), 1, "{made:?}");
    assert_eq!(count(&made, 409) + count(&made, 422), 2 * AT_ONCE - 1, "{made:?}");
    let named = "select count(*) as n from accounts where username_key = 'racer'";
    assert_eq!(two.number(named).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_counts_once() {
    let two = Two::start().await;
    let (ada, bob) = (two.one.member("ada").await, two.one.member("bob").await);
    let post = json!({"community": "general", "title": "A post", "body": "Vote on it."});
    let post = ada.post("/posts", post).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/posts/{post}/vote");
    for (value, ups, downs) in [(1, 2, 0), (-1, 1, 1), (0, 1, 0), (1, 2, 0)] {
        let clients = two.clients(&bob);
        let cast =
            at_once(&clients, async |client| client.put(&path, json!({"value": value})).await);
        let cast = cast.await;
        assert_eq!(count(&cast, 200), 2 * AT_ONCE, "{cast:?}");
        let found = [
            two.number("select ups as n from posts").await,
            two.number("select downs as n from posts").await,
        ];
        assert_eq!(found, [ups, downs]);
    }
    let score = "select score as n from accounts where username_key = 'ada'";
    assert_eq!(two.number(score).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_votes_count() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let post = json!({"community": "general", "title": "A post", "body": "Vote on it."});
    let post = ada.post("/posts", post).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/posts/{post}/vote");
    let mut voters = Vec::new();
    for n in 0..AT_ONCE {
        let voter = two.one.member(&format!("voter{n}")).await;
        voters.push(two.clients(&voter)[n % 2].clone());
    }
    let cast = voters.iter().map(|voter| voter.put(&path, json!({"value": 1})));
    for reply in join_all(cast).await {
        reply.expect(200);
    }
    let (ups, votes) = ("select ups as n from posts", "select count(*) as n from votes");
    let all = i64::try_from(AT_ONCE).unwrap() + 1;
    assert_eq!((two.number(ups).await, two.number(votes).await), (all, all));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_joins_and_leaves_once() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let path = "/communities/general/membership";
    let before = two.number("select member_count as n from communities").await;
    for (joins, after) in [(true, before + 1), (false, before)] {
        let clients = two.clients(&ada);
        let done = at_once(&clients, async |client| {
            if joins { client.put(path, json!(null)).await } else { client.delete(path).await }
        });
        let done = done.await;
        assert!(done.iter().all(|status| *status < 500), "{done:?}");
        assert_eq!(two.number("select member_count as n from communities").await, after);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_has_one_successor() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let body = json!({"refresh_token": ada.tokens["refresh_token"]});
    let clients = [two.one.client.clone(), two.other.client.clone()];
    let renewed =
        at_once(&clients, async |client| client.post("/sessions/refresh", body.clone()).await);
    let renewed = renewed.await;
    assert_eq!(count(&renewed, 200), 2 * AT_ONCE, "{renewed:?}");
    let live = "select count(*) as n from refresh_tokens where state = 'live'";
    assert_eq!(two.number(live).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_left_when_admins_demote_each_other() {
    let two = Two::start().await;
    let names = ["ann", "bob", "eve"];
    let mut left = Vec::new();
    for name in names {
        left.push(two.one.admin(name).await);
    }
    let admins = "select count(*) as n from accounts where role = 'admin' and state = 'active'";
    for _ in 0..10 {
        // Each demotes the next, on either server.
        let demoted = left.iter().enumerate().map(|(n, person)| {
            let client = two.clients(person)[n % 2].clone();
            let path = format!("/accounts/{}/role", left[(n + 1) % left.len()].name);
            async move { client.put(&path, json!({"role": "member"})).await }
        });
        let statuses: Vec<u16> =
            join_all(demoted).await.iter().map(|reply| reply.status.as_u16()).collect();
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401 | 409)), "{statuses:?}");
        assert!(two.number(admins).await >= 1, "{statuses:?}");
        let mut tx = two.one.app.db.begin().await.unwrap();
        tx.execute(statement("update accounts set role = 'admin'")).await.unwrap();
        tx.commit().await.unwrap();
        for person in &mut left {
            *person = two.one.sign_in(&person.name).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_left_when_admins_leave_at_once() {
    let two = Two::start().await;
    let (ann, bob) = (two.one.admin("ann").await, two.one.admin("bob").await);
    let password = json!({"password": PASSWORD});
    let [ann, bob] = [two.clients(&ann)[0].clone(), two.clients(&bob)[1].clone()];
    let (one, other) = tokio::join!(
        ann.send(Method::DELETE, "/me", Some(password.clone())),
        bob.send(Method::DELETE, "/me", Some(password.clone())),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moderator_is_left_when_two_dismiss_each_other() {
    let two = Two::start().await;
    let boss = two.one.admin("boss").await;
    let (ann, bob) = (two.one.member("ann").await, two.one.member("bob").await);
    let moderators = "select count(*) as n from community_members where role = 'moderator'";
    for _ in 0..10 {
        for name in ["ann", "bob"] {
            let path = format!("/communities/general/moderators/{name}");
            boss.put(&path, json!({})).await.expect(204);
        }
        let [ann, bob] = [two.clients(&ann)[0].clone(), two.clients(&bob)[1].clone()];
        tokio::join!(
            ann.delete("/communities/general/moderators/bob"),
            bob.delete("/communities/general/moderators/ann"),
        );
        assert_eq!(two.number(moderators).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_current_password_changes_the_password_once() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let [client, _] = two.clients(&ada);
    let changes = (0..6).map(|n| {
        let body =
            json!({"current_password": PASSWORD, "new_password": format!("new password {n}")});
        let client = client.clone();
        async move { client.put("/me/password", body).await }
    });
    let statuses: Vec<u16> =
        join_all(changes).await.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!((count(&statuses, 204), count(&statuses, 422)), (1, 5), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_begins_by_a_password_that_was_changed_meanwhile() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let (mut old, mut password) = (PASSWORD.to_owned(), String::new());
    for n in 0..5 {
        password = format!("password number {n}");
        let sign_in = json!({"username": "ada", "password": old});
        let change = json!({"current_password": old, "new_password": password});
        let [here, _] = two.clients(&ada);
        let there = two.other.client.clone();
        let sign_ins = (0..4).map(|_| there.post("/sessions", sign_in.clone()));
        let (changed, begun) = tokio::join!(here.put("/me/password", change), join_all(sign_ins));
        changed.expect(204);
        for begun in begun.iter().filter(|begun| begun.status == 201) {
            let token = begun.json()["access_token"].as_str().unwrap().to_owned();
            two.one.client.with_token(&token).get("/me").await.expect_problem(401, "session_ended");
        }
        old = password.clone();
    }
    let sign_in = json!({"username": "ada", "password": password});
    two.one.client.post("/sessions", sign_in).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_closes_once_and_nothing_else_of_it_changes_then() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let clients = two.clients(&ada);
    let password = json!({"password": PASSWORD});
    let close = at_once(&clients, async |client| {
        client.send(Method::DELETE, "/me", Some(password.clone())).await
    });
    let edit = at_once(&clients, async |client| client.patch("/me", json!({"bio": "Here."})).await);
    let address = json!({"email": "new@example.org", "password": PASSWORD});
    let change = at_once(&clients, async |client| client.put("/me/email", address.clone()).await);
    let (closed, edited, changed) = tokio::join!(close, edit, change);
    assert_eq!(count(&closed, 204), 1, "{closed:?}");
    for statuses in [&closed, &edited, &changed] {
        assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
    }
    let kept = "select count(*) as n from accounts
                where state = 'closed' and bio = '' and email is null and pending_email is null";
    assert_eq!(two.number(kept).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_drawn_alike_go_to_one() {
    let two = Two::start().await;
    let clients = [two.one.client.clone(), two.other.client.clone()];
    let names = ["paul0", "Paulo", "pau10", "PAUl0"];
    let made = clients.iter().flat_map(|client| {
        names.iter().map(move |name| {
            let email = format!("{name}@example.org");
            let body = json!({"username": name, "email": email, "password": PASSWORD});
            async move { client.post("/accounts", body).await }
        })
    });
    let made: Vec<u16> = join_all(made).await.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!((count(&made, 201), count(&made, 409)), (1, 7), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lets_a_request_be_done_once() {
    let two = Two::start().await;
    let ada = two.one.member("ada").await;
    let post = json!({"community": "general", "title": "A post", "body": "Only once."});
    let clients = two.clients(&ada);
    let made = at_once(&clients, async |client| {
        let request = Request::post(client.url("/posts"))
            .header("content-type", "application/json")
            .header("idempotency-key", "the-same-key");
        client.send_request(request.body(Full::from(post.to_string())).unwrap()).await
    });
    let made = made.await;
    assert!(made.iter().all(|status| matches!(status, 201 | 409)), "{made:?}");
    assert_eq!(two.number("select count(*) as n from posts").await, 1);
}
