//! What lies around every request, from the outside in: id and span, panics,
//! client address, origin, network limit, body limit, time-out; and on the way
//! back: problems in one form, headers, metrics, one line in the log.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use ipnet::IpNet;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderMap, HeaderValue, Method, Version, header, uri::Authority},
};
use poem_openapi::OperationId;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use super::{
    ClientAddress, Problem, RateLimits,
    body_limit::Bodies,
    cors, idempotency, problem,
    representation::{Asked, Representations},
    request_id,
};
use crate::{
    base::{Error, clock::Clock, ids},
    config::Config,
    crash::Point,
    db::{self, Db},
};

/// The API shows data and nothing that could run.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";
/// Swagger UI is one page with its script and style in it.
const DOCS_CSP: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";
/// Longest request id that is taken over from a client: a UUID and some more.
const MAX_REQUEST_ID: usize = 64;
/// What a forum that is read-only lets people write: their being here.
const SESSIONS: &str = "/api/v1/sessions";
/// When a client may try again after its request took too long.
const TIMEOUT_RETRY: Duration = Duration::from_secs(5);

/// What a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of its body.
    pub body: u64,
    /// Whether it may wait for a plugin to be compiled.
    pub compiles: bool,
    /// Whether its body is read from admins only.
    pub admins: bool,
    /// Whether the last part of its path is for nobody else's eyes: the log's.
    pub secret: bool,
}

/// The bounds of a request by its method and path.
pub type BoundsOf = Box<dyn Fn(&Method, &str) -> Bounds + Send + Sync>;

/// An endpoint with everything around it.
pub struct Onion<E> {
    /// The operations.
    pub inner: E,
    /// Networks whose forwarding header is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of pages that may call.
    pub cors_origins: Vec<String>,
    /// Whether nothing but sessions is written.
    pub read_only: bool,
    /// Counts requests.
    pub limits: Arc<RateLimits>,
    /// Counts the bytes of bodies.
    pub bodies: Bodies,
    /// What requests may take.
    pub bounds: BoundsOf,
    /// How long a request may take.
    pub timeout: Duration,
    /// How much longer one that waits for the compiler.
    pub compile_time: Duration,
    /// Makes the ids of requests.
    pub clock: Clock,
    /// Keeps answers to requests that may be sent again.
    pub db: Db,
    /// Tags and compresses responses.
    representations: Representations,
}

impl<E> Onion<E> {
    /// An onion as the settings say.
    pub fn new(
        inner: E,
        config: &Config,
        limits: Arc<RateLimits>,
        bounds: BoundsOf,
        (clock, db): (Clock, Db),
    ) -> Self {
        Self {
            inner,
            db,
            trusted_proxies: config.server.trusted_proxies.clone(),
            cors_origins: config.server.cors_origins.clone(),
            read_only: config.server.read_only,
            limits,
            bodies: Bodies::default(),
            bounds,
            timeout: config.server.request_timeout(),
            compile_time: config.plugins.compile_time(),
            clock,
            representations: Representations::new(),
        }
    }

    /// Where nothing is written, people can still sign in to read, and out.
    fn check_writing(&self, request: &Request) -> Result<(), Error> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let is_session = request.uri().path().starts_with(SESSIONS);
        if self.read_only && !reads && !is_session { Err(Error::ReadOnly) } else { Ok(()) }
    }

    fn request_id(&self, request: &Request) -> String {
        request
            .headers()
            .get(request_id::HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(|id| {
                (1..=MAX_REQUEST_ID).contains(&id.len())
                    && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            })
            .map_or_else(|| ids::new_uuid(self.clock.now()).to_string(), str::to_owned)
    }
}

impl<E: Endpoint> Endpoint for Onion<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let id = self.request_id(&request);
        let writes = !request.method().is_safe();
        let span = tracing::info_span!("http", request_id = %id);
        let header = HeaderValue::from_str(&id).ok();
        let answer = db::of_request(self.answer(request));
        let answer = request_id::scope(id, answer).instrument(span);
        let mut response = answer.await;
        if writes {
            Point::AnswerDue.pass();
        }
        if let Some(header) = header {
            response.headers_mut().insert(request_id::HEADER, header);
        }
        Ok(response)
    }
}

impl<E: Endpoint> Onion<E> {
    async fn answer(&self, mut request: Request) -> Response {
        let start = Instant::now();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let secret = (self.bounds)(&method, &path).secret;
        let asked = Asked::of(&mut request);
        let origin = cors::allowed(&request, &self.cors_origins);
        let client = ClientAddress::of(&request, &self.trusted_proxies);
        request.set_data(client);

        let (mut response, operation) = match cors::preflight(&request, origin.as_ref()) {
            Some(response) => (response, None),
            None => self.guarded(request, client).await,
        };
        response = self.representations.finish(&asked, response).await;
        set_headers(response.headers_mut(), &path);
        if !self.cors_origins.is_empty() {
            cors::mark(response.headers_mut(), origin);
        }
        let logged = if secret { without_last(&path) } else { path };
        observe(&method, &logged, operation, &response, start.elapsed());
        response
    }

    async fn guarded(
        &self,
        mut request: Request,
        client: ClientAddress,
    ) -> (Response, Option<&'static str>) {
        let bounds = (self.bounds)(request.method(), request.uri().path());
        let admitted = self
            .limits
            .check_request(client)
            .and_then(|()| self.check_writing(&request))
            .and_then(|()| self.bodies.admit(&mut request, bounds, client));
        // The bytes of the body are counted until the request is answered.
        let allowance = match admitted {
            Ok(allowance) => allowance,
            Err(error) => return (problem::early(error), None),
        };
        if let Some(fault) = host_fault(&request) {
            return (problem::malformed(fault), None);
        }
        if is_encoded(request.headers()) {
            return (problem::encoded(), None);
        }
        let compile_time = if bounds.compiles { self.compile_time } else { Duration::ZERO };
        let limit = self.timeout + compile_time;
        let call = AssertUnwindSafe(self.call_once(request, limit)).catch_unwind();
        match timeout(limit, call).await {
            Ok(Ok(Ok(response))) => {
                let operation = response.data::<OperationId>().map(|id| id.0);
                (response, operation)
            }
            Ok(Ok(Err(error))) => {
                let operation = error.data::<OperationId>().map(|id| id.0);
                (problem::from_framework(error), operation)
            }
            Ok(Err(_panic)) => {
                tracing::error!("a request panicked");
                (problem::internal().into_response(), None)
            }
            Err(_elapsed) if allowance.is_arriving() => (problem::early(Error::BodyTimeout), None),
            Err(_elapsed) => {
                let error = Error::Unavailable { what: "time", retry_after: TIMEOUT_RETRY };
                (problem::early(error), None)
            }
        }
    }
}

impl<E: Endpoint> Onion<E> {
    /// Calls the operation; one that was sent with a key has its answer kept.
    async fn call_once(&self, request: Request, limit: Duration) -> poem::Result<Response> {
        let begun = idempotency::begin(&request, self.clock.now(), limit);
        let Some(once) = begun.map_err(Problem::from)? else {
            return Ok(self.inner.call(request).await?.into_response());
        };
        let answer = Arc::clone(&once).scope(self.inner.call(request)).await;
        let mut response = match answer {
            Ok(output) => output.into_response(),
            Err(error) => problem::from_framework(error),
        };
        idempotency::end(&once, &self.db, &mut response).await;
        Ok(response)
    }
}

/// The rule of RFC 9112, 3.2, that the `Host` of a request breaks, if any. HTTP/1.1
/// requires exactly one; no version allows several, since each reader could believe
/// another.
fn host_fault(request: &Request) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let Some(host) = hosts.next() else {
        let needs_host = request.version() == Version::HTTP_11;
        return needs_host.then_some("An HTTP/1.1 request must have a Host header.");
    };
    if hosts.next().is_some() {
        return Some("A request must have one Host header, not several.");
    }
    let is_host = host.is_empty() || Authority::try_from(host.as_bytes()).is_ok();
    (!is_host).then_some("The Host header must be a host, perhaps with a port.")
}

/// Whether the body is compressed: no operation takes one, since a small body could become
/// a large one.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// A path up to its last part.
fn without_last(path: &str) -> String {
    path.rsplit_once('/').map(|(before, _)| format!("{before}/…")).unwrap_or_default()
}

fn set_headers(headers: &mut HeaderMap, path: &str) {
    let csp = if path == "/docs" { DOCS_CSP } else { API_CSP };
    // What is no page of ours says itself how it may be shown and kept.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(csp));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Label of requests that reached no operation: one series, whatever was asked.
const NO_OPERATION: &str = "none";

fn observe(
    method: &Method,
    path: &str,
    operation: Option<&'static str>,
    response: &Response,
    elapsed: Duration,
) {
    let status = response.status();
    let operation = operation.unwrap_or(NO_OPERATION);
    metrics::counter!("gatherly_requests_total", "operation" => operation, "status" => status.as_u16().to_string())
        .increment(1);
    metrics::histogram!("gatherly_request_duration_seconds", "operation" => operation)
        .record(elapsed.as_secs_f64());
    tracing::info!(
        method = %method,
        path,
        operation,
        status = status.as_u16(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "answered {method} {path} with {status}",
    );
}
