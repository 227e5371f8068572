//! The runtime interface of AWS Lambda: the next event is asked for, and what came
//! of it is told. See "Using the Lambda runtime API" in Amazon's documentation.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use url::Url;

/// Largest event: as the runtime's own limit.
const EVENT_BYTES: usize = 6 << 20;
/// Where invocations are, below the runtime's address.
const PATH: &str = "2018-06-01/runtime/invocation/";
/// The header with the id of an invocation.
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
/// The header with the kind of an error.
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// The runtime cannot be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// Its address is none.
    #[error("the runtime's address is not a host and a port")]
    Address(#[source] url::ParseError),
    /// It is not there, or broke off.
    #[error("the runtime does not answer")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not answer as it should.
    #[error("the runtime answered {0}")]
    Unexpected(StatusCode),
    /// An event without an id.
    #[error("the runtime sent an event without an id")]
    NoId,
}

/// Something that the function is to do.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Opaque.
    pub id: String,
    /// JSON.
    pub event: Bytes,
}

/// The runtime.
#[derive(Clone, Debug)]
pub struct Invocations {
    http: Client<HttpConnector, Full<Bytes>>,
    base: Url,
}

impl Invocations {
    /// The runtime at an address: a host and a port.
    pub fn new(address: &str) -> Result<Self, InvocationError> {
        let base = Url::parse(&format!("http://{address}/"))
            .and_then(|url| url.join(PATH))
            .map_err(InvocationError::Address)?;
        Ok(Self { http: Client::builder(TokioExecutor::new()).build_http(), base })
    }

    /// Waits for the next event, as long as it takes.
    pub async fn next(&self) -> Result<Invocation, InvocationError> {
        let url = self.base.join("next").map_err(InvocationError::Address)?;
        let request = Request::builder().uri(url.as_str()).body(Full::default());
        let answer = self.send(request).await?;
        let id = answer.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let id = id.ok_or(InvocationError::NoId)?.to_owned();
        let body = Limited::new(answer.into_body(), EVENT_BYTES).collect().await;
        let event = body.map_err(InvocationError::Unreachable)?.to_bytes();
        Ok(Invocation { id, event })
    }

    /// Tells what came of an event: JSON.
    pub async fn respond(&self, id: &str, body: String) -> Result<(), InvocationError> {
        let request = Request::builder().method(Method::POST).uri(self.of(id, "response"));
        self.send(request.body(Full::from(body))).await.map(drop)
    }

    /// Tells why nothing came of an event: JSON, of this kind.
    pub async fn fail(
        &self,
        id: &str,
        (kind, body): (&str, String),
    ) -> Result<(), InvocationError> {
        let request = Request::builder().method(Method::POST).uri(self.of(id, "error"));
        self.send(request.header(ERROR_TYPE, kind).body(Full::from(body))).await.map(drop)
    }

    fn of(&self, id: &str, what: &str) -> String {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(id).push(what);
        }
        url.into()
    }

    async fn send(
        &self,
        request: Result<Request<Full<Bytes>>, hyper::http::Error>,
    ) -> Result<hyper::Response<hyper::body::Incoming>, InvocationError> {
        let request = request.map_err(|error| InvocationError::Unreachable(error.into()))?;
        let answer = self.http.request(request).await;
        let answer = answer.map_err(|error| InvocationError::Unreachable(error.into()))?;
        if !answer.status().is_success() {
            return Err(InvocationError::Unexpected(answer.status()));
        }
        Ok(answer)
    }
}
