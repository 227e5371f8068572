//! Which web pages may call the API: those of an exact list of origins.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

/// Methods that a page may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
/// Headers that a page may send: those that operations take, and the two that follow a
/// request through several systems.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, \
     traceparent, x-request-id",
);
/// Headers that a page may read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("allow, etag, location, retry-after, www-authenticate, x-request-id");
/// Seconds that a browser may remember the answer to a preflight: what browsers
/// themselves cap it at.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The origin of the page that asks, if it is on the list.
pub(super) fn allowed(request: &Request, origins: &[String]) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// The answer to a preflight of an allowed origin; `None` for anything else.
pub(super) fn preflight(request: &Request, origin: Option<&HeaderValue>) -> Option<Response> {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    (is_preflight && origin.is_some()).then(|| {
        Response::builder()
            .status(StatusCode::NO_CONTENT)
            .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)
            .header(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE)
            .finish()
    })
}

/// Marks an answer for the page that asked, and for caches between.
pub(super) fn mark(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
