//! `Allow`: the methods of a path, in every 405 (RFC 9110, 15.5.6) and in the answer to
//! `OPTIONS`.

use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};
use serde_json::Value;

use super::problem;

/// The methods of paths outside the specification: documents that are only read.
const DOCUMENT: &str = "GET, HEAD, OPTIONS";

/// An endpoint whose 405 names the methods of the path.
#[derive(Debug)]
pub struct Allow<E> {
    inner: E,
    paths: Vec<Methods>,
}

/// The methods of one path.
#[derive(Debug)]
struct Methods {
    /// As in the specification, with `{name}` for parameters.
    template: String,
    allow: String,
}

impl<E> Allow<E> {
    /// Wraps the operations of a specification.
    pub fn new(inner: E, specification: &Value) -> Self {
        let paths = specification["paths"].as_object().into_iter().flatten();
        let paths = paths
            .map(|(template, operations)| Methods {
                template: template.clone(),
                allow: allow(operations),
            })
            .collect();
        Self { inner, paths }
    }

    fn of(&self, path: &str) -> &str {
        let known = self.paths.iter().find(|methods| matches(&methods.template, path));
        known.map_or(DOCUMENT, |methods| &methods.allow)
    }
}

/// A list of methods: `HEAD` is answered wherever `GET` is, `OPTIONS` everywhere.
fn allow(operations: &Value) -> String {
    let mut names: Vec<String> = operations
        .as_object()
        .into_iter()
        .flatten()
        .map(|(method, _)| method.to_ascii_uppercase())
        .collect();
    if names.iter().any(|name| name == Method::GET.as_str()) {
        names.push(Method::HEAD.to_string());
    }
    names.push(Method::OPTIONS.to_string());
    names.join(", ")
}

/// Whether a path has the form of a template such as `/posts/{id}`.
fn matches(template: &str, path: &str) -> bool {
    let (wanted, found) = (template.split('/'), path.split('/'));
    wanted.clone().count() == found.clone().count()
        && wanted.zip(found).all(|(name, value)| name == value || name.starts_with('{'))
}

impl<E: Endpoint> Endpoint for Allow<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let asks = request.method() == Method::OPTIONS;
        let path = request.uri().path().to_owned();
        let error = match self.inner.call(request).await {
            Ok(output) => return Ok(output.into_response()),
            Err(error) => error,
        };
        if error.is_from_response() || error.status() != StatusCode::METHOD_NOT_ALLOWED {
            return Err(error);
        }
        let mut response = if asks {
            StatusCode::NO_CONTENT.into_response()
        } else {
            problem::from_framework(error)
        };
        if let Ok(allow) = HeaderValue::from_str(self.of(&path)) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        Ok(response)
    }
}
