//! Webhooks, with a receiver of the test's own that checks signatures by itself.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use gatherly::base::secret::sha256;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{
    Person, TestApp,
    forum::{comment, each, id, post, try_comment},
    policy, wait_for,
};

/// One request that came.
#[derive(Clone, Debug)]
struct Arrival {
    head: String,
    body: String,
}

impl Arrival {
    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of the signatures is made with a secret.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!(
            "{}.{}.{}",
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.body
        );
        let expected = format!("v1,{}", STANDARD.encode(hmac(&key, signed.as_bytes())));
        self.header("webhook-signature").split(' ').any(|found| found == expected)
    }
}

/// RFC 2104, by the book.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |byte: u8| block.iter().map(|b| b ^ byte).collect::<Vec<u8>>();
    let inner = sha256(&[pad(0x36), text.to_vec()].concat());
    sha256(&[pad(0x5c), inner.to_vec()].concat())
}

/// A server that takes what comes, and answers with what it is told to; with 200
/// when it is told nothing.
struct Receiver {
    port: u16,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (arrivals, answers) = (Arc::default(), Arc::default());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&arrivals), Arc::clone(&answers)));
        Self { port, arrivals, answers, _serving: serving }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// A server that may send to it.
    async fn server(&self) -> TestApp {
        let allowed = format!("127.0.0.1:{}", self.port);
        TestApp::start_with(|config| config.outbound.allow = vec![allowed]).await
    }

    fn answer(&self, status: &'static str) {
        self.answers.lock().unwrap().push_back(status);
    }

    fn all(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().clone()
    }

    /// Everything that came, once it is so much.
    async fn came(&self, count: usize) -> Vec<Arrival> {
        wait_for("it arrives", async || self.all().len() >= count).await;
        let all = self.all();
        assert_eq!(all.len(), count, "{all:?}");
        all
    }
}

async fn serve(
    listener: TcpListener,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Some((arrival, mut stream)) = read(stream).await else { continue };
        let answer = answers.lock().unwrap().pop_front().unwrap_or("200 OK");
        arrivals.lock().unwrap().push(arrival);
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A whole request.
async fn read(mut stream: TcpStream) -> Option<(Arrival, TcpStream)> {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        text.extend_from_slice(&part[..count]);
        let found = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = found.split_once("\r\n\r\n") else { continue };
        let arrival = Arrival { head: head.to_owned(), body: body.to_owned() };
        if body.len() >= arrival.header("content-length").parse().unwrap() {
            return Some((arrival, stream));
        }
    }
}

/// Sets a webhook up: its id and secret.
async fn set_up(who: &Person, receiver: &Receiver, terms: Value) -> (String, String) {
    let mut body = terms;
    body["url"] = json!(receiver.url());
    let made = who.post("/webhooks", body).await.expect(201);
    (id(&made).to_owned(), made["secret"].as_str().unwrap().to_owned())
}

/// What staff sees of the only webhook.
async fn shown(who: &Person) -> Value {
    let list = who.get("/webhooks").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_told_with_a_signature() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    policy::enforce_first_letter(&admin, "please wait").await;
    let events = json!({"events": ["content.published", "content.removed"]});
    let (_, secret) = set_up(&admin, &receiver, events).await;
    let post = post(&app, &ada, "A title").await;
    let first = receiver.came(1).await.remove(0);
    assert!(first.is_signed_with(&secret));
    assert!(!first.is_signed_with(&format!("whsec_{}", STANDARD.encode([7; 32]))));
    let now = (app.app.clock.now().0 / 1_000).to_string();
    assert_eq!(first.header("webhook-timestamp"), now);
    assert_eq!(first.header("content-type"), "application/json");
    assert!(first.head.starts_with("POST /hook HTTP/1.1"), "{}", first.head);
    let told = first.json();
    assert_eq!(told["type"], "content.published");
    assert_eq!((&told["data"]["id"], &told["data"]["author"]), (&post["id"], &json!("ada")));
    assert_eq!(
        (&told["data"]["title"], &told["data"]["community"]),
        (&json!("A title"), &json!("general"))
    );

    // What waits is told to nobody; what is removed, without its words.
    try_comment(&app, &ada, (&post, None), "Hzqcanary").await.expect(202);
    let items = admin.get("/review-items").await.expect(200);
    let path = format!("/review-items/{}/resolutions", id(&items["items"][0]));
    admin.post(&path, json!({"resolution": "remove"})).await.expect(201);
    let removed = receiver.came(2).await.remove(1);
    assert_eq!(removed.json()["type"], "content.removed");
    assert!(!removed.body.contains("zqcanary"));
    assert_ne!(first.header("webhook-id"), removed.header("webhook-id"));
    assert_eq!(shown(&admin).await["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arrive_is_sent_again_with_the_same_id() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    set_up(&admin, &receiver, json!({"events": ["content.published"]})).await;
    // A redirect is not followed.
    for answer in ["500 No", "302 Found\r\nlocation: /elsewhere", "503 No"] {
        receiver.answer(answer);
    }
    post(&app, &ada, "A title").await;
    let waits = [5, 5 * 60, 30 * 60].map(Duration::from_secs);
    for (failed, wait) in (1..).zip(waits) {
        receiver.came(failed).await;
        wait_for("the failure is noted", async || {
            attempts(&app).await == i64::try_from(failed).unwrap()
        })
        .await;
        let webhook = shown(&app.sign_in("boss").await).await;
        let error = ["answered with 500", "answered with 302", "answered with 503"][failed - 1];
        assert_eq!((&webhook["state"], &webhook["last_error"]), (&json!("failing"), &json!(error)));
        app.advance(wait);
    }
    let all = receiver.came(4).await;
    let admin = app.sign_in("boss").await;
    wait_for("it works again", async || shown(&admin).await["state"] == "active").await;
    for again in &all {
        assert_eq!(again.header("webhook-id"), all[0].header("webhook-id"));
        assert_eq!(again.body, all[0].body);
        assert!(again.head.starts_with("POST /hook "));
    }
}

/// How often the only delivery was tried.
async fn attempts(app: &TestApp) -> i64 {
    use gatherly::db::{Columns, statement};
    let row = app.app.db.optional(statement("select attempts from webhook_deliveries")).await;
    row.unwrap().unwrap().value("attempts").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_arrives_for_days_nothing_is_sent_and_admins_are_told() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    set_up(&admin, &receiver, json!({"events": ["content.published"]})).await;
    receiver.answer("500 No");
    post(&app, &ada, "The first").await;
    wait_for("it fails", async || shown(&admin).await["state"] == "failing").await;
    receiver.answer("500 No");
    app.advance(Duration::from_hours(5 * 24));
    let admin = app.sign_in("boss").await;
    wait_for("it is disabled", async || shown(&admin).await["state"] == "disabled").await;
    wait_for("the admin is told", async || {
        let list = admin.get("/notifications").await.expect(200);
        each(&list, "kind") == ["notice"]
    })
    .await;
    let ada = app.sign_in("ada").await;
    post(&app, &ada, "The second").await;
    assert_eq!(receiver.all().len(), 2);
    // One that is gone says so at once.
    let (second, _) = set_up(&admin, &receiver, json!({"events": ["content.published"]})).await;
    receiver.answer("410 Gone");
    post(&app, &ada, "The third").await;
    wait_for("it is disabled", async || {
        let list = admin.get("/webhooks").await.expect(200);
        list["items"][0]["id"] == *second && list["items"][0]["state"] == "disabled"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_beside_the_old_one_for_a_day() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let (hook, old) = set_up(&admin, &receiver, json!({"events": ["content.published"]})).await;
    let rotated = admin.post(&format!("/webhooks/{hook}/secret"), json!({})).await.expect(201);
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(old, new);
    post(&app, &ada, "The first").await;
    let first = receiver.came(1).await.remove(0);
    assert!(first.is_signed_with(&old) && first.is_signed_with(new));
    app.advance(Duration::from_hours(24));
    let ada = app.sign_in("ada").await;
    post(&app, &ada, "The second").await;
    let second = receiver.came(2).await.remove(1);
    assert!(!second.is_signed_with(&old) && second.is_signed_with(new));
    let list = app.sign_in("boss").await.get("/webhooks").await.expect(200);
    assert!(!list.to_string().contains("whsec_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn communities_have_webhooks_of_their_own() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    admin.post("/communities", json!({"slug": "garden", "name": "Garden"})).await.expect(201);
    admin.put("/communities/garden/moderators/ada", json!({})).await.expect(204);
    let terms = json!({"events": ["content.published"], "community": "garden"});
    let (hook, _) = set_up(&ada, &receiver, terms.clone()).await;
    let bob = app.member("bob").await;
    post(&app, &bob, "Elsewhere").await;
    let post = json!({"community": "garden", "title": "Here", "body": "Words"});
    let post = bob.post("/posts", post).await.expect(201);
    assert_eq!(receiver.came(1).await[0].json()["data"]["title"], "Here");

    assert!(each(&bob.get("/webhooks").await.expect(200), "id").is_empty());
    bob.delete(&format!("/webhooks/{hook}")).await.expect_problem(404, "not_found");
    let mut site = terms.clone();
    site["url"] = json!(receiver.url());
    bob.post("/webhooks", site.clone()).await.expect_problem(403, "moderators_only");
    site["community"] = Value::Null;
    ada.post("/webhooks", site).await.expect_problem(403, "admins_only");
    // Who moderates no more hears no more.
    admin.delete("/communities/garden/moderators/ada").await.expect(204);
    comment(&app, &bob, &post, "More words").await;
    app.settled().await;
    assert!(each(&ada.get("/webhooks").await.expect(200), "id").is_empty());
    let (_, _) = set_up(&admin, &receiver, terms).await;
    comment(&app, &bob, &post, "The last words").await;
    let last = receiver.came(2).await.remove(1);
    assert_eq!(last.json()["data"]["excerpt"], "The last words");
    admin.delete(&format!("/webhooks/{hook}")).await.expect(204);
    admin.delete(&format!("/webhooks/{hook}")).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_go_to_public_addresses_about_events_that_there_are() {
    let app = TestApp::start().await;
    let admin = app.admin("boss").await;
    for url in [
        "http://example.org/",
        "https://example.org:8443/",
        "https://ada@example.org/",
        "https://ada:secret@example.org/",
        "https://@example.org/\r\nx-injected: 1",
        "https://example.org/\r\nx-injected: 1",
        "https://exam\tple.org/",
        " https://example.org/",
        "https://example.org/a b",
        "https://example.org/\u{a0}",
        "https://example.org/\u{202e}",
        "https://example.org/\u{7f}",
        "https:\\\\example.org/",
        "https://example.org/#part",
        "no",
    ] {
        let body = json!({"url": url, "events": ["content.published"]});
        admin.post("/webhooks", body).await.expect_invalid(&[("url", "url")]);
    }
    let url = "https://example.org/hook";
    for (events, rule) in [
        (json!([]), "length"),
        (json!(["content.imagined"]), "event"),
        (json!(["plugin.With Space"]), "event"),
        (json!(["plugin."]), "event"),
    ] {
        let body = json!({"url": url, "events": events});
        admin.post("/webhooks", body).await.expect_invalid(&[("events", rule)]);
    }
    let body = json!({"url": url, "events": ["plugin.flood"], "community": "nowhere"});
    admin.post("/webhooks", body).await.expect_invalid(&[("community", "unknown")]);
    let body = json!({"url": url, "events": ["plugin.flood"]});
    for _ in 0..20 {
        admin.post("/webhooks", body.clone()).await.expect(201);
    }
    admin.post("/webhooks", body).await.expect_problem(409, "too_many_webhooks");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_plugins_emit_is_told_once_for_each_cause() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let admin = app.admin("boss").await;
    set_up(&admin, &receiver, json!({"events": ["plugin.flood"]})).await;
    let cause = gatherly::base::ids::new_uuid(app.app.clock.now());
    for name in ["plugin.flood", "plugin.flood", "plugin.drought"] {
        let mut tx = app.app.db.begin().await.unwrap();
        let payload = json!({"level": 3});
        app.app.webhooks.emit(&mut tx, None, name, &payload, cause).await.unwrap();
        tx.commit().await.unwrap();
    }
    let told = receiver.came(1).await.remove(0).json();
    assert_eq!((&told["type"], &told["data"]), (&json!("plugin.flood"), &json!({"level": 3})));
}

/// What staff does and is asked is told by id alone, signed like the rest.
#[tokio::test(flavor = "multi_thread")]
async fn what_staff_does_and_is_asked_is_told_without_words() {
    let receiver = Receiver::start().await;
    let app = receiver.server().await;
    let (admin, ada, bob) =
        (app.admin("boss").await, app.member("ada").await, app.member("bob").await);
    let names = ["report.created", "mod_action.applied", "appeal.submitted", "appeal.decided"];
    let (_, secret) = set_up(&admin, &receiver, json!({"events": names})).await;
    let post = post(&app, &ada, "zqtitle").await;

    let body = json!({"kind": "post", "id": post["id"], "reason": "zqreport"});
    let report = bob.post("/reports", body).await.expect(201);
    receiver.came(1).await;
    let path = format!("/posts/{}/removal", id(&post));
    let removal = admin.post(&path, json!({"reason": "zqremoval"})).await.expect(201);
    receiver.came(2).await;
    let body = json!({"against": "removal", "id": removal["id"], "text": "zqappeal"});
    let appeal = ada.post("/appeals", body).await.expect(201);
    receiver.came(3).await;
    // Granting it is an act, too.
    let path = format!("/appeals/{}/resolution", id(&appeal));
    admin.post(&path, json!({"grant": true, "note": "zqnote"})).await.expect(201);
    let all = receiver.came(5).await;
    app.settled().await;
    assert_eq!(receiver.all().len(), 5, "and no more");

    let mut told = Vec::new();
    for arrival in &all {
        assert!(arrival.is_signed_with(&secret), "{arrival:?}");
        assert!(!arrival.body.contains("zq"), "{arrival:?}");
        let message = arrival.json();
        assert_eq!(message["data"]["community"], "general");
        told.push((message["type"].as_str().unwrap().to_owned(), message["data"]["id"].clone()));
    }
    assert_eq!(
        told[..3],
        [
            ("report.created".to_owned(), report["id"].clone()),
            ("mod_action.applied".to_owned(), removal["id"].clone()),
            ("appeal.submitted".to_owned(), appeal["id"].clone()),
        ]
    );
    let last: Vec<&str> = told[3..].iter().map(|(name, _)| name.as_str()).collect();
    assert!(last.contains(&"mod_action.applied"), "{told:?}");
    assert!(told.contains(&("appeal.decided".to_owned(), appeal["id"].clone())), "{told:?}");
}
