//! What people write, through the API. Ids are in the order of time, so each
//! text takes a millisecond.

use std::time::Duration;

use gatherly::jobs::{self, NewJob};
use serde_json::{Value, json};

use super::{Client, Person, Reply, TestApp};

/// Asks to publish a post in `general`.
pub async fn try_post(app: &TestApp, author: &Person, title: &str, body: &str) -> Reply {
    app.advance(Duration::from_millis(1));
    author.post("/posts", json!({"community": "general", "title": title, "body": body})).await
}

/// A published post in `general`.
pub async fn post(app: &TestApp, author: &Person, title: &str) -> Value {
    try_post(app, author, title, "A body.").await.expect(201)
}

/// Asks to publish a comment.
pub async fn try_comment(
    app: &TestApp,
    author: &Person,
    (post, parent): (&Value, Option<&Value>),
    body: &str,
) -> Reply {
    app.advance(Duration::from_millis(1));
    let mut request = json!({"body": body});
    if let Some(parent) = parent {
        request["parent_id"] = parent["id"].clone();
    }
    author.post(&format!("/posts/{}/comments", id(post)), request).await
}

/// A published comment on a post.
pub async fn comment(app: &TestApp, author: &Person, post: &Value, body: &str) -> Value {
    try_comment(app, author, (post, None), body).await.expect(201)
}

/// A published answer to a comment.
pub async fn reply(
    app: &TestApp,
    author: &Person,
    (post, parent): (&Value, &Value),
    body: &str,
) -> Value {
    try_comment(app, author, (post, Some(parent)), body).await.expect(201)
}

/// The id of a thing.
#[track_caller]
pub fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

/// One field of every item of a list.
#[track_caller]
pub fn each(list: &Value, field: &str) -> Vec<Value> {
    list["items"].as_array().expect("items").iter().map(|item| item[field].clone()).collect()
}

/// One field of all items of a list, gone through in pages of `limit`.
pub async fn walk(client: &Client, path: &str, limit: u32, field: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let separator = if path.contains('?') { '&' } else { '?' };
    let first = format!("{path}{separator}limit={limit}");
    let mut next = first.clone();
    loop {
        let page = client.get(&next).await.expect(200);
        found.extend(each(&page, field));
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        next = format!("{first}&cursor={cursor}");
    }
}

/// Adds a job of the kind `late` that is to be done in a day.
pub async fn add_late_job(app: &TestApp, payload: &impl serde::Serialize) -> String {
    let now = app.app.clock.now();
    let job = NewJob::new("late", payload).not_before(now.plus(Duration::from_hours(24)));
    let mut tx = app.app.db.begin().await.unwrap();
    let id = jobs::enqueue(&mut tx, job, now).await.unwrap().expect("a new job");
    tx.commit().await.unwrap();
    id.to_string()
}
