//! The real server: from nothing to a forum, signals, and what it leaves behind.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use gatherly::{
    base::{clock::Clock, ids::new_uuid, secret::random_bytes},
    db::{Db, statement},
};
use rustix::process::Signal;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    media::picture,
    support::{
        Installation, PASSWORD, RedisServer, Running, exchange, mariadb,
        smtp::{Mood, Smtp},
        wait_for,
    },
};

/// The promise about the end: ten seconds after the first signal.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
/// Requests of this time after the signal are still taken: the server waits
/// half a second for balancers to notice.
const STILL_TAKEN: Duration = Duration::from_millis(300);
const STOPS: usize = 5;
const CALLERS: usize = 8;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_forum_that_keeps_its_secrets() {
    let installation = Installation::new("[log]\nfilter = \"trace\"\nformat = \"json\"");
    let migrated = installation.run(&["migrate"], "").await;
    assert!(migrated.status.success(), "{migrated:?}");
    let is_file = installation.data_dir().join("gatherly.db").is_file();
    assert_ne!(is_file, mariadb::is_asked_for());

    let create = ["admin", "create", "boss", "--email", "boss@example.org"];
    let refused = installation.run(&create, "short\n").await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("password: "), "{refused:?}");
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let again = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert_eq!(again.status.code(), Some(1), "{again:?}");

    let mut server = installation.serve().await;
    let body = json!({"username": "boss", "password": PASSWORD});
    let tokens = server.client.post("/sessions", body).await.expect(201);
    let access = tokens["access_token"].as_str().unwrap();
    let boss = server.client.with_token(access);
    assert_eq!(boss.get("/me").await.expect(200)["account"]["role"], "admin");
    let metrics = exchange(server.metrics, "GET /metrics HTTP/1.1", "").await.unwrap();
    assert!(metrics.contains("gatherly_requests_total{operation=\"sign_in\""), "{metrics}");
    server.client.get("//metrics").await.expect_problem(404, "not_found");

    let keys = installation.data_dir().join("signing-keys");
    assert_eq!((mode(&keys), mode(&installation.data_dir())), (0o600, 0o700));
    let kept = fs::read_to_string(&keys).unwrap();
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
    let server = installation.serve().await;
    assert_eq!(fs::read_to_string(&keys).unwrap(), kept);
    server.client.with_token(access).get("/me").await.expect(200);

    let log = installation.log();
    assert!(log.contains("answered GET /api/v1/me with 200"), "{log}");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let secrets = kept.split_whitespace().filter(|word| word.len() >= 16);
    for secret in secrets.chain([PASSWORD, access, refresh, "boss@example.org", "$argon2id$"]) {
        assert!(!log.contains(secret), "the log tells a secret");
    }
}

/// Asks until `done`: when each request that got no answer was sent.
async fn call(to: SocketAddr, begun: Instant, done: &AtomicBool) -> (usize, Vec<Duration>) {
    // Half of them keep the server busy: checking a password takes a while.
    let body = json!({"username": "nobody", "password": PASSWORD}).to_string();
    let (mut answered, mut unanswered) = (0, Vec::new());
    while !done.load(Ordering::Relaxed) {
        for (line, body) in
            [("GET /healthz HTTP/1.1", ""), ("POST /api/v1/sessions HTTP/1.1", body.as_str())]
        {
            let sent = begun.elapsed();
            match exchange(to, line, body).await {
                Ok(answer) => {
                    let status = answer.split(' ').nth(1).unwrap();
                    assert!(matches!(status, "200" | "401"), "{answer}");
                    answered += 1;
                }
                Err(_) => unanswered.push(sent),
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    (answered, unanswered)
}

/// Waits until the server says that it stops; it must not say otherwise again.
async fn told_not_ready(server: &Running) -> bool {
    let mut told = false;
    while let Ok(answer) = exchange(server.listen, "GET /readyz HTTP/1.1", "").await {
        let stopping = answer.starts_with("HTTP/1.1 503") && answer.contains("stopping");
        assert!(stopping || !told, "ready again: {answer}");
        told |= stopping;
        sleep(Duration::from_millis(20)).await;
    }
    told
}

/// Stops a server that is asked for something all the time, and by `beside` for more.
async fn stop_under_load(
    installation: &Installation,
    server: &mut Running,
    beside: impl Future<Output = ()>,
) {
    let (listen, begun, done) = (server.listen, Instant::now(), AtomicBool::new(false));
    let callers = join_all((0..CALLERS).map(|_| call(listen, begun, &done)));
    let stop = async {
        sleep(Duration::from_millis(400)).await;
        let signalled = begun.elapsed();
        server.signal(Signal::TERM);
        assert!(told_not_ready(server).await, "closed without saying so");
        let status = server.ended().await;
        assert!(status.success(), "{status}: {}", installation.log());
        assert!(begun.elapsed() < signalled + STOPPED_WITHIN);
        done.store(true, Ordering::Relaxed);
        signalled
    };
    let (callers, signalled, ()) = tokio::join!(callers, stop, beside);
    let mut answers = 0;
    for (answered, unanswered) in callers {
        let early: Vec<_> =
            unanswered.iter().filter(|sent| **sent < signalled + STILL_TAKEN).collect();
        assert!(early.is_empty(), "no answer to requests of {early:?}, signal {signalled:?}");
        answers += answered;
    }
    assert!(answers > CALLERS, "{answers} answers are no load");
}

fn nothing_was_cut_off(installation: &Installation) {
    let log = installation.log();
    assert!(!log.contains("cut off") && !log.contains("still running"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_everybody() {
    let installation = Installation::new("[limits]\nenabled = false\n[log]\nfilter = \"warn\"");
    for _ in 0..STOPS {
        let mut server = installation.serve().await;
        stop_under_load(&installation, &mut server, async {}).await;
    }
    nothing_was_cut_off(&installation);
}

/// A picture of which one half is sent, and the other when the server was told to
/// stop; it is taken all the same.
struct Upload {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Upload {
    async fn begin(server: &Running, token: &str) -> Self {
        let mut rest = picture();
        let head = format!(
            "POST /api/v1/media HTTP/1.1\r\nhost: forum\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\ncontent-type: application/octet-stream\r\n\
             content-length: {}\r\n\r\n",
            rest.len()
        );
        let mut stream = TcpStream::connect(server.listen).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let later = rest.split_off(rest.len() / 2);
        stream.write_all(&rest).await.unwrap();
        Self { stream, rest: later }
    }

    /// After the signal, and after the server has closed its door.
    async fn end(mut self) {
        sleep(Duration::from_millis(1_500)).await;
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
        assert!(head.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(body.ends_with('}'), "half an answer: {answer}");
    }
}

/// The same with everything in servers of its own, an upload that is half done, and
/// a job: a mail server that takes the connection and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_all_backends_breaks_nothing_off() {
    let mail = Smtp::start(Mood::Mute).await;
    let database = format!("stop_{}", hex::encode(random_bytes::<8>().unwrap()));
    let url = mariadb::database(&database).await;
    let redis = RedisServer::shared().url();
    let settings = |backend: &str| {
        format!(
            "[limits]\nenabled = false\n[log]\nfilter = \"warn\"\n\
             [redis]\nurl = {redis:?}\nprefix = {database:?}\n[jobs]\nbackend = {backend:?}\n\
             [mail]\ntransport = \"smtp\"\nfrom = \"forum@example.org\"\nsmtp_tls = \"none\"\n\
             smtp_host = \"127.0.0.1\"\nsmtp_port = {}\nsmtp_timeout_seconds = 3",
            mail.address.port()
        )
    };
    let installation = Installation::on(&url, "");
    for stop in 0..STOPS {
        installation.settings(&settings(["bullmq", "rsmq"][stop % 2]));
        let mut server = installation.serve().await;
        let (before, _) = mail.connections();
        let name = format!("person{stop}");
        let account = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        });
        server.client.post("/accounts", account).await.expect(201);
        let body = json!({"username": name, "password": PASSWORD});
        let tokens = server.client.post("/sessions", body).await.expect(201);
        wait_for("a job is under way", async || mail.connections().0 > before).await;
        let upload = Upload::begin(&server, tokens["access_token"].as_str().unwrap()).await;
        stop_under_load(&installation, &mut server, upload.end()).await;
        // It was not lost, and nobody holds it.
        let listed = installation.run(&["jobs", "list", "--kind", "mail.send"], "").await;
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert_eq!(listed.lines().count(), 1, "{listed}");
        assert!(!listed.contains(" active "), "{listed}");
        // The next server finds out by itself that there is no mail server.
        let job = listed.split_whitespace().next().unwrap();
        assert!(installation.run(&["jobs", "drop", job], "").await.status.success());
    }
    nothing_was_cut_off(&installation);
    mariadb::forget(database);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let installation = Installation::new("");
    let mut server = installation.serve().await;
    // A request that never ends being sent.
    let mut slow = TcpStream::connect(server.listen).await.unwrap();
    let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: forum\r\ncontent-length: 10\r\n\
                content-type: application/json\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    server.signal(Signal::TERM);
    assert!(timeout(Duration::from_secs(1), server.ended()).await.is_err(), "it did not wait");
    server.signal(Signal::TERM);
    let status = timeout(Duration::from_secs(1), server.ended()).await.expect("an end at once");
    assert_eq!(status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_jobs_by_their_state() {
    let installation = Installation::new("");
    assert!(installation.run(&["migrate"], "").await.status.success());
    let db = Db::open(&installation.config()).await.unwrap();
    let (now, expected) = (Clock::system().now(), [("failed", 3), ("delayed", 2), ("active", 1)]);
    let lease = now.plus(Duration::from_secs(50));
    let mut tx = db.begin().await.unwrap();
    for (state, count) in expected {
        for _ in 0..count {
            let insert = statement(
                "insert into jobs (id, kind, payload, state, max_attempts, run_at, lease_until,
                                   created_at) values (?, 'some', '{}', ?, 8, ?, ?, ?)",
            );
            let insert = insert.bind(new_uuid(now)).bind(state).bind(lease.0).bind(lease.0);
            tx.execute_one(insert.bind(now.0)).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    db.close().await;
    let server = installation.serve().await;
    let lines = [("waiting", 0), ("parked", 0)].into_iter().chain(expected);
    let lines: Vec<String> = lines
        .map(|(state, count)| format!("gatherly_jobs{{state=\"{state}\"}} {count}\n"))
        .collect();
    wait_for("they are counted", async || {
        let metrics = exchange(server.metrics, "GET /metrics HTTP/1.1", "").await.unwrap();
        lines.iter().all(|line| metrics.contains(line))
    })
    .await;
}
