//! Clients that break the rules: bytes on a socket, and frames of HTTP/2 by hand.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// The first bytes of an HTTP/2 connection.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Settings that change nothing.
pub const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header as HPACK writes it whose name is in the static table, with this index.
fn literal(index: u8, value: &str) -> Vec<u8> {
    [&[index, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat()
}

/// The head of a request: `GET`, or a `POST` whose body is to come.
fn head(method: &str, path: &str) -> Vec<u8> {
    let method = if method == "GET" { 0x82 } else { 0x83 };
    // `:scheme` is http; `:path` has index 4, `:authority` 1.
    [&[method, 0x86][..], &literal(4, path), &literal(1, "forum")].concat()
}

/// A whole `GET` on a stream.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("GET", path))
}

/// The head of a `POST` on a stream.
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &head("POST", path))
}

/// The head of a request that says there is more of the head.
pub fn unended_get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM, stream, &head("GET", path))
}

/// Takes a request back.
pub fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

/// Asks for a sign of life.
pub fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"anybody?")
}

/// A connection to which these bytes were sent, unless it was refused.
pub async fn connect(to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let _ = stream.write_all(bytes).await;
    stream
}

/// Reads until the server closes the connection; how long that took, or `None` when
/// it did not within `limit`.
pub async fn closed_within(stream: &mut TcpStream, limit: Duration) -> Option<Duration> {
    let begun = Instant::now();
    let mut buffer = vec![0; 16 << 10];
    let read = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    timeout(limit, read).await.is_ok().then(|| begun.elapsed())
}

/// The next answer on an HTTP/1 connection, whose body has a length; an error when the
/// connection is closed before.
pub async fn try_answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(answer).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok(head + &String::from_utf8_lossy(&body))
}

/// The next answer on an HTTP/1 connection, whose body has a length.
pub async fn answer(stream: &mut TcpStream) -> String {
    try_answer(stream).await.expect("an answer")
}
