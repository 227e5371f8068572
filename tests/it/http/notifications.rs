//! What people are told, and what they are not.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use gatherly::{
    db::{Columns, statement},
    events::{Cause, Content, Event, Occurrence},
    jobs::{Handlers, Job},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    sync::Semaphore,
    time::{Instant, timeout},
};
use uuid::Uuid;

use crate::{
    hooks::guest,
    support::{
        Client, Person, TestApp,
        forum::{comment, each, id, post, reply, try_comment},
        policy, wait_for,
    },
};

/// How long an event is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The list of somebody, once it has so many.
async fn told(client: &Client, count: usize) -> Value {
    let list = async || client.get("/notifications").await.expect(200);
    wait_for("they are told", async || list().await["items"].as_array().unwrap().len() >= count)
        .await;
    let list = list().await;
    assert_eq!(list["items"].as_array().unwrap().len(), count, "{list}");
    list
}

/// The value of a name.
fn value<'a>(item: &'a Value, name: &str) -> &'a str {
    let values = item["values"].as_array().unwrap();
    values
        .iter()
        .find(|value| value["name"] == name)
        .map_or("", |value| value["value"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_told_once_and_marked_as_read() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = post(&app, &ada, "A title").await;
    let first = comment(&app, &bob, &post, "Well, @ada.").await;
    reply(&app, &ada, (&post, &first), "Hello.").await;
    comment(&app, &ada, &post, "To myself.").await;
    let list = told(&ada, 1).await;
    assert_eq!(list["unread"], 1);
    let item = &list["items"][0];
    assert_eq!((&item["kind"], &item["actor"]), (&json!("reply"), &json!("bob")));
    assert_eq!((&item["post_id"], &item["comment_id"]), (&post["id"], &first["id"]));
    assert_eq!((value(item, "title"), value(item, "excerpt")), ("A title", "Well, @ada."));
    told(&bob, 1).await;
    // What is told again is not told twice.
    let content = Content::Comment(id(&first).parse().unwrap());
    let event = Event::ContentPublished { content, edited: true };
    let again = Occurrence::new(app.app.clock.now(), Cause::Server, event);
    for _ in 0..2 {
        app.app.notifications.on_event(&again).await.unwrap();
    }
    app.settled().await;
    told(&ada, 1).await;

    ada.post("/notifications/read", json!({"up_to": item["id"]})).await.expect(204);
    let list = ada.get("/notifications").await.expect(200);
    assert_eq!((&list["unread"], &list["items"][0]["read"]), (&json!(0), &json!(true)));
    assert!(each(&ada.get("/notifications?unread=true").await.expect(200), "id").is_empty());
    let unknown = json!({"up_to": Uuid::nil()});
    ada.post("/notifications/read", unknown).await.expect_problem(404, "not_found");
    // What is not one's own stays as it is, and is as unknown as what is not there.
    let mine = told(&bob, 1).await["items"][0]["id"].clone();
    ada.post("/notifications/read", json!({"ids": [mine]})).await.expect(204);
    ada.post("/notifications/read", json!({"up_to": mine})).await.expect_problem(404, "not_found");
    assert_eq!(told(&bob, 1).await["unread"], 1);
    bob.post("/notifications/read", json!({"ids": [mine]})).await.expect(204);
    assert_eq!(told(&bob, 1).await["unread"], 0);
    let both = json!({"ids": [mine], "up_to": mine});
    bob.post("/notifications/read", both).await.expect_invalid(&[("ids", "one_of")]);
}

/// People with names of a form, and the text that mentions them all.
async fn crowd(app: &TestApp, name: &str, count: usize) -> (Vec<Person>, String) {
    let mut people = Vec::new();
    for n in 0..count {
        people.push(app.member(&format!("{name}{n:02}")).await);
    }
    let names: Vec<String> = people.iter().map(|person| format!("@{}", person.name)).collect();
    (people, names.join(", "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_notifies_ten_people_by_name_over_all_its_edits_and_its_author_learns_of_the_others()
{
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (people, names) = crowd(&app, "person", 12).await;
    let post = post(&app, &ada, "A title").await;
    let text = format!("@ada {names} `@nobody` @nobody");
    let written = comment(&app, &ada, &post, &text).await;
    for person in people.iter().take(10) {
        let list = told(person, 1).await;
        assert_eq!(
            (&list["items"][0]["kind"], &list["items"][0]["actor"]),
            (&json!("mention"), &json!("ada"))
        );
    }
    let notice = told(&ada, 1).await["items"][0].clone();
    assert_eq!((&notice["kind"], &notice["comment_id"]), (&json!("notice"), &written["id"]));
    assert_eq!(value(&notice, "not_notified"), "person10, person11");
    // The same people, and then only those that were left out.
    let path = format!("/comments/{}", id(&written));
    ada.patch(&path, json!({"body": format!("{text}!")})).await.expect(200);
    app.settled().await;
    told(&ada, 1).await;
    ada.patch(&path, json!({"body": "@person11"})).await.expect(200);
    app.settled().await;
    let list = told(&ada, 2).await;
    assert_eq!(value(&list["items"][0], "not_notified"), "person11");
    for person in people.iter().take(10) {
        told(person, 1).await;
    }
    for person in people.iter().skip(10) {
        told(person, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_notifies_a_limited_number_of_people_in_a_period() {
    let app = TestApp::start_with(|config| {
        config.limits.enabled = true;
        config.limits.mention_account.count = NonZeroU32::new(2).unwrap();
        config.limits.mention_account.period = Duration::from_mins(1);
    })
    .await;
    let ada = app.member("ada").await;
    let (people, _) = crowd(&app, "person", 3).await;
    let post = post(&app, &ada, "A title").await;
    comment(&app, &ada, &post, "@person00").await;
    told(&people[0], 1).await;
    let written = comment(&app, &ada, &post, "@person01 @person02").await;
    told(&people[1], 1).await;
    let notice = told(&ada, 1).await["items"][0].clone();
    assert_eq!(value(&notice, "not_notified"), "person02");
    // There is room again later, and an edit calls again nobody whom it has called.
    app.advance(Duration::from_mins(2));
    let path = format!("/comments/{}", id(&written));
    ada.patch(&path, json!({"body": "@person01 @person02!"})).await.expect(200);
    told(&people[2], 1).await;
    told(&people[1], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_called_beside_unspaced_words_and_not_in_quotes_links_or_escapes() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = post(&app, &ada, "A title").await;
    let not_meant =
        "> @bob said\n\n\\@bob ![@bob](https://a.example/b.png) [@bob](https://a.example)";
    comment(&app, &ada, &post, not_meant).await;
    app.settled().await;
    told(&bob, 0).await;
    comment(&app, &ada, &post, "你好@bob你好").await;
    assert_eq!(told(&bob, 1).await["items"][0]["kind"], "mention");
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_are_told_what_became_of_their_texts() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    policy::enforce_first_letter(&admin, "please wait").await;
    let post = post(&app, &ada, "A title").await;
    for resolution in ["approve", "remove"] {
        try_comment(&app, &ada, (&post, None), "Held").await.expect(202);
        let items = admin.get("/review-items").await.expect(200);
        let path = format!("/review-items/{}/resolutions", id(&items["items"][0]));
        app.advance(Duration::from_millis(1));
        admin.post(&path, json!({"resolution": resolution})).await.expect(201);
    }
    let list = told(&ada, 4).await;
    let mut kinds: Vec<String> =
        each(&list, "kind").iter().map(|kind| kind.as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["approved", "held", "held", "removed"]);
    let held = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == "held");
    assert_eq!(value(held.unwrap(), "reason"), "please wait");
    assert!(each(&list, "actor").iter().all(Value::is_null), "staff is not named");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_is_not_told_and_what_is_hidden_has_no_words() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let (bob, eve) = (app.member("bob").await, app.member("eve").await);
    let ban = json!({"username": "eve", "deeds": ["view"]});
    admin.post("/communities/general/bans", ban).await.expect(201);
    assert_eq!(told(&eve, 1).await["items"][0]["kind"], "banned");
    let post = post(&app, &ada, "zqtitle").await;
    let written = comment(&app, &ada, &post, "zqcanary @eve and @bob").await;
    assert!(told(&bob, 1).await.to_string().contains("zqcanary"));
    app.settled().await;
    assert!(!told(&eve, 1).await.to_string().contains("zq"));
    let mentions = async || {
        let list = bob.get("/notifications").await.expect(200);
        let all = list["items"].as_array().unwrap().clone();
        all.into_iter().find(|item| item["kind"] == "mention").unwrap()
    };
    let now_hidden = async || {
        let item = mentions().await;
        assert_eq!(item["hidden"], true);
        assert!(!item.to_string().contains("zq"), "{item}");
        for name in ["actor", "post_id", "comment_id", "community"] {
            assert!(item[name].is_null(), "{item}");
        }
    };
    // A ban from seeing it, and its lifting.
    let ban = json!({"username": "bob", "deeds": ["view"]});
    let path = format!("/posts/{}/bans", id(&post));
    let ban = admin.post(&path, ban).await.expect(201);
    now_hidden().await;
    admin.delete(&format!("{path}/{}", id(&ban))).await.expect(204);
    assert!(mentions().await.to_string().contains("zqcanary"));
    // Its author takes it back.
    ada.delete(&format!("/comments/{}", id(&written))).await.expect(204);
    now_hidden().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_what_they_want_to_be() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let path = "/me/notification-preferences";
    let found = ada.get(path).await.expect(200);
    assert_eq!(found, json!({"muted": [], "utc_offset": 0}));
    let wanted = json!({"muted": ["reply"], "utc_offset": -570});
    assert_eq!(ada.put(path, wanted.clone()).await.expect(200), wanted);
    assert_eq!(ada.get(path).await.expect(200), wanted);
    let wrong = json!({"muted": ["gossip"], "utc_offset": 900});
    ada.put(path, wrong).await.expect_invalid(&[("muted", "kind"), ("utc_offset", "range")]);
    let post = post(&app, &ada, "A title").await;
    comment(&app, &bob, &post, "An answer.").await;
    app.settled().await;
    told(&ada, 0).await;
    ada.put(path, json!({"muted": [], "utc_offset": 0})).await.expect(200);
    comment(&app, &bob, &post, "Another.").await;
    told(&ada, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_on_page_by_page() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = post(&app, &ada, "A title").await;
    let mut written = Vec::new();
    for n in 0..7 {
        let comment = comment(&app, &bob, &post, &format!("Answer {n}")).await;
        told(&ada, n + 1).await;
        written.insert(0, comment["id"].clone());
    }
    let found = crate::support::forum::walk(&ada, "/notifications", 3, "comment_id").await;
    assert_eq!(found, written);
    ada.get("/notifications?cursor=nonsense").await.expect_invalid(&[("cursor", "cursor")]);
}

/// Body of a function that writes a text at an address.
fn write(at: usize, text: &str) -> String {
    let store = |(n, byte)| format!("(i32.store8 (i32.const {}) (i32.const {byte}))\n", at + n);
    text.bytes().enumerate().map(store).collect()
}

/// A policy on notifications: answers are suppressed, calls by name are put off
/// by an hour and sent by mail, and the beginning of what is held is put in
/// other words.
fn picky() -> Vec<u8> {
    let kind = "(i32.load8_u offset=136 (local.get $in))";
    let decide = format!(
        "(if (i32.eqz {kind}) (then
            {}
            (i32.store8 (i32.const 1024) (i32.const 2))
            (i32.store (i32.const 1032) (i32.const 2048))
            (i32.store (i32.const 1036) (i32.const 5))))
         (if (i32.eq {kind} (i32.const 1)) (then
            (i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store8 (i32.const 1032) (i32.const 1))
            (i64.store (i32.const 1040) (i64.const 3600000))
            (i32.store8 (i32.const 1048) (i32.const 1))
            (i32.store8 (i32.const 1049) (i32.const 1))))
         (if (i32.eq {kind} (i32.const 2)) (then
            {} {}
            (i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store (i32.const 1052) (i32.const 1100))
            (i32.store (i32.const 1056) (i32.const 1))
            (i32.store (i32.const 1100) (i32.const 2100))
            (i32.store (i32.const 1104) (i32.const 7))
            (i32.store (i32.const 1108) (i32.const 2200))
            (i32.store (i32.const 1112) (i32.const 11))))
         (i32.const 1024)",
        write(2048, "quiet"),
        write(2100, "excerpt"),
        write(2200, "other words"),
    );
    let world = "export gatherly:plugin/notification-before-send@0.3.0;";
    guest::component(world, &guest::core("notification-before-send", &decide, "")).to_vec()
}

async fn decided(admin: &Person, verdict: &str) -> Value {
    let path = format!("/decisions?plugin=picky&verdict={verdict}");
    let list = admin.get(&path).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_suppress_delay_and_change() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let bob = app.member("bob").await;
    policy::enforce_first_letter(&admin, "please wait").await;
    let terms = json!({"mode": "enforce", "grants": {"modify": true}});
    policy::bind(&admin, "picky", picky(), terms).await;
    let post = post(&app, &ada, "A title").await;
    comment(&app, &bob, &post, "Answer").await;
    try_comment(&app, &ada, (&post, None), "Held").await.expect(202);
    let list = told(&ada, 1).await;
    assert_eq!(list["items"][0]["kind"], "held");
    assert_eq!(value(&list["items"][0], "excerpt"), "other words");
    assert_eq!(value(&list["items"][0], "reason"), "please wait");
    let changed = decided(&admin, "modify").await;
    assert_eq!(changed["hook"], "notification.before-send");
    wait_for("the answer is suppressed", async || {
        let list = admin.get("/decisions?plugin=picky&verdict=reject").await.expect(200);
        !list["items"].as_array().unwrap().is_empty()
    })
    .await;
    assert_eq!(decided(&admin, "reject").await["message"], "quiet");
    told(&ada, 1).await;

    // There is no mail: what is to go by it comes here, when it is to come.
    comment(&app, &bob, &post, "Well, @boss").await;
    wait_for("it is put off", async || {
        let list = admin.get("/decisions?plugin=picky&verdict=modify").await.expect(200);
        list["items"].as_array().unwrap().len() == 2
    })
    .await;
    app.advance(Duration::from_mins(59));
    app.app.notifications.send_due().await.unwrap();
    told(&app.sign_in("boss").await.client, 0).await;
    app.advance(Duration::from_mins(2));
    let list = told(&app.sign_in("boss").await.client, 1).await;
    assert_eq!(list["items"][0]["kind"], "mention");
}

/// The record of a decision is in the order of what was decided about, and that
/// of a notification may have waited for long when policies are asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_a_notification_that_waited_is_found() {
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let app = TestApp::start_working(move |_, handlers: Handlers| {
        handlers.wrapped(|work| {
            let gate = Arc::clone(&waiting);
            Arc::new(move |job: Job| {
                let (work, gate) = (Arc::clone(&work), Arc::clone(&gate));
                Box::pin(async move {
                    if job.payload.contains("notification_made") {
                        // Until it is closed.
                        let _ = gate.acquire().await;
                    }
                    work(job).await
                })
            })
        })
    })
    .await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let bob = app.member("bob").await;
    policy::bind(&admin, "picky", picky(), json!({"mode": "enforce"})).await;
    let post = post(&app, &ada, "A title").await;
    comment(&app, &bob, &post, "Answer").await;
    let made = "select count(*) as n from notifications where state = 'made'";
    wait_for("it is made", async || {
        let row = app.app.db.optional(statement(made)).await.unwrap().unwrap();
        row.value::<i64>("n").unwrap() == 1
    })
    .await;
    app.advance(Duration::from_secs(7));
    gate.close();
    app.settled().await;
    let listed = decided(&admin, "reject").await;
    let path = format!("/decisions/{}", id(&listed));
    let found = admin.get(&path).await.expect(200);
    assert_eq!((&found["hook"], &found["id"]), (&listed["hook"], &listed["id"]));
    assert_eq!(found["hook"], "notification.before-send");
    assert_eq!(found["target_id"], found["event_id"]);
    assert!(found["staff"]["input"].is_object(), "{found}");
    bob.get(&path).await.expect_problem(404, "not_found");
    let reproduced = admin.post(&format!("{path}/reproductions"), json!({})).await.expect(200);
    assert_eq!(reproduced["equal"], true, "{reproduced}");
}

/// A stream of events, read as it comes.
pub struct Stream {
    lines: Lines<BufReader<TcpStream>>,
}

impl Stream {
    /// Asks for it; with the status of the answer.
    pub async fn open(app: &TestApp, who: &Client, last: Option<&str>) -> (Self, String) {
        let mut socket = TcpStream::connect(app.app.config.server.listen).await.unwrap();
        let token = who.token.as_ref().unwrap();
        let last = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/notifications/stream HTTP/1.1\r\nhost: forum\r\n\
             authorization: Bearer {token}\r\n{last}\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Self { lines: BufReader::new(socket).lines() };
        let status = stream.lines.next_line().await.unwrap().unwrap();
        while !stream.lines.next_line().await.unwrap().unwrap().is_empty() {}
        (stream, status)
    }

    /// The next event: its id and data.
    pub async fn next(&mut self) -> (String, Value) {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await.expect("an event");
            let line = line.unwrap().expect("no end");
            if let Some(found) = line.strip_prefix("id: ") {
                found.clone_into(&mut id);
            } else if let Some(found) = line.strip_prefix("event: ") {
                found.clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                assert_eq!(event, "notification");
                return (id, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// Whether it has ended, with the last chunk of a whole answer.
    async fn ends(&mut self) {
        let end = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line == "0" {
                    return;
                }
            }
        };
        timeout(PATIENCE, end).await.expect("an end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_comes_and_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = post(&app, &ada, "A title").await;
    comment(&app, &bob, &post, "Before").await;
    told(&ada, 1).await;
    let (mut stream, status) = Stream::open(&app, &ada, None).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    comment(&app, &bob, &post, "First").await;
    let (first, data) = stream.next().await;
    assert_eq!((value(&data, "excerpt"), &data["id"]), ("First", &json!(first)));
    drop(stream);
    for body in ["Second", "Third"] {
        comment(&app, &bob, &post, body).await;
    }
    // Who is told of both at once is told in the order of the list.
    let list = told(&ada, 4).await;
    let order: Vec<&str> =
        list["items"].as_array().unwrap().iter().rev().map(|it| value(it, "excerpt")).collect();
    assert_eq!(order[..2], ["Before", "First"]);
    let (mut stream, _) = Stream::open(&app, &ada, Some(&first)).await;
    for body in &order[2..] {
        assert_eq!(value(&stream.next().await.1, "excerpt"), *body);
    }
    // What is no id of the account's is none.
    let (mut other, _) = Stream::open(&app, &ada, Some("nonsense")).await;
    comment(&app, &bob, &post, "Fourth").await;
    for stream in [&mut stream, &mut other] {
        assert_eq!(value(&stream.next().await.1, "excerpt"), "Fourth");
    }
}

/// Somebody reads one event, goes away and comes back with its id, while others
/// write side by side.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_again_and_again_misses_nothing() {
    const WRITERS: usize = 5;
    const EACH: usize = 8;
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let post = post(&app, &ada, "A title").await;
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        writers.push(app.member(&format!("writer{n}")).await);
    }
    let (mut stream, _) = Stream::open(&app, &ada, None).await;
    let path = format!("/posts/{}/comments", id(&post));
    let write = futures_util::future::join_all(writers.iter().map(async |writer| {
        for _ in 0..EACH {
            writer.post(&path, json!({"body": "An answer"})).await.expect(201);
        }
    }));
    let read = async {
        let mut seen: Vec<String> = Vec::new();
        while seen.len() < WRITERS * EACH {
            seen.push(stream.next().await.0);
            if !seen.len().is_multiple_of(3) {
                drop(std::mem::replace(
                    &mut stream,
                    Stream::open(&app, &ada, seen.last().map(String::as_str)).await.0,
                ));
            }
        }
        seen
    };
    let (_, seen) = tokio::join!(write, read);
    let list = ada.get("/notifications?limit=100").await.expect(200);
    let mut listed = each(&list, "id");
    listed.reverse();
    assert_eq!(json!(seen), json!(listed), "each once, in the order of the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session_and_with_the_server() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let again = app.sign_in("ada").await;
    let (mut first, _) = Stream::open(&app, &ada, None).await;
    let (mut second, _) = Stream::open(&app, &again, None).await;
    ada.delete("/sessions/current").await.expect(204);
    let start = Instant::now();
    first.ends().await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    app.app.lifecycle.stop().await;
    second.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_few_streams() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let mut open = Vec::new();
    for _ in 0..4 {
        let (stream, status) = Stream::open(&app, &ada, None).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        open.push(stream);
    }
    ada.get("/notifications/stream").await.expect_problem(429, "too_many_requests");
    bob.get("/notifications/stream").await.expect(200);
    open.pop();
    wait_for("there is a place again", async || {
        ada.get("/notifications/stream").await.status.as_u16() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_struck_is_told_and_told_when_it_is_taken_back() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let ban = json!({"username": "ada", "deeds": ["vote"], "reason": "Too many votes"});
    let ban = admin.post("/communities/general/bans", ban).await.expect(201);
    let list = told(&ada, 1).await;
    let item = &list["items"][0];
    assert_eq!((&item["kind"], value(item, "reason")), (&json!("banned"), "Too many votes"));
    assert_eq!(item["community"], "general");
    ada.post("/notifications/read", json!({"ids": [item["id"]]})).await.expect(204);
    app.advance(Duration::from_millis(1));
    admin.delete(&format!("/communities/general/bans/{}", id(&ban))).await.expect(204);
    wait_for("it is corrected", async || {
        let list = ada.get("/notifications").await.expect(200);
        each(&list, "kind") == ["notice"]
    })
    .await;
    let list = told(&ada, 1).await;
    assert_eq!(value(&list["items"][0], "corrects"), "banned");
}
