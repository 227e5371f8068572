//! The leak canary: everything that somebody may not know carries a word of its
//! own, every read of the specification is made by everybody with the ids of
//! everything, and each word must be in the answers to those who may know it
//! and in no other. What is hidden is answered like what is not there.

mod burrow;

use std::collections::{BTreeMap, BTreeSet};

use gatherly::routes;
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Client, Operation, Reply, Spec};
use burrow::{Burrow, MARKS};

/// An id of nothing.
const NOTHING: &str = "0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11";

/// Values of a parameter of a query.
fn values(spec: &Spec, operation: &Operation, burrow: &Burrow, name: &str) -> Vec<String> {
    let all = operation.value["parameters"].as_array().unwrap();
    let parameter = all.iter().find(|parameter| parameter["name"] == name).unwrap();
    let schema = spec.resolve(&parameter["schema"]);
    if let Some(known) = schema["enum"].as_array() {
        return known.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
    }
    match name {
        "query" => MARKS.iter().map(|(mark, _)| (*mark).to_owned()).collect(),
        "target" => [burrow.of("posts"), burrow.of("comments")].concat(),
        "binding" => burrow.of("plugin-bindings"),
        "community" => burrow.of("communities"),
        "author" => burrow.of("accounts"),
        "plugin" => burrow.of("plugins"),
        "limit" => vec!["100".to_owned()],
        _ => Vec::new(),
    }
}

/// The paths of an operation with every id in every place.
fn paths(operation: &Operation, burrow: &Burrow) -> Vec<String> {
    let mut paths = vec![format!("/{}", operation.path)];
    while let Some(path) = paths.iter().find(|path| path.contains('{')).cloned() {
        paths.retain(|other| *other != path);
        let (before, rest) = path.split_once('{').unwrap();
        let (_, after) = rest.split_once('}').unwrap();
        let of = before.trim_end_matches('/').rsplit('/').next().unwrap();
        paths.extend(burrow.of(of).iter().map(|id| format!("{before}{id}{after}")));
    }
    paths
}

/// Every read: paths, and paths with one thing asked for. Search is asked for
/// every word of every kind.
fn reads(spec: &Spec, burrow: &Burrow) -> Vec<String> {
    let mut reads = Vec::new();
    for operation in spec.operations() {
        if operation.method != Method::GET {
            continue;
        }
        let mut queries = vec!["limit=100".to_owned()];
        for name in operation.parameters("query") {
            let all = values(spec, &operation, burrow, &name);
            queries.extend(all.into_iter().map(|value| format!("limit=100&{name}={value}")));
        }
        if operation.id == "search" {
            let words = values(spec, &operation, burrow, "query");
            let kinds = values(spec, &operation, burrow, "kind");
            queries = words
                .iter()
                .flat_map(|word| kinds.iter().map(move |kind| format!("query={word}&kind={kind}")))
                .collect();
        }
        if !operation.parameters("query").contains(&"limit".to_owned()) {
            queries = vec![String::new()];
        }
        for path in paths(&operation, burrow) {
            reads.extend(queries.iter().map(|query| format!("{path}?{query}")));
        }
    }
    reads
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_what_is_not_for_them() {
    let burrow = Burrow::dig().await;
    let spec = Spec::parse(&routes::specification(&burrow.app.app));
    let reads = reads(&spec, &burrow);
    let mut leaks = Vec::new();
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (who, client) in burrow.everybody() {
        for path in &reads {
            let reply = client.get(path).await;
            assert!(reply.status.as_u16() < 500, "{path} as {who}: {}", reply.status);
            let text = reply.text();
            let found = MARKS.iter().filter(|(mark, _)| text.contains(mark));
            for (mark, _) in found.clone() {
                seen.entry(mark).or_default().insert(who);
            }
            let leaked = found.filter(|(_, readers)| !readers.contains(&who));
            leaks.extend(leaked.map(|(mark, _)| format!("{mark} to {who}: GET {path}")));
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    // The other way round: a canary that nobody hears is dead.
    for (mark, readers) in MARKS {
        let readers: BTreeSet<&str> = readers.iter().copied().collect();
        assert_eq!(seen.get(mark).cloned().unwrap_or_default(), readers, "who reads {mark}");
    }
    println!("{} reads by {} kinds of people", reads.len(), burrow.everybody().len());
}

/// An answer without what is new in each.
fn stripped(reply: &Reply) -> (u16, Value) {
    let mut body = if reply.body.is_empty() { Value::Null } else { reply.json() };
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (reply.status.as_u16(), body)
}

async fn ask(client: &Client, spec: &Spec, operation: &Operation, of: &str, id: &str) -> Reply {
    let path = operation.path_with(|place, _| match place {
        place if place == of => id.to_owned(),
        "accounts" | "moderators" => "rabbit".to_owned(),
        _ => NOTHING.to_owned(),
    });
    let body = spec.body(operation).map(|schema| match operation.id.as_str() {
        id if id.starts_with("create_") && id.ends_with("_ban") => {
            json!({"username": "rabbit", "deeds": ["vote"]})
        }
        _ => schema["example"].clone(),
    });
    client.send(operation.method.clone(), &path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_answered_like_what_is_not_there() {
    let burrow = Burrow::dig().await;
    let spec = Spec::parse(&routes::specification(&burrow.app.app));
    let mut compared = 0;
    for (who, of, id) in burrow.hidden() {
        let client = burrow.client(who);
        let nothing = if of == "communities" { "nowhere" } else { NOTHING };
        for operation in spec.operations() {
            if !operation.path.contains(&format!("/{of}/{{")) {
                continue;
            }
            let hidden = ask(&client, &spec, &operation, of, &id).await;
            let absent = ask(&client, &spec, &operation, of, nothing).await;
            let asked = format!("{} of {of} {id} as {who}", operation.id);
            assert_eq!(stripped(&hidden), stripped(&absent), "{asked}");
            assert!(matches!(hidden.status.as_u16(), 401 | 404), "{asked}: {}", hidden.status);
            let headers = |reply: &Reply| -> BTreeSet<String> {
                reply.headers.keys().map(ToString::to_string).collect()
            };
            assert_eq!(headers(&hidden), headers(&absent), "{asked}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared} questions are not all");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_count_what_can_be_read() {
    let burrow = Burrow::dig().await;
    for who in ["anonymous", "stranger"] {
        let client = burrow.client(who);
        let community = client.get("/communities/garden").await.expect(200);
        let posts = client.get("/posts?community=garden&limit=100").await.expect(200);
        let posts = posts["items"].as_array().unwrap();
        assert_eq!(community["post_count"], posts.len(), "posts as {who}");
        for post in posts {
            let comments = format!("/posts/{}/comments?limit=100", post["id"].as_str().unwrap());
            let comments = client.get(&comments).await.expect(200);
            let items = comments["items"].as_array().unwrap();
            let readable = items.iter().filter(|item| item["state"] == "published").count();
            assert_eq!(post["comment_count"], readable, "comments of {post} as {who}");
        }
        let author = client.get("/accounts/author").await.expect(200);
        if let Some(count) = author.get("post_count") {
            assert_eq!(*count, posts.len(), "posts of the author as {who}");
        }
    }
}
