//! Connections that send little, nothing, or too much: none of them keeps others out.

use std::{net::SocketAddr, sync::Mutex, time::Duration};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::support::{
    TestApp,
    raw::{
        self, PREFACE, SETTINGS, answer, closed_within, connect, ping, post, reset, try_answer,
        unended_get,
    },
    wait_for,
};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: forum\r\n\r\n";
/// The head of a request whose body is still to come.
const HALF_SENT: &[u8] = b"POST /api/v1/sessions HTTP/1.1\r\nhost: forum\r\n\
    content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
/// Nothing here takes longer, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(15);
/// A server that has room answers within this time.
const SOON: Duration = Duration::from_secs(5);

/// A server with short time-outs.
async fn impatient(head: u64, idle: u64) -> TestApp {
    TestApp::start_with(|config| {
        config.server.header_timeout_seconds = head;
        config.server.idle_timeout_seconds = idle;
    })
    .await
}

fn address(app: &TestApp) -> SocketAddr {
    app.app.config.server.listen
}

/// Asks for the server's health on a connection of its own.
async fn is_healthy(to: SocketAddr) -> bool {
    let asked = async {
        let mut stream = connect(to, HEALTH).await;
        try_answer(&mut stream).await.is_ok_and(|told| told.starts_with("http/1.1 200"))
    };
    timeout(SOON, asked).await.unwrap_or(false)
}

async fn many(to: SocketAddr, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    join_all((0..count).map(|_| connect(to, bytes))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_not_begin_a_request_is_closed() {
    let app = impatient(1, 60).await;
    let with_settings = [PREFACE, SETTINGS].concat();
    let without_end = [PREFACE, SETTINGS, &unended_get(1, "/healthz")].concat();
    let openings: [(&str, &[u8]); 8] = [
        ("nothing", b""),
        ("one byte", b"P"),
        ("half a preface", &PREFACE[..12]),
        ("a preface", PREFACE),
        ("a preface and settings", &with_settings),
        ("HEADERS without END_HEADERS", &without_end),
        ("a request line", b"GET / HTTP/1.1\r\n"),
        ("half a head", b"GET / HTTP/1.1\r\nhost: forum\r\n"),
    ];
    let closed = join_all(openings.map(async |(name, bytes)| {
        let mut stream = connect(address(&app), bytes).await;
        (name, closed_within(&mut stream, LIMIT).await)
    }))
    .await;
    for (name, took) in closed {
        assert!(took.is_some(), "{name}: still open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_now_and_then_does_not_keep_a_head_open() {
    let app = impatient(1, 60).await;
    let mut stream = connect(address(&app), b"GET / HTTP/1.1\r\nx: ").await;
    let begun = Instant::now();
    while stream.write_all(b"y").await.is_ok() && begun.elapsed() < LIMIT {
        sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() < LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_do_not_keep_others_out() {
    let app = TestApp::start_with(|config| config.server.max_connections = 16).await;
    for _ in 0..3 {
        let silent = many(address(&app), 20, b"").await;
        assert!(is_healthy(address(&app)).await);
        drop(silent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_has_a_bounded_number_of_connections() {
    let app = TestApp::start_with(|config| config.server.max_connections_per_network = 4).await;
    let silent = many(address(&app), 6, b"").await;
    assert!(is_healthy(address(&app)).await, "silent connections make room");
    drop(silent);
    let busy = Mutex::new(Vec::new());
    wait_for("four have a request", async || {
        let stream = connect(address(&app), HALF_SENT).await;
        busy.lock().unwrap().push(stream);
        !is_healthy(address(&app)).await
    })
    .await;
    let mut further = TcpStream::connect(address(&app)).await.unwrap();
    assert!(closed_within(&mut further, LIMIT).await.is_some(), "no fifth connection");
    drop(busy);
    wait_for("there is room again", async || is_healthy(address(&app)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_has_any_number_of_connections() {
    let app = TestApp::start_with(|config| {
        config.server.max_connections_per_network = 4;
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let busy = many(address(&app), 8, HALF_SENT).await;
    assert!(is_healthy(address(&app)).await);
    drop(busy);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_stays_open_longer_than_a_head_may_take() {
    let app = impatient(1, 4).await;
    let mut stream = connect(address(&app), HEALTH).await;
    answer(&mut stream).await;
    // Twice the time for a head, as between two requests of a proxy.
    sleep(Duration::from_millis(2_200)).await;
    stream.write_all(HEALTH).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
    let took = closed_within(&mut stream, LIMIT).await.expect("an end");
    assert!(took >= Duration::from_millis(3_500), "{took:?}");
    // Once it has begun, a further head has no more time than the first.
    let mut stream = connect(address(&app), HEALTH).await;
    answer(&mut stream).await;
    stream.write_all(b"GET /he").await.unwrap();
    let took = closed_within(&mut stream, LIMIT).await.expect("an end");
    assert!(took < Duration::from_millis(3_500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_connection_without_requests_is_closed() {
    let app = impatient(10, 1).await;
    let bytes = [PREFACE, SETTINGS, &raw::get(1, "/healthz")].concat();
    let mut stream = connect(address(&app), &bytes).await;
    assert!(closed_within(&mut stream, LIMIT).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_peer_that_answers_no_ping_is_closed() {
    let app = impatient(1, 60).await;
    // The connection has a request, so that it is not idle.
    let bytes = [PREFACE, SETTINGS, &post(1, "/api/v1/sessions")].concat();
    let mut stream = connect(address(&app), &bytes).await;
    let took = closed_within(&mut stream, LIMIT).await.expect("an end");
    let request = app.app.config.server.request_timeout();
    assert!(took < request, "{took:?}");
}

/// Sends frames until the server closes the connection; false when it takes them all.
async fn is_cut_off(to: SocketAddr, frames: impl Iterator<Item = Vec<u8>>) -> bool {
    let opening = [PREFACE, SETTINGS, &raw::get(1, "/healthz")].concat();
    let (mut from, mut into) = connect(to, &opening).await.into_split();
    let mut buffer = vec![0; 16 << 10];
    // The server's answers are read, so that the server can go on.
    let read = async { while matches!(from.read(&mut buffer).await, Ok(1..)) {} };
    let write = async {
        // After the first request, for which it waits.
        sleep(Duration::from_millis(300)).await;
        for frame in frames {
            if into.write_all(&frame).await.is_err() {
                return;
            }
        }
        sleep(LIMIT).await;
    };
    let both = async {
        tokio::join!(async {
            tokio::select! { () = read => {}, () = write => {} }
        })
    };
    timeout(LIMIT, both).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_pings_and_resets_are_cut_off() {
    let app = TestApp::start().await;
    // 1,000 pings are 17 KB: so many frames are four megabytes.
    let pings = std::iter::repeat_with(|| ping().repeat(1_000)).take(250);
    assert!(is_cut_off(address(&app), pings).await, "pings");
    let resets = (1..2_000).map(|n| {
        let stream = n * 2 + 1;
        [post(stream, "/api/v1/sessions"), reset(stream)].concat()
    });
    assert!(is_cut_off(address(&app), resets).await, "resets");
    assert!(is_healthy(address(&app)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_reads_no_answer_is_closed() {
    let app = TestApp::start_with(|config| config.server.request_timeout_seconds = 1).await;
    let mut stream = TcpStream::connect(address(&app)).await.unwrap();
    let ask = b"GET /openapi.json HTTP/1.1\r\nhost: forum\r\n\r\n";
    // More than the system keeps for a connection.
    let begun = Instant::now();
    let write = async { while stream.write_all(ask).await.is_ok() {} };
    assert!(timeout(LIMIT, write).await.is_ok(), "still open after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_exactly_one_host() {
    let app = TestApp::start().await;
    let ask = async |version: &str, hosts: &str| {
        let request = format!("GET /healthz HTTP/{version}\r\n{hosts}\r\n");
        let mut stream = connect(address(&app), request.as_bytes()).await;
        answer(&mut stream).await
    };
    for hosts in ["", "host: a\r\nhost: b\r\n", "host: a\r\nHost: a\r\n", "host: a b\r\n"] {
        let refused = ask("1.1", hosts).await;
        assert!(refused.starts_with("http/1.1 400"), "{hosts:?}: {refused}");
        assert!(refused.contains("\"code\":\"bad_request\""), "{hosts:?}: {refused}");
        assert!(refused.contains("connection: close"), "{hosts:?}: {refused}");
    }
    for hosts in ["host: forum\r\n", "host: forum:8080\r\n", "host: [::1]:8080\r\n"] {
        assert!(ask("1.1", hosts).await.starts_with("http/1.1 200"), "{hosts:?}");
    }
    assert!(ask("1.0", "").await.starts_with("http/1.0 200"));
    assert!(ask("1.0", "host: a\r\nhost: b\r\n").await.starts_with("http/1.0 400"));
}
