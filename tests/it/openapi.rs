//! The specification is never wrong: it is the committed one, it says what a
//! stranger needs, and what it does not allow is refused.

use std::{collections::BTreeSet, fs};

use gatherly::routes;
use hyper::{Method, body::Bytes};
use proptest::{
    prelude::any,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::{
    support::{Operation, Person, Reply, Spec, TestApp, forum, output, policy, program, types},
    tidy::source::root,
};

const COMMITTED: &str = "openapi/gatherly.json";
const REGENERATE: &str = "cargo run -- openapi > openapi/gatherly.json";

/// A server, its specification, and somebody whom nothing is forbidden.
async fn start() -> (TestApp, Spec, Person) {
    let app = TestApp::start().await;
    let spec = Spec::parse(&routes::specification(&app.app));
    let admin = app.admin("boss").await;
    (app, spec, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_specification_is_the_served_one() {
    let app = TestApp::start().await;
    let served = app.client.get("//openapi.json").await.text();
    let committed = fs::read_to_string(root().join(COMMITTED)).unwrap_or_default();
    // Not assert_eq: two thousand lines help nobody.
    assert!(committed == served, "{COMMITTED} is not what is served: {REGENERATE}");
    let printed = output(program(None, &["openapi"]), "").await;
    assert!(printed.status.success(), "{printed:?}");
    assert!(String::from_utf8(printed.stdout).unwrap() == served, "the command prints another one");
}

/// What the specification leaves out about an operation.
fn omissions(spec: &Spec, operation: &Operation) -> Vec<String> {
    let (value, mut missing) = (&operation.value, Vec::new());
    let says = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    if !says(&value["summary"]) {
        missing.push("a summary".to_owned());
    }
    // Who may do it, as in "For everybody.", "For those who moderate there."
    if !value["description"].as_str().is_some_and(|text| text.contains("For ")) {
        missing.push("whom it is for".to_owned());
    }
    let snake = |c: char| c.is_ascii_lowercase() || c == '_';
    if operation.id.is_empty() || !operation.id.chars().all(snake) {
        missing.push("an id in snake_case".to_owned());
    }
    if value["tags"].as_array().is_none_or(Vec::is_empty) {
        missing.push("a tag".to_owned());
    }
    for parameter in value["parameters"].as_array().into_iter().flatten() {
        if !says(&spec.resolve(parameter)["description"]) {
            missing.push(format!("what {} is", parameter["name"]));
        }
    }
    let responses = value["responses"].as_object().unwrap();
    if !responses.keys().any(|status| status.starts_with('2')) {
        missing.push("a success".to_owned());
    }
    for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('4')) {
        if spec.resolve(response)["content"].get("application/problem+json").is_none() {
            missing.push(format!("that {status} is a problem"));
        }
    }
    let is_probe = !operation.path.starts_with("/api/");
    for status in ["400", "401", "403", "404", "429", "503"] {
        if !responses.contains_key(status) && !is_probe {
            missing.push(format!("status {status}"));
        }
    }
    if let Some(body) = spec.body(operation) {
        if body.get("example").is_none() {
            missing.push("an example".to_owned());
        }
        for (name, property) in body["properties"].as_object().into_iter().flatten() {
            if !says(&property["description"]) && !says(&spec.resolve(property)["description"]) {
                missing.push(format!("what the field {name} is"));
            }
        }
    }
    missing
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_explained() {
    let (_app, spec, _) = start().await;
    let mut ids = BTreeSet::new();
    let mut findings = Vec::new();
    for operation in spec.operations() {
        if !ids.insert(operation.id.clone()) {
            findings.push(format!("{}: two operations have this id", operation.id));
        }
        for missing in omissions(&spec, &operation) {
            findings.push(format!("{} {} lacks {missing}", operation.method, operation.path));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(ids.len() > 40, "{} operations are not all", ids.len());
}

/// Largest specification: a third of the size that it had with every error written
/// out at every operation.
const SIZE_MAX: usize = 500_000;

/// Whether a key with this value occurs anywhere in a JSON value.
fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(object) => {
            object.contains_key(key) || object.values().any(|value| has_key(value, key))
        }
        Value::Array(items) => items.iter().any(|value| has_key(value, key)),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_specification_is_in_forms_that_code_generators_read_whole() {
    let (app, spec, _) = start().await;
    assert_eq!(spec.0["openapi"], "3.1.0");
    assert!(!has_key(&spec.0, "allOf"), "an allOf is left");
    let size = routes::specification(&app.app).len();
    assert!(size <= SIZE_MAX, "{size} bytes");
    let mut findings = Vec::new();
    for operation in spec.operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let is_problem = response["content"].get("application/problem+json").is_some();
            if is_problem {
                findings.push(format!("{}: {status} is not shared", operation.id));
            }
        }
        let security = operation.value["security"].as_array();
        let Some(security) = security else {
            findings.push(format!("{}: says nothing of credentials", operation.id));
            continue;
        };
        let takes_key = has_parameter(&operation, "#/components/parameters/IdempotencyKey");
        let should = operation.method == Method::POST && !security.is_empty();
        if takes_key != should {
            findings.push(format!("{}: Idempotency-Key declared: {takes_key}", operation.id));
        }
        let reads_json = operation.method == Method::GET
            && operation.value["responses"]["200"]["content"].get("application/json").is_some();
        let is_conditional = has_parameter(&operation, "#/components/parameters/IfNoneMatch")
            && operation.value["responses"].get("304").is_some();
        if reads_json != is_conditional {
            findings.push(format!("{}: If-None-Match declared: {is_conditional}", operation.id));
        }
        let body = spec.body(&operation);
        if body.is_some_and(|body| body["additionalProperties"] != false) {
            findings.push(format!("{}: unknown fields are not declared as refused", operation.id));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

fn has_parameter(operation: &Operation, reference: &str) -> bool {
    let parameters = operation.value["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|parameter| parameter["$ref"] == reference)
}

/// A value for a parameter of a path: nothing that there is.
fn nowhere(of: &str, _name: &str) -> String {
    match of {
        "communities" | "accounts" | "moderators" | "plugins" => "nowhere".to_owned(),
        "versions" => "0".repeat(64),
        _ => "0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11".to_owned(),
    }
}

/// Sends an operation's body, to nothing that there is.
async fn send(person: &Person, operation: &Operation, body: Value) -> Reply {
    person.send(operation.method.clone(), &operation.path_with(nowhere), Some(body)).await
}

/// JSON of every type but those that a schema allows.
fn wrong_values(spec: &Spec, property: &Value, required: bool) -> Vec<Value> {
    let schema = spec.resolve(property);
    let Some(right) = types(schema).next() else { return Vec::new() };
    let all = [
        ("string", json!("\u{1F980} no such value")),
        ("integer", json!(7)),
        ("number", json!(0.5)),
        ("boolean", json!(true)),
        ("array", json!([[]])),
        ("object", json!({"no such field": 1})),
        ("null", Value::Null),
    ];
    all.into_iter()
        .filter(|(kind, _)| match *kind {
            // Absent is absent, however it is written.
            "null" => required && schema.get("default").is_none(),
            "integer" => !matches!(right, "integer" | "number"),
            "number" => right != "number",
            kind => kind != right,
        })
        .map(|(_, value)| value)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_takes_its_own_type_only() {
    let (_app, spec, admin) = start().await;
    let mut tried = 0;
    for operation in spec.operations() {
        let Some(schema) = spec.body(&operation) else { continue };
        let example = &schema["example"];
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().unwrap() {
            for wrong in wrong_values(&spec, property, required.contains(&name.as_str())) {
                let mut body = example.clone();
                body[name] = wrong.clone();
                let reply = send(&admin, &operation, body).await;
                assert_eq!(reply.status, 400, "{} with {name} = {wrong}", operation.id);
                reply.expect_problem(400, "bad_request");
                tried += 1;
            }
        }
        for name in &required {
            let mut body = example.clone();
            body.as_object_mut().unwrap().remove(*name);
            send(&admin, &operation, body).await.expect_problem(400, "bad_request");
        }
        let mut unknown = example.clone();
        unknown["no_such_field"] = json!(1);
        send(&admin, &operation, unknown).await.expect_problem(400, "bad_request");
        for body in [json!([]), json!([example]), json!("x"), json!(7), Value::Null] {
            send(&admin, &operation, body).await.expect_problem(400, "bad_request");
        }
        let (method, path) = (&operation.method, operation.path_with(nowhere));
        for bytes in ["", "{", "{}}", "\u{0}", "{\"a\": 1, \"a\": 2}"] {
            let bytes = Bytes::from_static(bytes.as_bytes());
            let json = Some("application/json");
            let reply = admin.send_bytes(method.clone(), &path, json, bytes).await;
            assert!(reply.status.is_client_error(), "{}: {}", operation.id, reply.status);
        }
        let text = Bytes::from(example.to_string());
        let reply = admin.send_bytes(method.clone(), &path, Some("text/plain"), text).await;
        reply.expect_problem(415, "media_type");
    }
    assert!(tried > 100, "{tried} wrong values are not all");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_taken() {
    let (app, spec, _) = start().await;
    for (n, operation) in spec.operations().iter().enumerate() {
        let Some(schema) = spec.body(operation) else { continue };
        // Some examples end an account.
        let admin = app.admin(&format!("admin{n}")).await;
        let reply = send(&admin, operation, schema["example"].clone()).await;
        // There may be no such thing as it speaks of.
        let told = reply.status == 422 && reply.text().contains("\"unknown\"");
        let taken = !matches!(reply.status.as_u16(), 400 | 415 | 422) || told;
        assert!(taken, "the example of {}: {}", operation.id, reply.text());
    }
}

/// What may stand in an address and names nothing.
fn garbage() -> Vec<String> {
    let long = "a".repeat(5_000);
    let short = [
        "x",
        "0",
        "-1",
        "1e9",
        "null",
        "%00",
        "%FF%FE",
        "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd",
        "99999999999999999999",
        "00000000-0000-0000-0000-000000000000",
        "%27%20or%201%3D1--",
        "%F0%9F%A6%80",
        "*",
        "[]",
        "%7B%7D",
        "a%20AND%20b%22",
        "0199C1A06F3E7D52A1C45B7F0E2D9A11",
    ];
    short.into_iter().map(str::to_owned).chain([long]).collect()
}

/// Checks that an answer is a client's error, in the form of all errors.
fn refused(reply: &Reply, asked: &str) {
    assert!(reply.status.is_client_error(), "{asked}: {}", reply.status);
    let code = reply.json()["code"].as_str().unwrap().to_owned();
    reply.expect_problem(reply.status.as_u16(), &code);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_path_is_checked() {
    let (_app, spec, admin) = start().await;
    for operation in spec.operations() {
        let body = spec.body(&operation).map(|schema| schema["example"].clone());
        let names = operation.parameters("path");
        let values =
            names.iter().flat_map(|name| garbage().into_iter().map(move |value| (name, value)));
        for (name, value) in values {
            let path = operation.path_with(|of, other| match other {
                _ if other == name => value.clone(),
                _ => nowhere(of, other),
            });
            let reply = admin.send(operation.method.clone(), &path, body.clone()).await;
            refused(&reply, &path);
        }
    }
}

/// What a parameter of a query may be sent as, and must be answered.
fn queries(name: &str) -> Vec<String> {
    let values = garbage().into_iter().chain([String::new()]);
    values
        .flat_map(|value| [format!("{name}={value}"), format!("{name}={value}&{name}=1")])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_query_is_checked() {
    let (_app, spec, admin) = start().await;
    for operation in spec.operations() {
        let names = operation.parameters("query");
        if operation.method != Method::GET {
            let id = operation.id.as_str();
            assert!(names.is_empty() || names == ["reason"] || id == "upload_plugin", "{id}");
            let reasons = names.iter().filter(|name| *name == "reason");
            for query in reasons.flat_map(|name| queries(name)) {
                let asked = format!("{}?{query}", operation.path_with(nowhere));
                refused(&admin.send(operation.method.clone(), &asked, None).await, &asked);
            }
            continue;
        }
        let path = operation.path_with(|of, name| match of {
            "communities" => "general".to_owned(),
            "accounts" => "boss".to_owned(),
            _ => nowhere(of, name),
        });
        for query in names.iter().flat_map(|name| queries(name)) {
            let asked = format!("{path}?{query}");
            let reply = admin.get(&asked).await;
            if reply.status != 200 {
                refused(&reply, &asked);
            }
        }
        if names.iter().any(|name| name == "limit") {
            for limit in ["0", "-1", "101", "1.5", "", "1e1", "4294967297"] {
                let asked = format!("{path}?limit={limit}");
                refused(&admin.get(&asked).await, &asked);
            }
        }
    }
}

/// Integers that arithmetic goes wrong with, and some at random.
fn integers() -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let mut random = || any::<i64>().new_tree(&mut runner).unwrap().current();
    let edges = [i64::MIN, i64::MAX, i32::MIN.into(), i32::MAX.into(), u32::MAX.into()];
    let near =
        edges.into_iter().flat_map(|edge| [edge, edge.saturating_sub(1), edge.saturating_add(1)]);
    let small = [-1, 0, 1, 1_000_000_000_000];
    let mut all: Vec<Value> = near.chain(small).map(Value::from).collect();
    all.extend((0..16).map(|_| Value::from(random())));
    all.push(u64::MAX.into());
    all
}

/// Puts a value at a pointer, and makes what lies on the way where it is missing.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut place = body;
    for step in pointer.split('/').skip(1) {
        if step == "0" {
            if !place.is_array() {
                *place = json!([Value::Null]);
            }
            place = &mut place[0];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[step];
        }
    }
    *place = value;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_integer_in_a_request_breaks_the_server() {
    let (app, spec, admin) = start().await;
    let post = forum::post(&app, &admin, "A title").await;
    let comment = forum::comment(&app, &admin, &post, "A comment").await;
    let binding = policy::enforce_first_letter(&admin, "please wait").await;
    let mut tried = 0;
    for operation in spec.operations() {
        let path = operation.path_with(|of, name| match of {
            "communities" => "general".to_owned(),
            "posts" => forum::id(&post).to_owned(),
            "comments" => forum::id(&comment).to_owned(),
            "plugin-bindings" => forum::id(&binding).to_owned(),
            _ => nowhere(of, name),
        });
        for parameter in operation.parameters("query") {
            for value in integers() {
                admin
                    .send(operation.method.clone(), &format!("{path}?{parameter}={value}"), None)
                    .await;
            }
        }
        let Some(schema) = spec.body(&operation) else { continue };
        for pointer in spec.integers(schema) {
            for value in integers() {
                let mut body = schema["example"].clone();
                put(&mut body, &pointer, value);
                // The client of these tests takes no 500.
                admin.send(operation.method.clone(), &path, Some(body)).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried} integers are not all");
    // A value that was stored is one that can be read again.
    admin.get("/me/notification-preferences").await.expect(200);
    admin.get("/plugin-bindings").await.expect(200);
}
