//! A line to a server that can be cut, blocked, slowed down and broken off.

use std::{net::SocketAddr, time::Duration};

use gatherly::base::secret::random_bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// Most bytes that are passed on at once.
const CHUNK: usize = 16 * 1024;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It arrives.
    Good,
    /// Connections are closed, and so are new ones.
    Cut,
    /// Connections stand, and nothing arrives.
    Blocked,
    /// Each piece arrives so much later.
    Slow(Duration),
    /// So many of a thousand pieces break their connection off.
    Breaking(u8),
}

/// A proxy on a port of its own; ends when it is dropped.
pub struct Chaos {
    pub address: SocketAddr,
    line: watch::Sender<Line>,
    _connections: JoinSet<()>,
}

impl Chaos {
    /// A good line to `target`.
    pub async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, watched) = watch::channel(Line::Good);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let mut line = watched.clone();
                connections.spawn(async move {
                    tokio::select! {
                        () = passed(client, target, line.clone()) => {}
                        _ = line.wait_for(|line| *line == Line::Cut) => {}
                    }
                });
            }
        });
        Self { address, line, _connections: accepting }
    }

    /// Makes the line so from now on.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn passed(client: TcpStream, target: SocketAddr, line: watch::Receiver<Line>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(from_client, to_server, line.clone()) => {}
        () = pass(from_server, to_client, line) => {}
    }
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut line: watch::Receiver<Line>,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        // What is blocked goes on when the line is good again.
        let Ok(now) = line.wait_for(|line| *line != Line::Blocked).await.map(|line| *line) else {
            return;
        };
        match now {
            Line::Slow(delay) => sleep(delay).await,
            Line::Breaking(share) if is_one_of(share) => return,
            Line::Good | Line::Cut | Line::Blocked | Line::Breaking(_) => {}
        }
        if to.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

/// With a chance of so many in a thousand.
fn is_one_of(share: u8) -> bool {
    u16::from_le_bytes(random_bytes().unwrap()) % 1_000 < u16::from(share)
}
