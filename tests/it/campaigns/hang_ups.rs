//! Clients hang up in the middle of requests and send them again with the same
//! key: each is done once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gatherly::base::secret::random_bytes;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::times;
use crate::{
    http::idempotency,
    support::{Person, Reply, TestApp, forum},
};

const CLIENTS: usize = 6;
/// Of a hundred requests, so many have their client hang up.
const CUT_PERCENT: u8 = 20;
/// A request takes some milliseconds: its client hangs up before, during and after.
const CUT_WITHIN: Duration = Duration::from_millis(12);

fn random() -> [u8; 2] {
    random_bytes().unwrap()
}

/// Sends a request until it is answered; every time some clients hang up.
async fn until_answered(
    person: &Person,
    (path, key, body): (&str, &str, &Value),
    cuts: &AtomicUsize,
) -> Reply {
    loop {
        let [cut, after] = random();
        let request = idempotency::post(person, path, key, body);
        let reply = if cut % 100 < CUT_PERCENT {
            let Ok(reply) = timeout(CUT_WITHIN * u32::from(after) / 255, request).await else {
                cuts.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            reply
        } else {
            request.await
        };
        if reply.status != 409 {
            return reply;
        }
        // Sooner than it says, to ask more often.
        reply.expect_problem(409, "idempotency_key_in_use");
        assert_eq!(reply.headers["retry-after"], "1");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Writes comments, bans people and votes, each in turn; what was acknowledged.
async fn work(
    app: &TestApp,
    person: &Person,
    (post, count): (&Value, usize),
    cuts: &AtomicUsize,
) -> BTreeMap<String, String> {
    let own = forum::post(app, person, "My own").await;
    let (comments, bans) = (
        format!("/posts/{}/comments", forum::id(post)),
        format!("/posts/{}/bans", forum::id(&own)),
    );
    let mut acknowledged = BTreeMap::new();
    for n in 0..count {
        let key = format!("{}-{n}", person.name);
        let reply = match n % 3 {
            0 => {
                let body = json!({"body": key});
                until_answered(person, (&comments, &key, &body), cuts).await
            }
            1 => {
                let body = json!({"username": "target", "deeds": ["vote"], "reason": key});
                until_answered(person, (&bans, &key, &body), cuts).await
            }
            _ => {
                // A vote is set, so it may be sent twice without a key.
                let path = format!("/posts/{}/vote", forum::id(post));
                let vote = json!({"value": if n % 2 == 0 { 1 } else { -1 }});
                let [_, after] = random();
                if timeout(CUT_WITHIN * u32::from(after) / 255, person.put(&path, vote.clone()))
                    .await
                    .is_err()
                {
                    cuts.fetch_add(1, Ordering::Relaxed);
                }
                person.put(&path, vote).await.expect(200);
                continue;
            }
        };
        acknowledged.insert(key, reply.expect(201)["id"].as_str().unwrap().to_owned());
    }
    let up = json!({"value": 1});
    person.put(&format!("/posts/{}/vote", forum::id(post)), up).await.expect(200);
    let path = format!("{bans}?limit=100");
    let found = all(person, &path).await;
    let reasons: Vec<&str> = found.iter().map(|ban| ban["reason"].as_str().unwrap()).collect();
    let once: BTreeSet<&str> = reasons.iter().copied().collect();
    assert_eq!((reasons.len(), once.len()), ((count + 1) / 3, (count + 1) / 3), "{reasons:?}");
    acknowledged
}

/// All items of a list.
async fn all(person: &Person, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{path}{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_done_once() {
    let count = times((300, 10_000)) / CLIENTS;
    let app = TestApp::start().await;
    let author = app.member("author").await;
    app.member("target").await;
    let post = forum::post(&app, &author, "A thread").await;
    let (cuts, start) = (AtomicUsize::new(0), Instant::now());
    let mut people = Vec::new();
    for n in 0..CLIENTS {
        people.push(app.member(&format!("client{n}")).await);
    }
    let working = people.iter().map(|person| work(&app, person, (&post, count), &cuts));
    let acknowledged: Vec<_> = join_all(working).await;
    let path = format!("/posts/{}/comments?limit=100", forum::id(&post));
    let written = all(&author, &path).await;
    let bodies: BTreeSet<&str> = written.iter().map(|it| it["body"].as_str().unwrap()).collect();
    assert_eq!(bodies.len(), written.len(), "a comment is there twice");
    assert_eq!(written.len(), CLIENTS * count.div_ceil(3));
    for comment in &written {
        let body = comment["body"].as_str().unwrap();
        assert!(
            acknowledged
                .iter()
                .any(|all| all.get(body).map(String::as_str) == comment["id"].as_str())
        );
    }
    let shown = author.get(&format!("/posts/{}", forum::id(&post))).await.expect(200);
    let voters = i64::try_from(CLIENTS).unwrap() + 1;
    assert_eq!((&shown["ups"], &shown["downs"]), (&json!(voters), &json!(0)));
    assert_eq!(shown["comment_count"], written.len());
    let cuts = cuts.into_inner();
    assert!(cuts >= CLIENTS * count / 20, "only {cuts} clients hung up");
    println!("{} requests, {cuts} hung up, in {:?}", CLIENTS * count, start.elapsed());
}
