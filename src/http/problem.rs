//! The one place that knows which status an error is, and the one form that all
//! errors have: `application/problem+json` (RFC 9457).

use std::time::Duration;

use poem::{
    IntoResponse, Response,
    error::ReadBodyError,
    http::{StatusCode, header},
};
use poem_openapi::{ApiResponse, Object, payload::Payload};
use serde::Serialize;

use super::{body_limit, request_id};
use crate::base::{Error, FieldError, plain::Broken, text::one_line};

/// What an error says.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none, example)]
pub struct ProblemBody {
    /// A URI that names the kind of problem: `urn:gatherly:problem:` and the code.
    r#type: String,
    /// Stable code for programs.
    code: String,
    /// The kind of problem, for people.
    title: String,
    /// This problem, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Id of the request; it also stands in the server's log.
    request_id: String,
    /// With `rejected_by_policy`: the decision on content that an appeal can be
    /// against.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<uuid::Uuid>,
    /// Fields that broke rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(skip_serializing_if_is_empty, default)]
    errors: Vec<ProblemField>,
}

/// A field that broke a rule.
#[derive(Debug, Object, Serialize)]
pub struct ProblemField {
    /// Name of the field or parameter; dots lead into objects.
    field: String,
    /// Stable code of the rule.
    rule: String,
    /// The rule in words.
    message: String,
}

impl poem_openapi::types::Example for ProblemBody {
    fn example() -> Self {
        Self {
            r#type: "urn:gatherly:problem:not_found".into(),
            code: "not_found".into(),
            title: "There is no such thing, or not for you.".into(),
            detail: None,
            request_id: "0199c1a0-6f3e-7d52-a1c4-5b7f0e2d9a11".into(),
            decision_id: None,
            errors: Vec::new(),
        }
    }
}

/// A problem as a body, under its own media type.
#[derive(Debug)]
pub struct ProblemJson(ProblemBody);

/// The media type of RFC 9457.
const MEDIA_TYPE: &str = "application/problem+json";

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = MEDIA_TYPE;

    fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
        <ProblemBody as poem_openapi::types::Type>::schema_ref()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        <ProblemBody as poem_openapi::types::Type>::register(registry);
    }
}

impl IntoResponse for ProblemJson {
    fn into_response(self) -> Response {
        // Strings and a list of strings: serialising them cannot fail.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        Response::builder().content_type(MEDIA_TYPE).body(body)
    }
}

/// Every error that an operation may answer with.
#[derive(Debug, ApiResponse)]
pub enum Problem {
    /// The request cannot be understood.
    #[oai(status = 400)]
    BadRequest(ProblemJson),
    /// No credentials, or none that are valid.
    #[oai(status = 401)]
    Unauthenticated(ProblemJson, #[oai(header = "WWW-Authenticate")] String),
    /// Known, but not allowed.
    #[oai(status = 403)]
    Forbidden(ProblemJson),
    /// There is no such thing, or it is not to be known that there is.
    #[oai(status = 404)]
    NotFound(ProblemJson),
    /// The method is not one of this path's.
    #[oai(status = 405)]
    MethodNotAllowed(
        ProblemJson,
        /// The methods of the path.
        #[oai(header = "Allow")]
        Option<String>,
    ),
    /// The client did not send its body in time.
    #[oai(status = 408)]
    Timeout(ProblemJson),
    /// The state of things does not allow it.
    #[oai(status = 409)]
    Conflict(
        ProblemJson,
        /// When to ask again, of what is under way.
        #[oai(header = "Retry-After")]
        Option<u64>,
    ),
    /// The body is too large.
    #[oai(status = 413)]
    TooLarge(ProblemJson),
    /// The body is of a media type that is not taken.
    #[oai(status = 415)]
    MediaType(ProblemJson),
    /// Fields broke rules.
    #[oai(status = 422)]
    Invalid(ProblemJson),
    /// Too often, or too many at once; try again later.
    #[oai(status = 429)]
    TooMany(ProblemJson, #[oai(header = "Retry-After")] u64),
    /// A fault of the server; its log has the request's id.
    #[oai(status = 500)]
    Internal(ProblemJson),
    /// Not available for the moment; try again later.
    #[oai(status = 503)]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

fn body(code: &str, title: &str, detail: Option<String>) -> ProblemJson {
    ProblemJson(ProblemBody {
        r#type: format!("urn:gatherly:problem:{code}"),
        code: code.to_owned(),
        title: title.to_owned(),
        detail,
        request_id: request_id::current(),
        decision_id: None,
        errors: Vec::new(),
    })
}

fn fields(errors: Vec<FieldError>) -> ProblemJson {
    let mut problem = body("invalid_fields", "Some fields are not valid.", None);
    problem.0.errors = errors
        .into_iter()
        .map(|error| ProblemField {
            field: error.field.into_owned(),
            rule: error.rule.to_owned(),
            message: error.message.into_owned(),
        })
        .collect();
    problem
}

/// The conflict that ends by itself: a request with this key is under way.
const UNDER_WAY: &str = "idempotency_key_in_use";
/// When to ask for its answer, in seconds: most take less.
const UNDER_WAY_RETRY: u64 = 1;

/// Seconds for a `Retry-After`: at least one, rounded up.
fn seconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

/// When a client may look again whether there is writing: upkeep takes minutes.
const READ_ONLY_RETRY: Duration = Duration::from_mins(1);
const NOT_FOUND: &str = "There is no such thing, or not for you.";
const UNREADABLE: &str = "The request cannot be understood.";
const MEDIA_TYPE_TITLE: &str = "The body's media type is not taken.";
const TOO_LARGE: &str = "The body is too large.";

/// The challenge of a 401: a token that was sent and is not valid is told from none that
/// was sent (RFC 6750, 3).
fn challenge(code: &str) -> &'static str {
    match code {
        "invalid_token" | "expired_token" | "session_ended" => "Bearer error=\"invalid_token\"",
        _ => "Bearer",
    }
}

/// A refusal by a policy, with the decision that an appeal can be against.
fn rejected_by_policy(message: String, decision: Option<uuid::Uuid>) -> Problem {
    let title = "A policy of this forum refused it.";
    let mut problem = Problem::Forbidden(body("rejected_by_policy", title, Some(message)));
    if let Problem::Forbidden(body) = &mut problem {
        body.0.decision_id = decision;
    }
    problem
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(code) => {
                let problem = body(code, "You are not signed in.", None);
                Self::Unauthenticated(problem, challenge(code).to_owned())
            }
            Error::Forbidden { code, message } => {
                Self::Forbidden(body(code, "You may not do this.", Some(message.into_owned())))
            }
            Error::NotFound => Self::NotFound(body("not_found", NOT_FOUND, None)),
            Error::Invalid(errors) => Self::Invalid(fields(errors)),
            Error::Conflict { code, message } => {
                let title = "The state of things does not allow it.";
                let retry_after = (code == UNDER_WAY).then_some(UNDER_WAY_RETRY);
                Self::Conflict(body(code, title, Some(message.into_owned())), retry_after)
            }
            Error::RejectedByPolicy { message, decision } => {
                rejected_by_policy(message, decision.map(|decision| decision.0))
            }
            Error::TooLarge { limit } => Self::TooLarge(body(
                "too_large",
                TOO_LARGE,
                Some(format!("At most {limit} bytes are taken.")),
            )),
            Error::TooMany { retry_after } => Self::TooMany(
                body("too_many_requests", "You did this too often.", None),
                seconds(retry_after),
            ),
            Error::SlowMode { retry_after } => Self::TooMany(
                body("slow_mode", "Comments are slowed down here.", None),
                seconds(retry_after),
            ),
            Error::Busy { what, retry_after } => {
                tracing::warn!(what, "refused a request: all places are taken");
                Self::TooMany(
                    body("busy", "The server is busy; try again later.", None),
                    seconds(retry_after),
                )
            }
            Error::BodyTimeout => {
                Self::Timeout(body("body_timeout", "The body did not arrive in time.", None))
            }
            Error::Unavailable { what, retry_after } => {
                tracing::warn!(what, "answered 503");
                Self::Unavailable(
                    body("unavailable", "Not available for the moment.", None),
                    seconds(retry_after),
                )
            }
            Error::ReadOnly => Self::Unavailable(
                body("read_only", "This forum can be read for now, and not be written.", None),
                READ_ONLY_RETRY.as_secs(),
            ),
            Error::Internal(source) => {
                tracing::error!(error = %chain(source.as_ref()), "a request failed");
                internal()
            }
        }
    }
}

/// An answer that says nothing but the request's id.
pub(super) fn internal() -> Problem {
    Problem::Internal(body("internal", "The server made a mistake.", None))
}

/// An error with everything that led to it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Brings the framework's own errors into the same form.
pub(super) fn from_framework(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    problem_of(&error).into_response()
}

fn problem_of(error: &poem::Error) -> Problem {
    if let Some(ReadBodyError::Io(io)) = error.downcast_ref::<ReadBodyError>() {
        return match body_limit::refusal(io) {
            Some(refusal) => refusal.into(),
            None => Problem::BadRequest(body("unreadable_body", "The body broke off.", None)),
        };
    }
    match error.status() {
        StatusCode::NOT_FOUND => Problem::NotFound(body("not_found", NOT_FOUND, None)),
        // `http::allow` adds the methods of the path.
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed(
            body("method_not_allowed", "Not a method of this path.", None),
            None,
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::MediaType(body("media_type", MEDIA_TYPE_TITLE, None))
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge(body("too_large", TOO_LARGE, None)),
        status if status.is_client_error() => {
            Problem::BadRequest(body("bad_request", UNREADABLE, None))
        }
        _ => {
            tracing::error!(error = %error, "a request failed");
            internal()
        }
    }
}

/// A request that cannot be understood, for this reason.
pub(super) fn unreadable(detail: &str) -> Problem {
    Problem::BadRequest(body("bad_request", UNREADABLE, Some(detail.to_owned())))
}

/// A request with a field or a parameter that is not what the operation takes.
pub(super) fn broken(broken: &Broken) -> Problem {
    let Broken { field, rule, message } = broken;
    let Some(field) = field else {
        return unreadable(&format!("The body {message}."));
    };
    let mut problem = body("bad_request", UNREADABLE, Some(format!("`{field}` {message}.")));
    let (field, rule, message) = (field.clone(), (*rule).to_owned(), message.clone());
    problem.0.errors.push(ProblemField { field, rule, message });
    Problem::BadRequest(problem)
}

/// A body of another media type than the operation takes.
pub(super) fn media_type(found: Option<&str>, expected: &str) -> Problem {
    let detail = match found {
        Some(found) => {
            let found = one_line(found);
            format!("The body must be {expected}; it was sent as {found}.")
        }
        None => format!("The body must be {expected}; its Content-Type is missing."),
    };
    Problem::MediaType(body("media_type", MEDIA_TYPE_TITLE, Some(detail)))
}

/// A request whose head breaks a rule of HTTP.
pub(super) fn malformed(detail: &str) -> Response {
    closing(unreadable(detail))
}

/// A request whose body is compressed.
pub(super) fn encoded() -> Response {
    let detail = "The body must not be compressed; it was sent with a Content-Encoding.";
    closing(Problem::MediaType(body("media_type", MEDIA_TYPE_TITLE, Some(detail.to_owned()))))
}

/// A problem that is answered before any operation is reached.
pub(super) fn early(error: Error) -> Response {
    closing(Problem::from(error))
}

/// A problem after which the connection is closed: the rest of the request is not read.
fn closing(problem: Problem) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}
