//! The accept loop: no delay on small answers, time-outs for connections that send
//! no request, bounds on connections altogether and of one network, a pause when the
//! system has no more descriptors, and a stop that lets accepted requests finish.

mod activity;
mod crowd;
mod stream;

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use poem::{
    Addr, Endpoint, IntoResponse, Request, Response,
    http::{Version, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, sleep_until, timeout},
};

use self::{
    activity::{Activity, InFlight, Times},
    crowd::{Crowd, Member},
    stream::WatchedStream,
};
use super::idempotency;
use crate::{config, lifecycle::Lifecycle};

/// Pause after a failed accept, mostly because of too many open files: long
/// enough to spare the processor, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of a request's head; generous for tokens and cookies of others.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Requests of one HTTP/2 connection at once: as many as browsers have.
const MAX_STREAMS: u32 = 100;
/// Bytes of one HTTP/2 request that may come before they are read: as many as a
/// request may hold whose sender is not known to be signed in.
const STREAM_WINDOW: u32 = 64 * 1024;
/// The same of all requests of a connection: an upload over a line of 100 ms gets
/// 10 MB a second.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of one answer that are kept for a peer that reads slowly.
const SEND_BUFFER: usize = 64 * 1024;
/// How often it is looked whether a connection has gone on for too long, as a part of
/// the time for a head.
const LOOKS: u32 = 8;
/// How long a connection has to end once it was asked to.
const GRACE: Duration = Duration::from_secs(1);

type Body = http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>;
type Answer = hyper::Response<Body>;

/// The task that was to answer ended without one: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("a request was not answered")]
struct Unanswered;

/// The parts that all connections share.
struct Shared<E> {
    endpoint: E,
    builder: Builder<TokioExecutor>,
    times: Times,
    /// How long a peer may read nothing of its answers.
    patience: Duration,
    local: Option<SocketAddr>,
    lifecycle: Lifecycle,
}

/// A connection that was accepted.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    activity: Arc<Activity>,
    place: Arc<Place>,
    /// Dropped when the connection is over.
    _open: mpsc::Sender<()>,
}

/// The share of the bounds that a connection takes. A request that goes on without
/// its connection keeps it.
struct Place {
    _room: OwnedSemaphorePermit,
    _member: Member,
}

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
    let times = Times { head: settings.header_timeout(), idle: settings.idle_timeout() };
    let shared = Arc::new(Shared {
        endpoint,
        builder: builder(times.head),
        times,
        patience: settings.request_timeout(),
        local: listener.local_addr().ok(),
        lifecycle: lifecycle.clone(),
    });
    let crowd = Crowd::new(settings);
    let (open, mut all_closed) = mpsc::channel(1);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &crowd, times, &open) => accepted,
            () = lifecycle.closing() => break,
        };
        match accepted {
            Ok(Some(accepted)) => {
                let shared = Arc::clone(&shared);
                lifecycle.spawn(async move { attend(&shared, accepted).await });
            }
            // Its network has too many.
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, open));
    if timeout(settings.shutdown_timeout(), all_closed.recv()).await.is_err() {
        tracing::warn!("requests were cut off at the end of the time to finish");
    }
}

fn builder(head: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // The time-outs of HTTP/1 are those of `activity`: hyper's begin when a connection
    // is idle.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    // A peer that answers no ping is gone.
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(head * 2)
        .keep_alive_timeout(head)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER);
    builder
}

async fn accept(
    listener: &TcpListener,
    crowd: &Crowd,
    times: Times,
    open: &mpsc::Sender<()>,
) -> std::io::Result<Option<Accepted>> {
    let (stream, peer) = listener.accept().await?;
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let Some(room) = crowd.room().await else { return Ok(None) };
    let activity = Activity::new(times);
    let Some(member) = crowd.join(peer, &activity) else {
        tracing::debug!(%peer, "refused a connection: its network has too many");
        return Ok(None);
    };
    let place = Arc::new(Place { _room: room, _member: member });
    Ok(Some(Accepted { stream, peer, activity, place, _open: open.clone() }))
}

/// Attends to a connection until it ends or has gone on for too long.
async fn attend<E: Endpoint + 'static>(shared: &Arc<Shared<E>>, accepted: Accepted) {
    let Accepted { stream, peer, activity, place, _open } = accepted;
    let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&activity), shared.patience));
    let service = service_fn(|request| {
        let in_flight = activity.begin(request.version() == Version::HTTP_2);
        respond(Arc::clone(shared), Arc::clone(&place), request, peer, in_flight)
    });
    let connection = std::pin::pin!(shared.builder.serve_connection(io, service));
    let mut connection: Pin<&mut _> = connection;
    let look = shared.times.head / LOOKS;
    let end = tokio::select! {
        biased;
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(error, "a connection broke off");
            }
            return;
        }
        end = over(&activity, look) => end,
        () = shared.lifecycle.closing() => End::Asked,
    };
    match end {
        End::Cut => {}
        End::Idle => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
        }
        End::Asked => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = connection => {}
                _ = over(&activity, look) => {}
            }
        }
    }
}

/// How a connection is ended that does not end by itself.
enum End {
    /// At once.
    Cut,
    /// As HTTP says, within a moment.
    Idle,
    /// When its requests are answered.
    Asked,
}

/// Waits until a connection has gone on for too long, or has to make room.
async fn over(activity: &Activity, look: Duration) -> End {
    let watch = async {
        loop {
            let now = Instant::now();
            let ends_at = activity.ends_at();
            if ends_at.is_some_and(|end| end <= now) {
                return;
            }
            // A phase may begin meanwhile that ends earlier.
            sleep_until(ends_at.map_or(now + look, |end| end.min(now + look))).await;
        }
    };
    tokio::select! {
        () = watch => if activity.is_idle() { End::Idle } else { End::Cut },
        () = activity.evicted() => End::Cut,
    }
}

/// Answers a request; one with a key also when its client hangs up, and until then
/// it counts as a connection.
async fn respond<E: Endpoint + 'static>(
    shared: Arc<Shared<E>>,
    place: Arc<Place>,
    request: hyper::Request<hyper::body::Incoming>,
    peer: SocketAddr,
    in_flight: InFlight,
) -> Result<hyper::Response<Tracked>, Unanswered> {
    let answer = if idempotency::has_key(request.method(), request.headers()) {
        let lifecycle = shared.lifecycle.clone();
        let whole = async move {
            let answer = answer(&shared, request, peer).await;
            drop(place);
            answer
        };
        lifecycle.complete(whole).await.ok_or(Unanswered)?
    } else {
        answer(&shared, request, peer).await
    };
    let in_flight = in_flight.answered();
    Ok(answer.map(|body| Tracked { body, _in_flight: in_flight }))
}

async fn answer<E: Endpoint>(
    shared: &Shared<E>,
    request: hyper::Request<hyper::body::Incoming>,
    peer: SocketAddr,
) -> Answer {
    let local = LocalAddr(Addr::from(shared.local.unwrap_or(peer)));
    let request = Request::from((request, local, RemoteAddr(Addr::from(peer)), Scheme::HTTP));
    let response: Response = match shared.endpoint.call(request).await {
        Ok(output) => output.into_response(),
        Err(error) => error.into_response(),
    };
    response.into()
}

/// The body of an answer. Its request is in flight until it is sent.
struct Tracked {
    body: Body,
    _in_flight: InFlight,
}

impl hyper::body::Body for Tracked {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
