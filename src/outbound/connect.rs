//! Connecting: the choke point where every address is checked.

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, FutureExt};
use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use super::public::is_public;

/// Port of `https`.
const HTTPS_PORT: u16 = 443;
/// Addresses of one name that are tried, one after another.
const ADDRESSES: usize = 4;

/// Finds the addresses of a host.
pub(super) trait Resolve: Send + Sync {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// As the machine is set up to.
pub(super) struct System;

impl Resolve for System {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        async move { Ok(lookup_host((host, port)).await?.collect()) }.boxed()
    }
}

/// Where connections may go.
pub(super) struct Guard {
    /// Exact hosts and ports that are exempt from every other rule.
    pub(super) allow: HashSet<(String, u16)>,
    /// The port of all others.
    pub(super) port: u16,
    pub(super) resolver: Box<dyn Resolve>,
}

impl Guard {
    pub(super) fn new(allow: HashSet<(String, u16)>) -> Self {
        Self { allow, port: HTTPS_PORT, resolver: Box::new(System) }
    }

    /// Whether an operator named this host and port.
    pub(super) fn is_exempt(&self, host: &str, port: u16) -> bool {
        // A set of strings can only be asked with a string of its own.
        self.allow.contains(&(host.to_ascii_lowercase(), port))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "not a public address");
        let exempt = self.is_exempt(host, port);
        if !exempt && port != self.port {
            return Err(refused());
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.resolver.resolve(bare, port).await?,
        };
        // One bad address spoils the name: who owns it is up to something.
        if !exempt && !addresses.iter().all(|address| is_public(address.ip())) {
            return Err(refused());
        }
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses.into_iter().take(ADDRESSES) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Opens connections for the HTTP client.
#[derive(Clone)]
pub(super) struct Connect(pub(super) Arc<Guard>);

impl Service<Uri> for Connect {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<TcpStream>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let guard = Arc::clone(&self.0);
        async move {
            let plain = to.scheme_str() == Some("http");
            let port = to.port_u16().unwrap_or(if plain { 80 } else { HTTPS_PORT });
            let stream = guard.connect(to.host().unwrap_or_default(), port).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        }
        .boxed()
    }
}
