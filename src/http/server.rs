//! The accept loop: no delay on small answers, a time-out for the head of a
//! request, a bound on connections, a pause when the system has no more
//! descriptors, and a stop that lets accepted requests finish.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use poem::{
    Addr, Endpoint, IntoResponse, Request, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::idempotency;
use crate::{config, lifecycle::Lifecycle};

/// Pause after a failed accept, mostly because of too many open files: long
/// enough to spare the processor, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of a request's head; generous for tokens and cookies of others.
const MAX_HEAD_BYTES: usize = 32 * 1024;

type Answer = hyper::Response<http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>>;

/// The task that was to answer ended without one: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("a request was not answered")]
struct Unanswered;

/// Serves until the lifecycle stops; then waits for accepted requests, for as
/// long as the settings allow.
pub async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    settings: &config::Server,
    lifecycle: &Lifecycle,
) where
    E: Endpoint + 'static,
{
    let endpoint = Arc::new(endpoint);
    let builder = Arc::new(builder(settings.header_timeout()));
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(settings.max_connections));
    let local = listener.local_addr().ok();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = lifecycle.closing() => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                // Small answers must not wait for more to send.
                let _ = stream.set_nodelay(true);
                let endpoint = Arc::clone(&endpoint);
                let (at, spawner, permit) = ((local, peer), lifecycle.clone(), Arc::new(permit));
                let room = Arc::clone(&permit);
                let service = service_fn(move |request| {
                    let whole = (spawner.clone(), Arc::clone(&room));
                    respond(Arc::clone(&endpoint), whole, request, at)
                });
                let connection = builder
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .into_owned();
                let connection = graceful.watch(connection);
                lifecycle.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(error, "a connection broke off");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(settings.shutdown_timeout(), graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off at the end of the time to finish");
    }
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEAD_BYTES);
    builder.http2().timer(TokioTimer::new());
    builder
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

/// Answers a request; one with a key also when its client hangs up, and until then
/// it counts as a connection.
async fn respond<E: Endpoint + 'static>(
    endpoint: Arc<E>,
    (lifecycle, room): (Lifecycle, Arc<OwnedSemaphorePermit>),
    request: hyper::Request<hyper::body::Incoming>,
    at: (Option<SocketAddr>, SocketAddr),
) -> Result<Answer, Unanswered> {
    if !idempotency::has_key(request.headers()) {
        return Ok(answer(&endpoint, request, at).await);
    }
    let whole = async move {
        let answer = answer(&endpoint, request, at).await;
        drop(room);
        answer
    };
    lifecycle.complete(whole).await.ok_or(Unanswered)
}

async fn answer<E: Endpoint>(
    endpoint: &E,
    request: hyper::Request<hyper::body::Incoming>,
    (local, peer): (Option<SocketAddr>, SocketAddr),
) -> Answer {
    let local = LocalAddr(Addr::from(local.unwrap_or(peer)));
    let request = Request::from((request, local, RemoteAddr(Addr::from(peer)), Scheme::HTTP));
    let response: Response = match endpoint.call(request).await {
        Ok(output) => output.into_response(),
        Err(error) => error.into_response(),
    };
    response.into()
}
