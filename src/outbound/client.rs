//! Requests with bounds.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue, USER_AGENT},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy, rt::TokioExecutor};
use tokio::time::timeout;
use url::Url;

use super::connect::{Connect, Guard};
use crate::{base::text::is_url_as_it_stands, config};

/// Largest body of an answer: what a webhook or a look-up needs, many times over.
const RESPONSE_BYTES: usize = 1 << 20;
/// Time from the first look-up to the last byte; webhooks' leases are longer.
const TOTAL_TIME: Duration = Duration::from_secs(5);
/// Headers of an answer, and the bytes that they may take together.
const RESPONSE_HEADERS: usize = 64;
const RESPONSE_HEAD_BYTES: usize = 32 << 10;
/// Headers of a request, and the longest of them.
const REQUEST_HEADERS: usize = 32;
const REQUEST_HEADER_BYTES: usize = 4 << 10;
/// Longest address: what servers in general take.
const URL_BYTES: usize = 2_048;
/// Who is asking, for those who are asked.
const AGENT: &str = concat!("gatherly/", env!("CARGO_PKG_VERSION"));
/// Headers that frame a message or belong to its connection; they are the
/// client's own business.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What to do with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods of HTTP")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// As in HTTP.
    pub status: u16,
    /// Names and values; those that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Vec<u8>,
}

/// Why there is no answer. Nothing more is told: it could tell of our network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a URL or a header that can be sent.
    #[error("the request cannot be sent")]
    Invalid,
    /// Not `https`, not the usual port, or with a user's name.
    #[error("requests go out by https, at the usual port")]
    Denied,
    /// No connection, or none to a public address.
    #[error("the server could not be reached")]
    Unreachable,
    /// The answer is larger than what is taken.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer took too long.
    #[error("the answer took too long")]
    TimedOut,
}

/// The HTTP client; cheap to clone.
#[derive(Clone)]
pub struct Client {
    guard: Arc<Guard>,
    time: Duration,
    http: legacy::Client<HttpsConnector<Connect>, Full<Bytes>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client that may also go where the settings allow.
    pub fn new(config: &config::Outbound) -> Self {
        Self::guarded(Guard::new(config.allowed()))
    }

    pub(super) fn guarded(guard: Guard) -> Self {
        let guard = Arc::new(guard);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connect(Arc::clone(&guard)));
        let http = legacy::Client::builder(TokioExecutor::new())
            // A connection is for one request: none is found open later by
            // somebody who could not have opened it.
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_headers(RESPONSE_HEADERS)
            .http1_max_buf_size(RESPONSE_HEAD_BYTES)
            .build(connector);
        Self { guard, time: TOTAL_TIME, http }
    }

    /// With another time for a whole exchange.
    #[cfg(test)]
    pub(super) fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Whether a URL can be stored to be sent to: it can be sent to as it stands, before
    /// anything is looked up, and has no fragment, which is never sent.
    pub fn check(&self, url: &str) -> Result<(), Refusal> {
        if url.contains('#') {
            return Err(Refusal::Invalid);
        }
        self.target(url).map(drop)
    }

    /// Sends a request and waits for the whole answer. Redirects are answers.
    pub async fn send(&self, request: Request) -> Result<Response, Refusal> {
        let request = self.prepare(request)?;
        timeout(self.time, self.exchange(request)).await.map_err(|_late| Refusal::TimedOut)?
    }

    fn target(&self, url: &str) -> Result<Uri, Refusal> {
        if url.len() > URL_BYTES || !is_url_as_it_stands(url) {
            return Err(Refusal::Invalid);
        }
        let mut url = Url::parse(url).map_err(|_| Refusal::Invalid)?;
        let host = url.host_str().ok_or(Refusal::Invalid)?;
        let port = url.port_or_known_default().ok_or(Refusal::Denied)?;
        let usual = url.scheme() == "https" && port == self.guard.port;
        let http = matches!(url.scheme(), "http" | "https");
        if !(usual || http && self.guard.is_exempt(host, port)) {
            return Err(Refusal::Denied);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Denied);
        }
        url.set_fragment(None);
        url.as_str().parse().map_err(|_| Refusal::Invalid)
    }

    fn prepare(&self, request: Request) -> Result<hyper::Request<Full<Bytes>>, Refusal> {
        let uri = self.target(&request.url)?;
        let mut prepared = hyper::Request::new(Full::from(request.body));
        *prepared.method_mut() = match request.method {
            Method::Get => hyper::Method::GET,
            Method::Post => hyper::Method::POST,
            Method::Put => hyper::Method::PUT,
            Method::Delete => hyper::Method::DELETE,
        };
        *prepared.uri_mut() = uri;
        *prepared.headers_mut() = headers(&request.headers)?;
        Ok(prepared)
    }

    async fn exchange(&self, request: hyper::Request<Full<Bytes>>) -> Result<Response, Refusal> {
        let unreachable = |error: &dyn std::fmt::Display| {
            tracing::debug!(%error, "a request to another server failed");
            Refusal::Unreachable
        };
        let answer = self.http.request(request).await.map_err(|error| unreachable(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, RESPONSE_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { Refusal::TooLarge } else { unreachable(&error) }
        })?;
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        Ok(Response {
            status: head.status.as_u16(),
            headers: head.headers.iter().filter_map(text).collect(),
            body: body.to_bytes().into(),
        })
    }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    if given.len() > REQUEST_HEADERS {
        return Err(Refusal::Invalid);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name: HeaderName = name.parse().map_err(|_| Refusal::Invalid)?;
        let value: HeaderValue = value.parse().map_err(|_| Refusal::Invalid)?;
        let is_own = OWN_HEADERS.contains(&name.as_str()) || name.as_str().starts_with("proxy-");
        if is_own || name.as_str().len() + value.len() > REQUEST_HEADER_BYTES {
            return Err(Refusal::Invalid);
        }
        headers.append(name, value);
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    Ok(headers)
}
