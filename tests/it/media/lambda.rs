//! `gatherly lambda` against a runtime of this test's own: it asks for the next
//! event, makes the copies in the bucket, and tells what came of it.

use std::sync::{Arc, Mutex};

use gatherly::{base::ids::new_uuid, lifecycle::Lifecycle};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::files;
use crate::support::{BUCKET, Bucket, CREDENTIALS, program, wait_for};

/// What the function told: path and body of each request, but for those that ask
/// for an event.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

/// One request: its path and body.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let path = head.split(' ').nth(1).unwrap().to_owned();
    Some((path, String::from_utf8(body).unwrap()))
}

/// What is still to be given out.
type Events = Arc<Mutex<std::vec::IntoIter<(usize, String)>>>;

/// Answers on one connection: gives out events, one after the other. True when there
/// is none any more.
async fn answer(mut stream: TcpStream, events: Events, told: Told) -> bool {
    while let Some((path, body)) = request(&mut stream).await {
        let answer = if path == "/2018-06-01/runtime/invocation/next" {
            let Some((number, event)) = events.lock().unwrap().next() else { return true };
            format!(
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: id-{number}\r\n\
                 content-length: {}\r\n\r\n{event}",
                event.len()
            )
        } else {
            told.lock().unwrap().push((path, serde_json::from_str(&body).unwrap()));
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    false
}

/// A runtime that is gone when its events are given out. Who asks may begin a second
/// connection before the first is free again.
async fn runtime(listener: TcpListener, events: Vec<String>, told: Told) {
    let events: Vec<_> = events.into_iter().enumerate().collect();
    let events: Events = Arc::new(Mutex::new(events.into_iter()));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                connections.spawn(answer(stream, Arc::clone(&events), Arc::clone(&told)));
            }
            Some(ended) = connections.join_next() => {
                if ended.unwrap() {
                    return;
                }
            }
        }
    }
}

fn event(key: &str) -> Value {
    json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_made_beside_the_bucket() {
    let bucket = Bucket::start().await;
    let media = new_uuid(gatherly::base::clock::Timestamp(1_767_225_600_000));
    let (key, broken) = (format!("my forum/{media}.original"), format!("{media}.original"));
    std::fs::create_dir_all(bucket.file("my forum")).unwrap();
    std::fs::write(bucket.file(&key), files::jpeg(1_300, 650)).unwrap();
    let encoded = key.replace(' ', "+");
    let events = [
        json!({"Records": [event(&encoded), event("my+forum/readme.txt"), event(&broken)]}),
        json!({"Records": [event(&encoded)]}),
        json!({"Records": [event("my+forum/0199a1b2-0000-7000-8000-0000000000ab.original")]}),
        json!({"nothing": 1}),
    ];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let told = Told::default();
    let lifecycle = Lifecycle::new();
    let events = events.iter().map(Value::to_string).collect();
    lifecycle.spawn(runtime(listener, events, Arc::clone(&told)));
    let mut function = program(None, &["lambda"])
        .envs(CREDENTIALS)
        .env("AWS_LAMBDA_RUNTIME_API", &address)
        .env("GATHERLY_MEDIA__STORE", "s3")
        .env("GATHERLY_MEDIA__S3__BUCKET", BUCKET)
        .env("GATHERLY_MEDIA__S3__REGION", "eu-central-1")
        .env("GATHERLY_MEDIA__S3__ENDPOINT", &bucket.endpoint)
        .env("GATHERLY_MEDIA__S3__PATH_STYLE", "true")
        .env("GATHERLY_MEDIA__S3__PREFIX", "my forum/")
        .spawn()
        .unwrap();
    wait_for("all is told", async || told.lock().unwrap().len() == 4).await;
    let told = told.lock().unwrap().clone();
    let of = |number: usize| (told[number].0.as_str(), &told[number].1);
    let path =
        |number: usize, what: &str| format!("/2018-06-01/runtime/invocation/id-{number}/{what}");
    assert_eq!(of(0), (path(0, "response").as_str(), &json!({"resized": 1})));
    // Told twice, it comes to the same.
    assert_eq!(of(1), (path(1, "response").as_str(), &json!({"resized": 1})));
    for (number, why) in [(2, "its file is not there"), (3, "not an event of a bucket")] {
        let (told_at, told) = of(number);
        assert_eq!(
            (told_at, &told["errorType"]),
            (path(number, "error").as_str(), &json!("Gatherly.Resize"))
        );
        assert!(told["errorMessage"].as_str().unwrap().contains(why), "{told}");
    }
    for (name, width, height) in [("small", 320, 160), ("large", 1_280, 640), ("square", 256, 256)]
    {
        let copy = std::fs::read(bucket.file(&format!("my forum/{media}.{name}"))).unwrap();
        let image = image::load_from_memory(&copy).unwrap();
        assert_eq!((image.width(), image.height()), (width, height), "{name}");
    }
    // Without its runtime it ends, and says so.
    assert!(!function.wait().await.unwrap().success());
}
