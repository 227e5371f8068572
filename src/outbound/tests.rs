use std::{
    collections::HashSet,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};

use super::{
    Client, Method, Refusal, Request, Response,
    connect::{Guard, Resolve},
    public::is_public,
};

/// Addresses that no request may go to.
const BAD: [&str; 50] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "ff02::1",
];

const GOOD: [&str; 9] = [
    "1.1.1.1",
    "93.184.216.34",
    "100.63.255.255",
    "172.32.0.1",
    "198.20.0.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "::ffff:1.1.1.1",
];

#[test]
fn only_public_addresses_are_public() {
    let public = |text: &&str| is_public(text.parse::<IpAddr>().unwrap());
    assert_eq!(BAD.iter().filter(|text| public(text)).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(GOOD.iter().filter(|text| !public(text)).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// Answers each look-up with the next of its lists, the last one for ever.
struct Fake {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Resolve for Fake {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = &self.answers[asked.min(self.answers.len() - 1)];
        let answer = answer.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        async move { Ok(answer) }.boxed()
    }
}

/// A listener on every address, and whether anybody connected to it.
struct Trap {
    listener: TcpListener,
    port: u16,
}

impl Trap {
    fn set() -> Self {
        let listener =
            TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    fn is_untouched(&self) -> bool {
        match self.listener.accept() {
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    /// A client for which this port is the usual one of `https`.
    fn client(&self, answers: &[&[&str]]) -> (Client, Arc<AtomicUsize>) {
        let asked = Arc::<AtomicUsize>::default();
        let answers =
            answers.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect());
        let fake = Fake { answers: answers.collect(), asked: Arc::clone(&asked) };
        let guard = Guard { allow: HashSet::new(), port: self.port, resolver: Box::new(fake) };
        (Client::guarded(guard), asked)
    }
}

fn get(url: String) -> Request {
    Request { method: Method::Get, url, headers: Vec::new(), body: Vec::new() }
}

#[tokio::test]
async fn names_that_lead_inside_are_not_connected_to() {
    let trap = Trap::set();
    for bad in BAD {
        // Alone, and hidden among good ones.
        for answer in [&[bad][..], &["1.1.1.1", bad]] {
            let (client, asked) = trap.client(&[answer]);
            let sent = client.send(get(format!("https://inside.example:{}/", trap.port))).await;
            assert_eq!(sent, Err(Refusal::Unreachable), "{bad}");
            assert_eq!(asked.load(Ordering::SeqCst), 1, "{bad}: looked up once");
        }
    }
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn addresses_in_any_spelling_are_not_connected_to() {
    let trap = Trap::set();
    let (client, asked) = trap.client(&[&["1.1.1.1"]]);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "１２７.０.０.１",
        "127。0。0。1",
    ] {
        let sent = client.send(get(format!("https://{host}:{}/", trap.port))).await;
        assert_eq!(sent, Err(Refusal::Unreachable), "{host}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "addresses are not looked up");
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_name_that_is_moved_inside_between_look_ups_is_not_followed() {
    let trap = Trap::set();
    // An address of a part of the internet that nobody has: never answers.
    let (client, asked) = trap.client(&[&["2fff::1"], &["127.0.0.1"]]);
    let url = format!("https://moves.example:{}/", trap.port);
    let first = tokio::time::timeout(Duration::from_millis(300), client.send(get(url.clone())));
    assert_ne!(first.await.unwrap_or(Err(Refusal::TimedOut)).map(|answer| answer.status), Ok(200));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "what was checked is what is connected to");
    assert!(trap.is_untouched());
    assert_eq!(client.send(get(url)).await, Err(Refusal::Unreachable));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn what_is_not_plainly_https_is_refused() {
    let trap = Trap::set();
    let (client, asked) = trap.client(&[&["127.0.0.1"]]);
    let port = trap.port;
    for (url, refusal) in [
        (format!("http://x.example:{port}/"), Refusal::Denied),
        ("https://x.example:22/".to_owned(), Refusal::Denied),
        (format!("https://user@x.example:{port}/"), Refusal::Denied),
        (format!("https://user:secret@x.example:{port}/"), Refusal::Denied),
        (format!("https://:secret@x.example:{port}/"), Refusal::Denied),
        ("ftp://x.example/".to_owned(), Refusal::Denied),
        ("file:///etc/passwd".to_owned(), Refusal::Invalid),
        ("x.example".to_owned(), Refusal::Invalid),
        (format!("https://x.example:{port}/{}", "a".repeat(3_000)), Refusal::Invalid),
    ] {
        assert_eq!(client.send(get(url.clone())).await, Err(refusal), "{url}");
    }
    let url = format!("https://x.example:{port}/");
    for header in [
        ("host", "other.example"),
        ("Content-Length", "3"),
        ("proxy-authorization", "x"),
        ("bad name", "x"),
        ("x", "line\r\nx-more: 1"),
    ] {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        let sent = client.send(Request { headers, ..get(url.clone()) }).await;
        assert_eq!(sent, Err(Refusal::Invalid), "{header:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert!(trap.is_untouched());
}

/// Sends one request to a server that gives a fixed answer, at a host and port
/// that the settings allow; what came back, and what the server was sent.
async fn exchange(answer: &'static [u8], request: Request) -> (Result<Response, Refusal>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = vec![0; 4096];
        let length = stream.read(&mut received).unwrap();
        // The client may have heard enough before the end.
        let _ = stream.write_all(answer);
        listener.set_nonblocking(true).unwrap();
        drop(stream);
        std::thread::sleep(Duration::from_millis(50));
        assert!(listener.accept().is_err(), "one connection only");
        String::from_utf8_lossy(&received[..length]).into_owned()
    });
    let guard = Guard::new(HashSet::from([("localhost".to_owned(), port)]));
    let url = request.url.replace("PORT", &port.to_string());
    let sent = Client::guarded(guard).send(Request { url, ..request }).await;
    (sent, server.join().unwrap())
}

#[tokio::test]
async fn an_allowed_host_is_asked_and_heard() {
    let request = Request {
        method: Method::Post,
        url: "http://LocalHost:PORT/a?b#c".to_owned(),
        headers: vec![("X-One".to_owned(), "1".to_owned())],
        body: b"hello".to_vec(),
    };
    let answer = b"HTTP/1.1 201 Created\r\nx-two: 2\r\ncontent-length: 2\r\n\r\nok";
    let (sent, received) = exchange(answer, request).await;
    let sent = sent.unwrap();
    assert_eq!((sent.status, sent.body.as_slice()), (201, &b"ok"[..]));
    assert!(sent.headers.contains(&("x-two".to_owned(), "2".to_owned())), "{sent:?}");
    assert!(received.starts_with("POST /a?b HTTP/1.1\r\n"), "{received}");
    assert!(received.contains("x-one: 1") && received.ends_with("\r\n\r\nhello"), "{received}");
}

#[tokio::test]
async fn redirects_are_answers() {
    let answer =
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let (sent, _) = exchange(answer, get("http://localhost:PORT/".to_owned())).await;
    assert_eq!(sent.unwrap().status, 302);
}

#[tokio::test]
async fn answers_are_bounded() {
    static LARGE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(answer.len() + (1 << 20) + 1, b'x');
        answer
    });
    static MANY: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let headers = "x-one: 1\r\n".repeat(100);
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes()
    });
    let url = || get("http://localhost:PORT/".to_owned());
    assert_eq!(exchange(&LARGE, url()).await.0, Err(Refusal::TooLarge));
    assert_eq!(exchange(&MANY, url()).await.0, Err(Refusal::Unreachable));
    assert_eq!(exchange(b"nonsense\r\n\r\n", url()).await.0, Err(Refusal::Unreachable));
}

#[tokio::test]
async fn an_answer_that_drips_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends when the client hangs up.
    let _server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // An answer before the question is none.
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let guard = Guard::new(HashSet::from([("localhost".to_owned(), port)]));
    let client = Client::guarded(guard).within(Duration::from_millis(200));
    let sent = client.send(get(format!("http://localhost:{port}/"))).await;
    assert_eq!(sent, Err(Refusal::TimedOut));
}
