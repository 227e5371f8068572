//! Holds the parameters of every request to the specification: a query parameter that the
//! operation does not have, or that is given twice, is refused; and a parameter that the
//! framework cannot read is named with its rule in plain English.

use std::collections::HashMap;

use poem::{Endpoint, IntoResponse, Request, Response, http::Method};
use poem_openapi::{
    OperationId,
    error::{ContentTypeError, ParseParamError, ParsePathError},
};
use serde_json::Value;
use url::form_urlencoded;

use super::{Problem, problem};
use crate::base::{plain::Broken, text::one_line};

/// Longest name of an unknown parameter that is told back, in characters.
const NAME_MAX: usize = 64;
/// The end of paths that other servers send people to: an identity provider may add
/// parameters of its own.
const CALLBACK: &str = "/callback";

/// An endpoint whose requests have the parameters of the specification only.
#[derive(Debug)]
pub struct Parameters<E> {
    inner: E,
    /// By method and number of segments of the path.
    operations: HashMap<(Method, usize), Vec<Operation>>,
}

/// The parameters and media types of one operation.
#[derive(Debug)]
struct Operation {
    /// Segments of the path, with `{name}` for parameters.
    template: Vec<String>,
    /// Whether parameters that are not declared are ignored.
    is_open: bool,
    query: Vec<Parameter>,
    path: Vec<Parameter>,
    headers: Vec<Parameter>,
    media_types: Vec<String>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// The rule of its type, in words that follow its name.
    rule: String,
}

impl<E> Parameters<E> {
    /// Wraps the operations of a specification.
    pub fn new(inner: E, specification: &Value) -> Self {
        let mut operations: HashMap<_, Vec<Operation>> = HashMap::new();
        let paths = specification["paths"].as_object().into_iter().flatten();
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let method = method.to_ascii_uppercase();
                let Ok(method) = Method::from_bytes(method.as_bytes()) else { continue };
                let operation = Operation::new(path, operation, specification);
                operations.entry((method, operation.template.len())).or_default().push(operation);
            }
        }
        for group in operations.values_mut() {
            // A path without parameters goes before one with.
            group.sort_by_key(|operation| operation.path.len());
        }
        Self { inner, operations }
    }

    /// The operation that answers a request.
    fn of(&self, method: &Method, path: &str) -> Option<&Operation> {
        let group = self.operations.get(&(method.clone(), path.split('/').count()))?;
        group.iter().find(|operation| operation.answers(path))
    }
}

impl Operation {
    fn new(path: &str, operation: &Value, specification: &Value) -> Self {
        let of = |place: &str| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|parameter| resolved(parameter, specification));
            let parameters = parameters.filter(|parameter| parameter["in"] == place);
            parameters.map(|parameter| Parameter::new(parameter, specification)).collect()
        };
        let template: Vec<String> = path.split('/').map(str::to_owned).collect();
        let mut path_parameters: Vec<Parameter> = of("path");
        // The framework calls them by their places in the path.
        let place = |parameter: &Parameter| {
            template.iter().position(|part| part.trim_matches(['{', '}']) == parameter.name)
        };
        path_parameters.sort_by_key(place);
        let body = resolved(&operation["requestBody"], specification);
        let media_types = body["content"].as_object().into_iter().flatten();
        Self {
            is_open: path.ends_with(CALLBACK),
            query: of("query"),
            path: path_parameters,
            headers: of("header"),
            media_types: media_types.map(|(name, _)| name.clone()).collect(),
            template,
        }
    }

    /// Whether a path with as many segments is this operation's.
    fn answers(&self, path: &str) -> bool {
        let mut parts = self.template.iter().zip(path.split('/'));
        parts.all(|(wanted, found)| wanted == found || wanted.starts_with('{'))
    }

    /// The first rule that the names of a query break.
    fn fault(&self, query: &str) -> Option<Broken> {
        if self.is_open {
            return None;
        }
        let mut seen: Vec<String> = Vec::new();
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            if !self.query.iter().any(|known| known.name == name) {
                let short: String = one_line(&name).chars().take(NAME_MAX).collect();
                let known: Vec<&str> = self.query.iter().map(|known| known.name.as_str()).collect();
                let message = if known.is_empty() {
                    "is no parameter of this operation, which has none".to_owned()
                } else {
                    let known = known.join(", ");
                    format!("is no parameter of this operation; it has {known}")
                };
                return Some(Broken { field: Some(short), rule: "unknown", message });
            }
            if seen.iter().any(|seen| *seen == name) {
                return Some(Broken::repeated(&name));
            }
            seen.push(name.into_owned());
        }
        None
    }

    /// An error of the framework about a parameter or the media type, in plain English.
    fn explained(&self, error: &poem::Error, query: &str, found: Option<&str>) -> Option<Problem> {
        if let Some(ParsePathError { name, .. }) = error.downcast_ref() {
            let place = name.strip_prefix("param").and_then(|at| at.parse::<usize>().ok());
            return Some(self.path.get(place?)?.refused());
        }
        if let Some(ParseParamError { name, .. }) = error.downcast_ref() {
            let Some(parameter) = self.query.iter().find(|known| known.name == *name) else {
                let is_named = |known: &&Parameter| known.name.eq_ignore_ascii_case(name);
                return Some(self.headers.iter().find(is_named)?.refused());
            };
            let is_sent = form_urlencoded::parse(query.as_bytes()).any(|(sent, _)| sent == *name);
            let missing = || problem::broken(&Broken::required(name));
            return Some(if is_sent { parameter.refused() } else { missing() });
        }
        error.downcast_ref::<ContentTypeError>()?;
        Some(problem::media_type(found, &self.media_types.join(" or ")))
    }
}

impl Parameter {
    fn new(parameter: &Value, specification: &Value) -> Self {
        let schema = resolved(&parameter["schema"], specification);
        Self { name: parameter["name"].as_str().unwrap_or_default().to_owned(), rule: rule(schema) }
    }

    fn refused(&self) -> Problem {
        let mut broken = Broken::kind(self.rule.clone());
        broken.field = Some(self.name.clone());
        problem::broken(&broken)
    }
}

/// The value that a reference of the specification leads to, or the value itself.
fn resolved<'a>(value: &'a Value, specification: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
    pointer.and_then(|pointer| specification.pointer(pointer)).unwrap_or(value)
}

/// The rule of a schema, in words that follow the name of its parameter.
fn rule(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return format!("must be one of {}", values.join(", "));
    }
    let (kind, format) = (schema["type"].as_str(), schema["format"].as_str());
    match (kind, format) {
        (Some("integer"), format) => {
            let wanted = match format {
                Some("uint32") => "u32",
                Some("uint64") => "u64",
                Some("int32") => "i32",
                _ => "i64",
            };
            let words = Broken::expected(wanted, "").message;
            match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
                (Some(least), Some(most)) => {
                    format!("must be a whole number from {least} to {most}")
                }
                _ => words,
            }
        }
        (Some("number"), _) => "must be a number".into(),
        (Some("boolean"), _) => "must be true or false".into(),
        (_, Some("uuid")) => "must be a UUID".into(),
        (_, Some("date-time")) => "must be a time like 2026-11-30T12:00:00Z".into(),
        _ => "is not valid".into(),
    }
}

impl<E: Endpoint> Endpoint for Parameters<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(operation) = self.of(request.method(), request.uri().path()) else {
            return Ok(self.inner.call(request).await?.into_response());
        };
        let query = request.uri().query().unwrap_or_default().to_owned();
        if let Some(broken) = operation.fault(&query) {
            return Err(problem::broken(&broken).into());
        }
        let media_type = request.content_type().map(str::to_owned);
        let error = match self.inner.call(request).await {
            Ok(output) => return Ok(output.into_response()),
            Err(error) => error,
        };
        if error.is_from_response() {
            return Err(error);
        }
        let explained = operation.explained(&error, &query, media_type.as_deref());
        let Some(problem) = explained else { return Err(error) };
        let mut explained = poem::Error::from(problem);
        if let Some(id) = error.data::<OperationId>() {
            explained.set_data(*id);
        }
        Err(explained)
    }
}
