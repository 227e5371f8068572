//! What people are told, and what they are not.

use std::time::Duration;

use gatherly::{
    events::{Cause, Content, Event, Occurrence},
    jobs,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Client, TestApp,
    forum::{comment, each, id, post, reply},
    wait_for,
};

/// Has something happen.
async fn happen(app: &TestApp, event: Event) {
    app.advance(Duration::from_millis(1));
    let occurrence = Occurrence::new(app.app.clock.now(), Cause::Server, event);
    let mut tx = app.app.db.begin().await.unwrap();
    jobs::publish(&mut tx, &occurrence).await.unwrap();
    tx.commit().await.unwrap();
}

fn published_comment(comment: &Value) -> Event {
    let content = Content::Comment(id(comment).parse().unwrap());
    Event::ContentPublished { content, edited: false }
}

/// The list of somebody, once it has so many.
async fn told(client: &Client, count: usize) -> Value {
    let list = async || client.get("/notifications").await.expect(200);
    wait_for("they are told", async || list().await["items"].as_array().unwrap().len() >= count)
        .await;
    let list = list().await;
    assert_eq!(list["items"].as_array().unwrap().len(), count, "{list}");
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_told_once_and_marked_as_read() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = post(&app, &ada, "A title").await;
    let first = comment(&app, &bob, &post, "Well, @ada and @bob, `@eve`.").await;
    let second = reply(&app, &ada, (&post, &first), "Hello @BOB, see a@bob.org").await;
    for _ in 0..2 {
        happen(&app, published_comment(&first)).await;
    }
    let list = told(&ada, 1).await;
    assert_eq!(list["unread"], 1);
    let item = &list["items"][0];
    assert_eq!((&item["kind"], &item["actor"]), (&json!("reply"), &json!("bob")));
    assert_eq!((&item["post_id"], &item["comment_id"]), (&post["id"], &first["id"]));
    assert_eq!(item["values"][1]["value"], "Well, @ada and @bob, `@eve`.");
    happen(&app, published_comment(&second)).await;
    told(&bob, 1).await;
    ada.post("/notifications/read", json!({"up_to": item["id"]})).await.expect(204);
    let list = ada.get("/notifications").await.expect(200);
    assert_eq!((&list["unread"], &list["items"][0]["read"]), (&json!(0), &json!(true)));
    assert!(each(&ada.get("/notifications?unread=true").await.expect(200), "id").is_empty());
    let unknown = json!({"up_to": Uuid::nil()});
    ada.post("/notifications/read", unknown).await.expect_problem(404, "not_found");
    bob.post("/notifications/read", json!({"ids": [item["id"]]})).await.expect(204);
}
