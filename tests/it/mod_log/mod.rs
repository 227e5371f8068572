//! The log of acts: every operation of the specification that changes something is in
//! `table.txt`, and is asked for to see what it writes into the log. An operation without
//! a row fails by name; there is no list of exceptions.

mod ranks;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gatherly::routes;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    authz::scene::Scene,
    support::{Operation, Person, Spec},
};

const TABLE: &str = include_str!("table.txt");

/// An operation, perhaps a case of it, the role that asks, and the kind of the record;
/// `None`: the operation acts only on the caller's own things.
struct Row {
    id: &'static str,
    case: &'static str,
    role: &'static str,
    record: Option<&'static str>,
}

fn table() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, role, record] = words[..] else { panic!("three words a line: {line}") };
            let (id, case) = name.split_once('/').unwrap_or((name, ""));
            Row { id, case, role, record: (record != "own").then_some(record) }
        })
        .collect()
}

/// The newest records, the newest first.
async fn newest(admin: &Person) -> Vec<Value> {
    let log = admin.get("/mod-actions?limit=20").await.expect(200);
    log["items"].as_array().unwrap().clone()
}

/// Brings about what an operation ends.
async fn begin(admin: &Person, operation: &Operation, path: &str) {
    let id = operation.id.as_str();
    if id.starts_with("unlock_") || id.starts_with("unlabel_") {
        admin.put(path, json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_on_others_or_on_the_forum_writes_one_record() {
    let mut scene = Scene::start().await;
    let spec = Spec::parse(&routes::specification(&scene.app.app));
    let operations: BTreeMap<_, _> = spec
        .operations()
        .into_iter()
        .filter(|operation| operation.method != Method::GET)
        .map(|operation| (operation.id.clone(), operation))
        .collect();
    let rows = table();
    let covered: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    let uncovered: Vec<&String> =
        operations.keys().filter(|id| !covered.contains(id.as_str())).collect();
    assert!(
        uncovered.is_empty(),
        "say in tests/it/mod_log/table.txt what these write into the log: {uncovered:?}"
    );

    let mut faults = Vec::new();
    for Row { id, case, role, record } in rows {
        let operation = operations.get(id).unwrap_or_else(|| panic!("{id} changes nothing"));
        let question = scene.question(&spec, operation, case, role).await;
        scene.app.advance(Duration::from_millis(1));
        begin(scene.admin(), operation, &question.path).await;
        let before = newest(scene.admin()).await.first().map(|action| action["id"].clone());
        // Ids are in the order of milliseconds.
        scene.app.advance(Duration::from_millis(1));
        let reply = question.send().await;
        if !reply.status.is_success() && case != "unknown" {
            faults.push(format!("{id} as {role}: {} {}", reply.status, reply.text()));
            continue;
        }
        let log = newest(scene.admin()).await;
        let written: Vec<&Value> =
            log.iter().take_while(|action| Some(&action["id"]) != before.as_ref()).collect();
        let as_expected = match (record, written[..].as_ref()) {
            (None, []) => true,
            (Some(kind), [action]) => {
                action["kind"] == kind && action["actor"] == format!("as-{role}")
            }
            _ => false,
        };
        if !as_expected {
            faults.push(format!("{id} as {role}: {record:?} expected, {written:?}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
