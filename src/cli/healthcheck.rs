//! `gatherly healthcheck`: asks the server of this machine whether requests should be sent to
//! it, for containers that have no other program to ask with.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};

use crate::config::Config;

/// How long the server has to answer: containers ask every few seconds.
const LIMIT: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read: its first line, and some words.
const ANSWER_BYTES: u64 = 4 << 10;

/// Whether the server is ready: the exit code says so, and a line says why not.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let address = reachable(config.server.listen);
    let answer = ask(address).with_context(|| format!("no answer of {address}"))?;
    match answer.split_once("\r\n").map(|(head, _)| head) {
        Some(head) if head.starts_with("HTTP/1.1 200") => Ok(ExitCode::SUCCESS),
        Some(head) => bail!("{address} is not ready: {head}"),
        None => bail!("{address} does not speak HTTP"),
    }
}

/// Where a server is reached that listens on an address: on all of them it is reached on the
/// loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
