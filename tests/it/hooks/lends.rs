//! What the host lends plugins, seen through a guest that asks what a comment
//! tells it to and answers with public evidence.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

use gatherly::{base::ids::BindingId, db, hooks::StateWrite, plugin_state};
use serde_json::{Value, json};

use super::{bench::Bench, guest};
use crate::support::{Person, Reply, TestApp, forum, policy};

const MINUTE: u64 = 60_000;

fn asker() -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/tests/it/fixtures/guests/0.2.0/asker.wasm")).unwrap()
}

/// A server where the guest judges, and somebody who writes.
struct Scene {
    app: TestApp,
    admin: Person,
    mina: Person,
    post: Value,
    binding: BindingId,
}

impl Scene {
    async fn new() -> Self {
        Self::with(TestApp::start().await, &["api.example"]).await
    }

    async fn with(app: TestApp, http: &[&str]) -> Self {
        let admin = app.admin("root").await;
        let mina = app.member("mina").await;
        let post = forum::post(&app, &mina, "A thread").await;
        let grants = json!({
            "state": true, "text": true, "forum": true, "http": http, "http_in_decisions": true,
        });
        let terms = json!({"mode": "enforce", "failure_mode": "open", "grants": grants});
        let binding = policy::bind(&admin, "asker", asker(), terms).await;
        let binding = BindingId(forum::id(&binding).parse().unwrap());
        Self { app, admin, mina, post, binding }
    }

    async fn try_ask(&self, who: &Person, questions: &Value) -> Reply {
        forum::try_comment(&self.app, who, (&self.post, None), &questions.to_string()).await
    }

    /// The answers to a list of questions.
    async fn ask(&self, questions: Value) -> Value {
        answers(
            &self.try_ask(&self.mina, &questions).await.expect(201)["moderation"]["decisions"][0],
        )
    }

    /// The answer to one question.
    async fn ask_one(&self, question: Value) -> Value {
        self.ask(json!([question])).await[0].clone()
    }

    /// Puts entries where the guest would have put them.
    async fn store(&self, writes: &[StateWrite]) {
        let mut tx = self.app.app.db.begin().await.unwrap();
        let now = self.app.app.clock.now();
        plugin_state::apply(&mut tx, self.binding, writes, now).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn answers(decision: &Value) -> Value {
    let evidence = decision["evidence"].as_array().unwrap_or_else(|| panic!("{decision}"));
    evidence
        .iter()
        .map(|evidence| {
            let text = evidence["text"].as_str().unwrap();
            serde_json::from_str(text).map_or_else(|_| json!(text), named)
        })
        .collect()
}

/// An answer, of an error only its name.
fn named(answer: Value) -> Value {
    let words = answer["error"].as_str().and_then(|words| words.split("name: \"").nth(1));
    match words.and_then(|words| words.split('"').next()) {
        Some(name) => error(name),
        None => answer,
    }
}

fn increment(key: &str) -> Value {
    json!({"ask": "increment", "key": key, "by": 1, "window": MINUTE})
}

fn error(name: &str) -> Value {
    json!({ "error": name })
}

#[tokio::test]
async fn a_call_sees_its_own_writes_and_the_next_call_what_was_kept() {
    let scene = Scene::new().await;
    let first = scene
        .ask(json!([
            increment("a"),
            increment("a"),
            {"ask": "count", "key": "a", "window": MINUTE},
            {"ask": "get", "key": "v"},
            {"ask": "put", "key": "v", "value": "one"},
            {"ask": "get", "key": "v"},
            {"ask": "add", "set": "s", "member": "x"},
            {"ask": "add", "set": "s", "member": "x"},
            {"ask": "add", "set": "s", "member": "y"},
            {"ask": "size", "set": "s"},
            {"ask": "remove", "set": "s", "member": "y"},
            {"ask": "contains", "set": "s", "member": "y"},
            {"ask": "size", "set": "s"},
        ]))
        .await;
    let expected = json!([1, 2, 2, null, null, "one", true, false, true, 2, null, false, 1]);
    assert_eq!(first, expected);
    let second = scene
        .ask(json!([
            increment("a"),
            {"ask": "get", "key": "v"},
            {"ask": "contains", "set": "s", "member": "x"},
            {"ask": "remove", "set": "s", "member": "x"},
            {"ask": "size", "set": "s"},
            {"ask": "delete", "key": "v"},
            {"ask": "get", "key": "v"},
        ]))
        .await;
    assert_eq!(second, json!([3, "one", true, null, 0, null, null]));
    let third = scene.ask(json!([{"ask": "get", "key": "v"}, {"ask": "size", "set": "s"}])).await;
    assert_eq!(third, json!([null, 0]));
}

#[tokio::test]
async fn what_a_failed_call_wrote_is_not_kept() {
    let scene = Scene::new().await;
    let questions =
        json!([{"ask": "put", "key": "v", "value": "lost"}, increment("a"), {"ask": "trap"}]);
    scene.try_ask(&scene.mina, &questions).await.expect(201);
    assert_eq!(scene.ask_one(json!({"ask": "get", "key": "v"})).await, Value::Null);
    assert_eq!(scene.ask_one(increment("a")).await, json!(1));
}

#[tokio::test]
async fn windows_slide_and_entries_expire() {
    let scene = Scene::new().await;
    let put = json!([
        increment("a"),
        {"ask": "put", "key": "v", "value": "soon gone", "ttl": 30_000},
        {"ask": "add", "set": "s", "member": "x", "ttl": 30_000},
    ]);
    scene.ask(put).await;
    scene.app.advance(Duration::from_secs(45));
    let look = json!([
        {"ask": "count", "key": "a", "window": MINUTE},
        {"ask": "get", "key": "v"},
        {"ask": "contains", "set": "s", "member": "x"},
        {"ask": "size", "set": "s"},
    ]);
    assert_eq!(scene.ask(look.clone()).await, json!([1, null, false, 0]));
    scene.app.advance(Duration::from_secs(30));
    assert_eq!(scene.ask(look).await, json!([0, null, false, 0]));
    scene.app.advance(Duration::from_mins(2));
    assert_eq!(scene.app.app.plugin_state.forget_expired().await.unwrap(), 3);
}

#[tokio::test]
async fn what_is_stored_has_bounds() {
    let scene = Scene::new().await;
    let asked = scene
        .ask(json!([
            {"ask": "fill", "key": "v", "bytes": 65_537},
            {"ask": "put", "key": "", "value": "x"},
            {"ask": "put", "key": "k".repeat(129), "value": "x"},
            {"ask": "add", "set": "s", "member": "m".repeat(257)},
            {"ask": "put", "key": "v", "value": "x", "ttl": 0},
            {"ask": "increment", "key": "a", "by": 1, "window": 0},
            {"ask": "count", "key": "a", "window": 400 * 24 * 60 * MINUTE},
        ]))
        .await;
    let (large, duration) = (error("too-large"), error("bad-duration"));
    assert_eq!(asked, json!([large, large, large, large, duration, duration, duration]));
    let put = |key: String, bytes: usize| StateWrite::Put {
        key,
        value: "x".repeat(bytes),
        expires_at: None,
        subject: None,
    };
    let many: Vec<_> = (0..999).map(|number| put(format!("k{number}"), 1)).collect();
    scene.store(&many).await;
    let asked = scene
        .ask(json!([
            {"ask": "put", "key": "last", "value": "x"},
            {"ask": "put", "key": "more", "value": "x"},
        ]))
        .await;
    assert_eq!(asked, json!([null, error("quota")]));
    assert_eq!(scene.ask_one(json!({"ask": "put", "key": "k1", "value": "y"})).await, Value::Null);
    // Up to the last kilobyte.
    let large: Vec<_> = (0..126).map(|number| put(format!("k{number}"), 65_000)).collect();
    scene.store(&large).await;
    let asked = scene.ask(json!([{"ask": "fill", "key": "k900", "bytes": 65_000}, increment("a")]));
    let asked = asked.await;
    assert_eq!(asked[0], Value::Null, "there was room for one more");
    let asked = scene.ask_one(json!({"ask": "fill", "key": "k901", "bytes": 65_000})).await;
    assert_eq!(asked, error("quota"));
    // What got past the first check does not get past the second.
    scene.store(&[put("k902".to_owned(), 65_000)]).await;
    assert_eq!(scene.ask_one(json!({"ask": "get", "key": "k902"})).await, json!("x"));
}

#[tokio::test]
async fn what_names_an_account_goes_with_it() {
    let scene = Scene::new().await;
    let me = scene.mina.get("/me").await.expect(200)["account"]["id"].clone();
    let put = json!([
        {"ask": "increment", "key": "a", "by": 5, "window": MINUTE, "subject": me},
        {"ask": "put", "key": "v", "value": "x", "subject": me},
        {"ask": "add", "set": "s", "member": "x", "subject": me},
        {"ask": "put", "key": "other", "value": "stays"},
    ]);
    scene.ask(put).await;
    let body = json!({"password": crate::support::PASSWORD});
    scene.mina.send(hyper::Method::DELETE, "/me", Some(body)).await.expect(204);
    let look = json!([
        {"ask": "count", "key": "a", "window": MINUTE},
        {"ask": "get", "key": "v"},
        {"ask": "size", "set": "s"},
        {"ask": "get", "key": "other"},
    ]);
    let reply = scene.try_ask(&scene.admin, &look).await.expect(201);
    assert_eq!(answers(&reply["moderation"]["decisions"][0]), json!([0, null, 0, "stays"]));
}

#[tokio::test]
async fn what_a_binding_stored_goes_with_it() {
    let scene = Scene::new().await;
    scene.ask(json!([increment("a"), {"ask": "put", "key": "v", "value": "x"}])).await;
    let stored = || async {
        let all = db::statement("select `key` from plugin_state");
        scene.app.app.db.all(all).await.unwrap().len()
    };
    assert_eq!(stored().await, 2);
    scene.admin.delete(&format!("/plugin-bindings/{}", scene.binding)).await.expect(204);
    assert_eq!(stored().await, 0);
}

#[tokio::test]
async fn each_binding_has_its_own_state_and_shadows_too() {
    let scene = Scene::new().await;
    let grants = json!({"state": true, "text": true, "forum": true, "http": ["api.example"]});
    let terms = json!({"plugin": "asker", "mode": "shadow", "grants": grants});
    let shadow = scene.admin.post("/plugin-bindings", terms).await.expect(201);
    for number in 1..=2 {
        assert_eq!(scene.ask_one(increment("a")).await, json!(number));
    }
    let path = format!("/decisions?binding={}", forum::id(&shadow));
    let decisions = scene.admin.get(&path).await.expect(200);
    let said: Vec<Value> = decisions["items"].as_array().unwrap().iter().map(answers).collect();
    assert_eq!(said, [json!([2]), json!([1])]);
}

#[tokio::test]
async fn an_import_that_is_not_granted_is_refused_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin("root").await;
    let wasm = Some("application/wasm");
    let path = "/plugins?name=asker";
    let upload = admin.send_bytes(hyper::Method::POST, path, wasm, asker().into()).await;
    upload.expect(201);
    for (missing, grants) in [
        ("state", json!({"text": true, "forum": true, "http": ["api.example"]})),
        ("text", json!({"state": true, "forum": true, "http": ["api.example"]})),
        ("forum", json!({"state": true, "text": true, "http": ["api.example"]})),
        ("http", json!({"state": true, "text": true, "forum": true})),
    ] {
        let terms = json!({"plugin": "asker", "mode": "enforce", "grants": grants});
        let refused = admin.post("/plugin-bindings", terms).await;
        refused.expect(422);
        let named = format!("gatherly:plugin/{missing}@0.2.0");
        assert!(refused.text().contains(&named), "{}", refused.text());
    }
}

#[tokio::test]
async fn calls_to_the_host_are_counted() {
    let scene = Scene::new().await;
    for question in [
        json!({"ask": "get", "key": "v"}),
        json!({"ask": "delete", "key": "v"}),
        json!({"ask": "normalise", "text": "x"}),
        json!({"ask": "community", "slug": "general"}),
    ] {
        let flood = json!([{"ask": "repeat", "times": 1_001, "question": question}]);
        scene.try_ask(&scene.mina, &flood).await.expect(201);
        let decisions = scene.admin.get("/decisions").await.expect(200);
        assert_eq!(decisions["items"][0]["staff"]["fault"], "host-quota", "{question}");
    }
}

#[tokio::test]
async fn reads_stand_in_the_record() {
    let scene = Scene::new().await;
    scene.ask(json!([increment("a"), {"ask": "normalise", "text": "pure"}])).await;
    let decisions = scene.admin.get("/decisions").await.expect(200);
    let path = format!("/decisions/{}", forum::id(&decisions["items"][0]));
    let decision = scene.admin.get(&path).await.expect(200);
    let text = decision.to_string();
    assert!(text.contains("state.increment"), "{text}");
    assert!(!text.contains("text.normalise"), "{text}");
}

#[tokio::test]
async fn text_is_worked_on() {
    let scene = Scene::new().await;
    let asked = scene
        .ask(json!([
            {"ask": "normalise", "text": "  Ｆｕｌｌ\u{a0}  ﬁt "},
            {"ask": "fold", "text": "ΡayPаl"},
            {"ask": "fold", "text": "paypal"},
            {"ask": "words", "text": "Don't, ça va"},
            {"ask": "find", "pattern": "b+", "text": "abbcb"},
            {"ask": "find", "pattern": r"\bça\b", "text": "ah ça va"},
            {"ask": "find", "pattern": "(", "text": "x"},
            {"ask": "find_any", "patterns": ["spam", "spammer", "egg"], "text": "SPAMMER eggs"},
            {"ask": "find_any", "patterns": ["x", ""], "text": "x"},
            {"ask": "find_in", "pattern": "x", "text": "x", "times": 500},
        ]))
        .await;
    assert_eq!(asked[0], "full fit");
    assert_eq!(asked[1], asked[2]);
    assert_eq!(asked[3], json!([[0, 5], [7, 10], [11, 13]]));
    assert_eq!(asked[4], json!([[1, 3], [4, 5]]));
    assert_eq!(asked[5], json!([[3, 6]]));
    assert!(asked[6]["error"].is_string(), "{asked}");
    assert_eq!(asked[7], json!([[1, 0, 7], [2, 8, 11]]));
    assert!(asked[8]["error"].is_string(), "{asked}");
    assert_eq!(asked[9], 100);
}

#[tokio::test]
async fn an_expression_that_would_take_for_ever_does_not() {
    let scene = Scene::new().await;
    let start = std::time::Instant::now();
    let asked = scene
        .ask(json!([
            {"ask": "find_in", "pattern": "(.*)(.*)(.*)(.*)=(.*)", "text": "xy", "times": 50_000},
            {"ask": "find_in", "pattern": "[01]*1[01]{900}$", "text": "0110100", "times": 50_000},
            {"ask": "find_in", "pattern": r"((\w{0,20}){0,9}){0,9}x", "text": "é", "times": 50_000},
        ]))
        .await;
    let took = start.elapsed();
    assert_eq!(asked[0], 0);
    assert!(took < Duration::from_secs(4), "{took:?}: {asked}");
}

#[tokio::test]
async fn the_forum_is_as_visitors_see_it() {
    let scene = Scene::new().await;
    policy::enforce_first_letter(&scene.admin, "wait").await;
    let canary = "H CANARY-7c21";
    let held = forum::try_post(&scene.app, &scene.mina, "CANARY-title", canary).await.expect(202);
    let gone = forum::post(&scene.app, &scene.mina, "Gone").await;
    scene.mina.delete(&format!("/posts/{}", forum::id(&gone))).await.expect(204);
    // The one who wrote it is known to have written it.
    let recent = scene.ask_one(json!({"ask": "recent", "limit": 5})).await.to_string();
    assert!(recent.contains("CANARY-title") && recent.contains("true"), "{recent}");
    assert!(!recent.contains("Gone"), "{recent}");
    let me = scene.mina.get("/me").await.expect(200)["account"]["id"].clone();
    let asked = scene
        .ask(json!([
            {"ask": "content", "id": forum::id(&scene.post)},
            {"ask": "content", "id": forum::id(&held)},
            {"ask": "content", "id": forum::id(&gone)},
            {"ask": "content", "id": "nonsense"},
            {"ask": "account", "id": me},
            {"ask": "account_by_name", "name": "root"},
            {"ask": "account_by_name", "name": "nobody"},
            {"ask": "community", "slug": "general"},
            {"ask": "community", "slug": "nowhere"},
            {"ask": "is_member", "account": me, "community": "general"},
        ]))
        .await;
    assert_eq!(asked[0], json!(["A thread", "A body."]));
    assert_eq!(asked[1], Value::Null);
    assert_eq!(asked[2], Value::Null);
    assert_eq!(asked[3], Value::Null);
    assert_eq!(asked[4], json!([me, "mina", "Role::Member"]));
    assert_eq!(asked[5][1], "root");
    assert_eq!(asked[6], Value::Null);
    assert_eq!(asked[7][0], "General");
    assert_eq!(asked[8], Value::Null);
    assert!(asked[9].is_boolean(), "{asked}");
    assert!(!asked.to_string().contains("CANARY"), "{asked}");
}

#[tokio::test]
async fn the_event_tells_where_it_happens() {
    let scene = Scene::new().await;
    let parent = forum::comment(&scene.app, &scene.admin, &scene.post, "A first word").await;
    let ban = json!({"username": "mina", "deeds": ["vote"], "reason": "brigading"});
    scene.admin.post("/communities/general/bans", ban).await.expect(201);
    let questions = json!([
        {"ask": "thread"},
        {"ask": "sanctions"},
        {"ask": "reports"},
        {"ask": "labels"},
        {"ask": "attachments"},
    ]);
    let place = (&scene.post, Some(&parent));
    let reply = forum::try_comment(&scene.app, &scene.mina, place, &questions.to_string()).await;
    let asked = answers(&reply.expect(201)["moderation"]["decisions"][0]);
    assert_eq!(asked[0], json!(["A thread", 1, "A first word"]));
    assert_eq!(asked[1], json!([["Scope::Community", "general", "brigading", false]]));
    assert_eq!((&asked[2], &asked[3], &asked[4]), (&json!([]), &json!([]), &json!(0)));
}

/// A server that answers four requests; its port.
fn receiver() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(4) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2048]).unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong");
        }
    });
    port
}

#[tokio::test]
async fn requests_go_where_they_were_granted() {
    let port = receiver();
    let host = format!("localhost:{port}");
    let allowed = host.clone();
    let app = TestApp::start_with(move |config| config.outbound.allow = vec![allowed]).await;
    let scene = Scene::with(app, &["localhost", "inside.example"]).await;
    let send = |url: String, bytes: usize| json!({"ask": "send", "url": url, "bytes": bytes});
    let asked = scene
        .ask(json!([
            send(format!("http://{host}/ping"), 3),
            send("https://elsewhere.example/".to_owned(), 0),
            send(format!("http://{host}.elsewhere.example/"), 0),
            send("http://inside.example/".to_owned(), 0),
            send("nonsense".to_owned(), 0),
            send(format!("http://{host}/"), (256 << 10) + 1),
            send(format!("http://{host}/"), 0),
            send(format!("http://{host}/"), 0),
            send(format!("http://{host}/"), 0),
        ]))
        .await;
    let (denied, invalid) = (error("denied"), error("invalid"));
    assert_eq!(asked[0], json!([200, "pong"]));
    assert_eq!(asked[1], denied);
    assert!(asked[2] == denied || asked[2] == invalid, "{asked}");
    assert_eq!(asked[3], denied, "granted, but not by https");
    assert_eq!(asked[4], invalid);
    assert_eq!(asked[5], invalid);
    assert_eq!(asked[6], json!([200, "pong"]));
    assert_eq!(asked[7], json!([200, "pong"]));
    assert_eq!(asked[8], error("too-many"));
    // And not at all while somebody waits, unless that was granted.
    let path = format!("/plugin-bindings/{}", scene.binding);
    let grants = json!({"state": true, "text": true, "forum": true, "http": ["localhost"], "http_in_decisions": false});
    scene.admin.patch(&path, json!({"grants": grants})).await.expect(200);
    let asked = scene.ask_one(send(format!("http://{host}/"), 0)).await;
    assert_eq!(asked, denied);
}

/// Writes a number as sixteen hexadecimal digits.
const HEX: &str = "
    (func $hex (param $at i32) (param $number i64)
      (local $place i64) (local $digit i32)
      (local.set $place (i64.const 60))
      (loop $next
        (local.set $digit (i32.wrap_i64 (i64.and (i64.const 15)
          (i64.shr_u (local.get $number) (local.get $place)))))
        (i32.store8 (local.get $at) (i32.add (local.get $digit)
          (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $place (i64.sub (local.get $place) (i64.const 4)))
        (br_if $next (i64.ge_s (local.get $place) (i64.const 0)))))";

const WASI: [&str; 2] = [
    "package wasi:clocks@0.2.0;
     interface wall-clock {
         record datetime { seconds: u64, nanoseconds: u32 }
         now: func() -> datetime;
     }",
    "package wasi:random@0.2.0; interface random { get-random-u64: func() -> u64; }",
];

#[tokio::test]
async fn the_clock_of_wasi_stands_and_its_dice_fall_the_same() {
    let world = format!(
        "import wasi:clocks/wall-clock@0.2.0; import wasi:random/random@0.2.0; {}",
        guest::CONTENT
    );
    let decide = "
        (call $now (i32.const 3072))
        (call $hex (i32.const 2048) (i64.load (i32.const 3072)))
        (call $hex (i32.const 2064) (call $random))
        (i32.store8 (i32.const 1024) (i32.const 4))
        (i32.store (i32.const 1028) (i32.const 2048))
        (i32.store (i32.const 1032) (i32.const 32))
        (i32.const 1024)";
    let imports = r#"(memory (export "memory")"#;
    let with = r#"
        (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))
        (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
        (memory (export "memory")"#;
    let core = guest::core("content-before-publish", decide, HEX).replacen(imports, with, 1);
    let component = guest::component_with(&WASI, &world, &core);
    let bench = Bench::new();
    let first = bench.judge(std::sync::Arc::clone(&component), "A text").await;
    let second = bench.judge(component, "Another text").await;
    let [first, second] =
        [first, second].map(|outcome| outcome.decisions[0].message.clone().unwrap());
    let (clock, dice) = first.split_at(16);
    assert_eq!(u64::from_str_radix(clock, 16).unwrap(), 1_760_000_000, "when the event happened");
    assert_ne!(u64::from_str_radix(dice, 16).unwrap(), 0);
    assert_eq!(first, second, "both were asked about the event `event`");
}

#[tokio::test]
async fn other_interfaces_of_wasi_are_refused_by_name() {
    let package = "package wasi:http@0.2.0; interface types { now: func() -> u64; }";
    let world = format!("import wasi:http/types@0.2.0; {}", guest::CONTENT);
    let imports = r#"(memory (export "memory")"#;
    let with = r#"(import "wasi:http/types@0.2.0" "now" (func $now (result i64)))
        (memory (export "memory")"#;
    let decide = format!("(drop (call $now)) {}", guest::answer(0, ""));
    let core = guest::core("content-before-publish", &decide, "").replacen(imports, with, 1);
    let component = guest::component_with(&[package], &world, &core);
    let refused = Bench::new().hooks.inspect(component).await.unwrap_err();
    assert!(refused.message.contains("wasi:http/types@0.2.0"), "{refused}");
}
