//! Votes, alone and in races.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    hooks::guest,
    support::{
        Person, TestApp,
        forum::{comment, each, id, post, try_comment, try_post},
        policy::{bind, enforce_first_letter},
    },
};

async fn score_of(app: &TestApp, name: &str) -> Value {
    app.client.get(&format!("/accounts/{name}")).await.expect(200)["score"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_is_what_it_is_set_to() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let said = comment(&app, &ada, &made, "A comment.").await;
    for (path, own) in
        [(format!("/posts/{}", id(&made)), 1), (format!("/comments/{}", id(&said)), 0)]
    {
        let vote = format!("{path}/vote");
        app.client.put(&vote, json!({"value": 1})).await.expect_problem(401, "no_token");
        for (value, ups, downs) in [
            (0, 0, 0),
            (1, 1, 0),
            (1, 1, 0),
            (-1, 0, 1),
            (-1, 0, 1),
            (1, 1, 0),
            (0, 0, 0),
            (-1, 0, 1),
        ] {
            let answer = bob.put(&vote, json!({"value": value})).await.expect(200);
            let (ups, score) = (ups + own, ups + own - downs);
            let expected = json!({"ups": ups, "downs": downs, "score": score, "my_vote": value});
            assert_eq!(answer, expected, "{path} {value}");
            let seen = bob.get(&path).await.expect(200);
            for field in ["ups", "downs", "score", "my_vote"] {
                assert_eq!(seen[field], expected[field], "{path} {value} {field}");
            }
        }
        for body in [json!({"value": 2}), json!({"value": -9_000_000_000_i64})] {
            bob.put(&vote, body).await.expect_invalid(&[("value", "range")]);
        }
        for body in [json!({}), json!({"value": null}), json!({"value": 1, "weight": 9})] {
            bob.put(&vote, body).await.expect_problem(400, "bad_request");
        }
    }
    assert_eq!(score_of(&app, "ada").await, -2);
    // Nobody gains by what they think of themselves.
    let path = format!("/comments/{}/vote", id(&said));
    ada.put(&path, json!({"value": 1})).await.expect(200);
    assert_eq!(score_of(&app, "ada").await, -2);
    let unknown = "/posts/0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11/vote";
    bob.put(unknown, json!({"value": 1})).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_votes_of_one_account_count_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let said = comment(&app, &ada, &made, "A comment.").await;
    for (path, own) in
        [(format!("/posts/{}", id(&made)), 1), (format!("/comments/{}", id(&said)), 0)]
    {
        let vote = format!("{path}/vote");
        let votes = (0..60).map(|n| {
            // All three values, so that votes are inserted, changed and deleted.
            let (bob, vote) = (bob.clone(), vote.clone());
            async move { bob.put(&vote, json!({"value": n % 3 - 1})).await }
        });
        for reply in join_all(votes).await {
            reply.expect(200);
        }
        let seen = bob.get(&path).await.expect(200);
        let mine = seen["my_vote"].as_i64().unwrap();
        assert_eq!(seen["ups"], own + i64::from(mine == 1), "{seen}");
        assert_eq!(seen["downs"], i64::from(mine == -1), "{seen}");
        bob.put(&vote, json!({"value": 0})).await.expect(200);
    }
    assert_eq!(score_of(&app, "ada").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_of_many_accounts_all_count() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    let path = format!("/posts/{}/vote", id(&made));
    let people = join_all((0..12).map(|n| {
        let app = &app;
        async move { app.member(&format!("voter{n}")).await }
    }))
    .await;
    let cast = |voter: Person, value: i64| {
        let path = path.clone();
        async move { voter.put(&path, json!({"value": value})).await }
    };
    let votes = people.iter().flat_map(|voter| [1, -1, 1].map(|value| cast(voter.clone(), value)));
    for reply in join_all(votes).await {
        reply.expect(200);
    }
    for reply in join_all(people.iter().map(|voter| cast(voter.clone(), 1))).await {
        reply.expect(200);
    }
    let seen = app.client.get(&format!("/posts/{}", id(&made))).await.expect(200);
    assert_eq!((&seen["ups"], &seen["downs"]), (&json!(13), &json!(0)));
    assert_eq!(score_of(&app, "ada").await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_never_brings_back_what_is_deleted() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let people = join_all(["bob", "eve", "joe"].map(|name| app.member(name))).await;
    for round in 0..10 {
        let made = post(&app, &ada, &format!("Round {round}")).await;
        let path = format!("/posts/{}", id(&made));
        let vote = format!("{path}/vote");
        let votes = join_all(people.iter().map(|voter| voter.put(&vote, json!({"value": 1}))));
        let (replies, deleted) = tokio::join!(votes, ada.delete(&path));
        deleted.expect(204);
        for reply in replies {
            assert!(matches!(reply.status.as_u16(), 200 | 404), "{}", reply.text());
        }
        ada.get(&path).await.expect_problem(404, "not_found");
        ada.put(&vote, json!({"value": -1})).await.expect_problem(404, "not_found");
    }
    assert_eq!(app.client.get("/communities/general").await.expect(200)["post_count"], 0);
    assert_eq!(app.client.get("/posts").await.expect(200), json!({"items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_rank_posts() {
    let app = TestApp::start().await;
    let (ada, bob, eve) =
        (app.member("ada").await, app.member("bob").await, app.member("eve").await);
    let mut posts = Vec::new();
    for n in 0..3 {
        posts.push(post(&app, &ada, &format!("Post {n}")).await);
    }
    for voter in [&bob, &eve] {
        let path = format!("/posts/{}/vote", id(&posts[0]));
        voter.put(&path, json!({"value": 1})).await.expect(200);
    }
    bob.put(&format!("/posts/{}/vote", id(&posts[1])), json!({"value": -1})).await.expect(200);
    for sort in ["hot", "top"] {
        let list = app.client.get(&format!("/posts?sort={sort}")).await.expect(200);
        let first = each(&list, "title")[0].clone();
        assert_eq!(first, "Post 0", "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_cost_few_statements() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let said = comment(&app, &ada, &made, "A comment.").await;
    for path in [format!("/posts/{}/vote", id(&made)), format!("/comments/{}/vote", id(&said))] {
        for (value, most) in [(1, 4), (1, 2), (-1, 4), (0, 4)] {
            let (reply, statements) = app.statements(bob.put(&path, json!({"value": value}))).await;
            reply.expect(200);
            assert_eq!(statements, most, "{path} {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_has_no_votes() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    enforce_first_letter(&root, "please wait").await;
    let held = try_post(&app, &ada, "A title", "Held.").await.expect(202);
    let made = post(&app, &ada, "A title").await;
    let said = try_comment(&app, &ada, (&made, None), "Held.").await.expect(202);
    for path in [format!("/posts/{}/vote", id(&held)), format!("/comments/{}/vote", id(&said))] {
        for person in [&ada, &root] {
            person.put(&path, json!({"value": -1})).await.expect_problem(409, "held");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_refuse_a_vote() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    let made = post(&app, &ada, "A title").await;
    let core = guest::core("vote-before-cast", &guest::answer(1, "not today"), "");
    let component = guest::component("export gatherly:plugin/vote-before-cast@0.3.0;", &core);
    bind(&root, "no-votes", component.to_vec(), json!({"mode": "enforce"})).await;
    let path = format!("/posts/{}/vote", id(&made));
    let refused = bob.put(&path, json!({"value": 1})).await;
    assert_eq!(refused.expect_problem(403, "rejected_by_policy")["detail"], "not today");
    // Nothing changes, so nobody is asked.
    bob.put(&path, json!({"value": 0})).await.expect(200);
    let decisions = root.get("/decisions").await.expect(200);
    assert_eq!(each(&decisions, "hook"), ["vote.before-cast"]);
    assert_eq!(each(&decisions, "outcome"), ["reject"]);
}
