//! A client that knows JSON and problems, takes no 500 for an answer, and holds every
//! response to the specification.

use std::io::Read;

use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, body::Bytes, header::HeaderMap};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use super::conformance;

/// Talks to one server, perhaps as somebody.
#[derive(Clone)]
pub struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base: String,
    /// Access token of who talks.
    pub token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What was asked, for messages.
    asked: String,
}

impl Client {
    pub fn new(base: String) -> Self {
        let http = HyperClient::builder(TokioExecutor::new()).build_http();
        Self { http, base, token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends JSON, or nothing. `path` is below `/api/v1`, or begins with `//`
    /// for one that is not.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let content_type = body.is_some().then_some("application/json");
        let body = body.map(|body| body.to_string().into()).unwrap_or_default();
        self.send_bytes(method, path, content_type, body).await
    }

    /// Sends JSON as from an address, to a server that trusts this machine as a proxy.
    pub async fn post_from(&self, address: &str, path: &str, body: Value) -> Reply {
        let request = Request::post(self.url(path))
            .header("content-type", "application/json")
            .header("x-forwarded-for", address);
        self.send_request(request.body(Full::from(body.to_string())).unwrap()).await
    }

    /// Sends bytes of a media type.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(self.url(path));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        self.send_request(request.body(Full::new(body)).unwrap()).await
    }

    /// Sends a request as it is, with the token if there is one.
    pub async fn send_request(&self, request: Request<Full<Bytes>>) -> Reply {
        self.attempt(request).await.expect("an answer")
    }

    /// Sends JSON to a server that may be gone before it has answered.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> Option<Reply> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.attempt(request.body(Full::from(body)).unwrap()).await.ok()
    }

    /// Sends a request to a server that may be gone before it has answered.
    pub async fn try_request(&self, request: Request<Full<Bytes>>) -> Option<Reply> {
        self.attempt(request).await.ok()
    }

    async fn attempt(&self, mut request: Request<Full<Bytes>>) -> Result<Reply, String> {
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let asked = format!("{method} {}", request.uri());
        let gone = |error: &dyn std::error::Error| format!("{asked}: {error}");
        let response = self.http.request(request).await.map_err(|error| gone(&error))?;
        let (parts, body) = response.into_parts();
        // A stream of events has no end to wait for.
        let is_stream =
            parts.headers.get("content-type").is_some_and(|found| found == "text/event-stream");
        let body = if is_stream {
            Bytes::new()
        } else {
            body.collect().await.map_err(|error| gone(&error))?.to_bytes()
        };
        assert_ne!(
            parts.status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{asked}: {}",
            String::from_utf8_lossy(&body)
        );
        if !is_stream {
            let coding = parts.headers.get("content-encoding");
            // The response to a HEAD has the headers of a body that is not there.
            let is_zipped = !body.is_empty() && coding.is_some_and(|coding| coding == "gzip");
            let plain = if is_zipped { unzipped(&body) } else { body.to_vec() };
            conformance::check(&method, &path, parts.status, &parts.headers, &plain);
        }
        Ok(Reply { status: parts.status, headers: parts.headers, body, asked })
    }

    /// The whole address of a path, see [`Client::send`].
    pub fn url(&self, path: &str) -> String {
        match path.strip_prefix("//") {
            Some(path) => format!("{}/{path}", self.base),
            None => format!("{}/api/v1{path}", self.base),
        }
    }
}

/// A body that came in gzip.
pub fn unzipped(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(body).read_to_end(&mut plain).unwrap();
    plain
}

impl Reply {
    /// The JSON of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that this is a problem with this status and code, in its form.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.asked);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}: {problem}", self.asked);
        assert_eq!(problem["type"], format!("urn:gatherly:problem:{code}"));
        let request_id = self.headers["x-request-id"].to_str().unwrap();
        assert_eq!(problem["request_id"], request_id);
        if matches!(status, 429 | 503) {
            let seconds: u64 = self.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds >= 1);
        }
        problem
    }

    /// Checks that these fields, and no others, broke these rules.
    #[track_caller]
    pub fn expect_invalid(&self, expected: &[(&str, &str)]) {
        let problem = self.expect_problem(422, "invalid_fields");
        let found: Vec<(&str, &str)> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["field"].as_str().unwrap(), error["rule"].as_str().unwrap()))
            .collect();
        assert_eq!(found, expected, "{}: {problem}", self.asked);
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
