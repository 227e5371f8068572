//! Bounds on bodies: on the server's memory, and on time.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use gatherly::config::Quota;
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::support::{
    Installation, Running, TestApp,
    raw::{answer, connect},
};

/// Requests that are half sent.
const HALF_SENT: usize = 100;
/// The most that all of them may add to the server's memory, in KiB.
const MEMORY: u64 = 64 << 10;
/// How long it is tried to send more.
const PUSH: Duration = Duration::from_secs(4);

/// Memory that a server uses, in KiB.
fn resident(server: &Running) -> u64 {
    let path = format!("/proc/{}/status", server.id().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// An attack: what is asked for, how much is promised, and in what pieces it comes.
#[derive(Clone, Copy, Debug)]
struct Attack {
    path: &'static str,
    length: usize,
    piece: usize,
    has_key: bool,
}

const UPLOAD: (&str, usize) = ("/api/v1/plugins?name=x", 31 << 20);
const SIGN_IN: (&str, usize) = ("/api/v1/sessions", 60_000);

fn attacks() -> impl Iterator<Item = Attack> {
    let shapes = [(UPLOAD, 64 << 10), (SIGN_IN, 8 << 10), (SIGN_IN, 64)];
    shapes.into_iter().flat_map(|((path, length), piece)| {
        [false, true].map(|has_key| Attack { path, length, piece, has_key })
    })
}

impl Attack {
    /// The body, but for its last byte.
    fn pieces(self) -> impl Iterator<Item = Bytes> {
        let piece = Bytes::from(vec![b' '; self.piece]);
        std::iter::repeat_n(piece, (self.length - 1) / self.piece)
    }

    /// Half of a request of HTTP/1, on a connection that stays open.
    async fn push(self, to: SocketAddr) -> TcpStream {
        let key = if self.has_key { "idempotency-key: k\r\n" } else { "" };
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: forum\r\n{key}content-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.path, self.length
        );
        let mut stream = connect(to, head.as_bytes()).await;
        let send = async {
            for piece in self.pieces() {
                // The server may have answered and closed.
                if stream.write_all(&piece).await.is_err() {
                    break;
                }
            }
        };
        let _ = timeout(PUSH, send).await;
        stream
    }
}

/// Half-sent requests of HTTP/2, on few connections that stay open.
mod http2 {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
    use hyper::{
        Request,
        body::{Bytes, Frame},
        client::conn::http2,
    };
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::{net::TcpStream, task::JoinSet, time::sleep};

    use super::{Attack, PUSH, SocketAddr};

    /// Sends this many on one connection.
    pub(super) async fn push(attack: Attack, to: SocketAddr, count: usize) -> JoinSet<()> {
        let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
        let (mut client, connection) = http2::handshake::<_, _, UnsyncBoxBody<Bytes, Infallible>>(
            TokioExecutor::new(),
            stream,
        )
        .await
        .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let _ = connection.await;
        });
        for _ in 0..count {
            let frames = stream::iter(attack.pieces().map(|piece| Ok(Frame::data(piece))));
            let body = StreamBody::new(frames.chain(stream::pending())).boxed_unsync();
            let mut request = Request::post(format!("http://forum{}", attack.path))
                .header("content-type", "application/json");
            if attack.has_key {
                request = request.header("idempotency-key", "k");
            }
            client.ready().await.unwrap();
            let answer = client.send_request(request.body(body).unwrap());
            tasks.spawn(async move {
                let _ = answer.await;
            });
        }
        sleep(PUSH).await;
        tasks
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_bodies_of_strangers_take_little_memory() {
    let installation = Installation::new("");
    let server = installation.serve().await;
    server.client.get("//healthz").await.expect(200);
    let before = resident(&server);
    let mut wrong = Vec::new();
    for attack in attacks() {
        let streams = join_all((0..HALF_SENT).map(|_| attack.push(server.listen))).await;
        let more = resident(&server).saturating_sub(before);
        drop(streams);
        if more > MEMORY {
            wrong.push((attack, "HTTP/1", more));
        }
        let pushed = join_all((0..4).map(|_| http2::push(attack, server.listen, HALF_SENT / 4)));
        let pushed = pushed.await;
        let more = resident(&server).saturating_sub(before);
        drop(pushed);
        if more > MEMORY {
            wrong.push((attack, "HTTP/2", more));
        }
    }
    assert!(wrong.is_empty(), "KiB more than before: {wrong:#?}");
    server.client.get("//healthz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_one_network_do_not_keep_others_from_signing_in() {
    let app = TestApp::start_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    app.member("ada").await;
    let to = app.app.config.server.listen;
    let half = async |client: &str| {
        let head = format!(
            "POST /api/v1/sessions HTTP/1.1\r\nhost: forum\r\nx-forwarded-for: {client}\r\n\
             content-type: application/json\r\ncontent-length: 65000\r\n\r\n"
        );
        let mut stream = connect(to, head.as_bytes()).await;
        let _ = stream.write_all(&vec![b' '; 64_000]).await;
        stream
    };
    let streams = join_all((0..200).map(|_| half("198.51.100.7"))).await;
    // The network that has used its share up is told to wait.
    let (mut refused, mut open) = (0, Vec::new());
    for mut stream in streams {
        match timeout(Duration::from_millis(50), answer(&mut stream)).await {
            Ok(told) => {
                assert!(told.starts_with("http/1.1 429"), "{told}");
                assert!(told.contains("retry-after: ") && told.contains("\"busy\""), "{told}");
                refused += 1;
            }
            Err(_still_open) => open.push(stream),
        }
    }
    assert!(refused > 50 && open.len() > 50, "{refused}");
    app.sign_in("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_somebody_who_is_not_signed_in_changes_nothing() {
    let app = TestApp::start().await;
    app.member("ada").await;
    let to = app.app.config.server.listen;
    // The body is not waited for.
    let head = "POST /api/v1/plugins?name=x HTTP/1.1\r\nhost: forum\r\nidempotency-key: k\r\n\
                content-type: application/wasm\r\ncontent-length: 30000000\r\n\r\n";
    let mut stream = connect(to, head.as_bytes()).await;
    assert!(answer(&mut stream).await.starts_with("http/1.1 401"));
    // A request that is sent again is done again.
    let body = json!({"username": "ada", "password": crate::support::PASSWORD});
    let sign_in =
        async || crate::http::idempotency::post(&app.client, "/sessions", "k", &body).await;
    let (first, second) = (sign_in().await.expect(201), sign_in().await.expect(201));
    assert_ne!(first["refresh_token"], second["refresh_token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_somebody_who_is_no_admin_is_not_read() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let token = ada.client.token.clone().unwrap();
    for key in ["", "idempotency-key: k\r\n"] {
        let head = format!(
            "POST /api/v1/plugins?name=x HTTP/1.1\r\nhost: forum\r\n{key}authorization: Bearer \
             {token}\r\ncontent-type: application/wasm\r\ncontent-length: 30000000\r\n\r\n"
        );
        let mut stream = connect(app.app.config.server.listen, head.as_bytes()).await;
        let told = answer(&mut stream).await;
        assert!(told.starts_with("http/1.1 403") && told.contains("admins_only"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_the_fault_of_its_sender() {
    let app = TestApp::start_with(|config| config.server.request_timeout_seconds = 1).await;
    let head = "POST /api/v1/sessions HTTP/1.1\r\nhost: forum\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n";
    let (mut from, mut into) =
        connect(app.app.config.server.listen, head.as_bytes()).await.into_split();
    let send = async {
        while into.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let mut told = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut from, &mut told);
    let (read, ()) =
        timeout(Duration::from_secs(15), async { tokio::join!(read, send) }).await.expect("an end");
    let told = String::from_utf8_lossy(&told).to_lowercase();
    assert!(told.starts_with("http/1.1 408"), "{read:?}: {told}");
    assert!(told.contains("\"code\":\"body_timeout\""), "{told}");
    assert!(told.contains("connection: close"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_sign_ins_is_told_to_come_back() {
    let app = TestApp::start_with(|config| config.accounts.hash_concurrency = 1).await;
    app.member("ada").await;
    let sign_in = async |n: usize| {
        let body = json!({"username": "ada", "password": format!("wrong password {n}")});
        app.client.post("/sessions", body).await
    };
    let mut busy = 0;
    for reply in join_all((0..400).map(sign_in)).await {
        match reply.status.as_u16() {
            401 => {}
            429 => {
                reply.expect_problem(429, "busy");
                busy += 1;
            }
            _ => panic!("{reply:?}"),
        }
    }
    println!("{busy} of 400 were told to come back");
    app.sign_in("ada").await;
}

/// A limit that a busy test does not reach.
fn ample() -> Quota {
    serde_json::from_value(json!("1000/minute")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_behind_a_proxy_that_names_ports_are_counted_one_by_one() {
    let app = TestApp::start_with(|config| {
        config.limits.enabled = true;
        config.limits.sign_in_account = ample();
        config.limits.sign_in_strangers = ample();
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let try_in = async |forwarded: String| {
        let body = json!({"username": "nobody", "password": "not the password"});
        let request = Request::post(app.client.url("/sessions"))
            .header("content-type", "application/json")
            .header("x-forwarded-for", forwarded)
            .body(Full::from(body.to_string()))
            .unwrap();
        app.client.send_request(request).await.status.as_u16()
    };
    for n in 0..25 {
        assert_eq!(try_in(format!("198.51.100.{n}:5{n:03}")).await, 401);
        assert_eq!(try_in(format!("[2001:db8:{n}::7]:443")).await, 401);
    }
    // Another port is no other client.
    for n in 0..19 {
        assert_eq!(try_in(format!("198.51.100.1:6{n:03}")).await, 401);
    }
    assert_eq!(try_in("198.51.100.1:7000".to_owned()).await, 429);
    assert_eq!(try_in("198.51.100.1".to_owned()).await, 429);
}
