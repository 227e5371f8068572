//! Holds every response to the committed specification: its status, its media type
//! and its body are declared, and a body has no field that its schema leaves out.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use hyper::{Method, StatusCode, header::HeaderMap};
use jsonschema::{Draft, Registry, Resource, Validator};
use serde_json::{Value, json};

use crate::tidy::source::root;

/// Address of the specification within the registry of schemas.
const ADDRESS: &str = "urn:gatherly:specification";
/// Most violations of one response that are printed.
const VIOLATIONS_MAX: usize = 5;

static CONFORMANCE: LazyLock<Conformance> = LazyLock::new(Conformance::committed);

/// The committed specification, ready to check responses.
struct Conformance {
    spec: Value,
    registry: Registry,
    /// Validators by the pointer of their schema.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Panics if this response to a request is not as the specification says.
/// Addresses that no operation has are not checked.
#[track_caller]
pub fn check(method: &Method, path: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
    let Some(operation) = CONFORMANCE.operation(method, path) else { return };
    let media_type = headers.get("content-type").map(|value| value.to_str().unwrap());
    if let Err(fault) = CONFORMANCE.fault(&operation, status, media_type, body) {
        panic!("{method} {path} answers {status}, against the specification: {fault}");
    }
}

impl Conformance {
    fn committed() -> Self {
        let text = fs::read_to_string(root().join("openapi/gatherly.json")).unwrap();
        Self::new(serde_json::from_str(&text).unwrap())
    }

    fn new(spec: Value) -> Self {
        let mut schemas = spec.clone();
        close_objects(&mut schemas);
        let resource = Resource::from_contents(schemas).unwrap();
        let registry =
            Registry::options().draft(Draft::Draft202012).build([(ADDRESS, resource)]).unwrap();
        Self { spec, registry, validators: Mutex::default() }
    }

    /// Pointer of the operation that answers this request.
    fn operation(&self, method: &Method, path: &str) -> Option<String> {
        let method = method.as_str().to_ascii_lowercase();
        let paths = self.spec["paths"].as_object().unwrap();
        let candidates = paths.iter().filter(|(template, methods)| {
            methods.get(&method).is_some() && matches(template, path)
        });
        // A path without parameters goes before one with.
        let (template, _) = candidates.min_by_key(|(template, _)| template.matches('{').count())?;
        Some(format!("/paths/{}/{method}", template.replace('~', "~0").replace('/', "~1")))
    }

    /// Says how a response differs from what its operation declares.
    fn fault(
        &self,
        operation: &str,
        status: StatusCode,
        media_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), String> {
        let mut place = format!("{operation}/responses/{}", status.as_u16());
        let declared = self.spec.pointer(&place);
        let mut declared = declared.ok_or_else(|| "the status is not declared".to_owned())?;
        if let Some(shared) = declared["$ref"].as_str() {
            shared.trim_start_matches('#').clone_into(&mut place);
            declared = self.spec.pointer(&place).expect("a shared response");
        }
        let Some(contents) = declared["content"].as_object().filter(|found| !found.is_empty())
        else {
            let is_empty = body.is_empty();
            return is_empty.then_some(()).ok_or_else(|| "a body is not declared".to_owned());
        };
        let media_type = media_type.ok_or_else(|| "there is no media type".to_owned())?;
        let bare = media_type.split(';').next().unwrap_or_default();
        let (name, _) = contents
            .iter()
            .find(|(name, _)| covers(name, bare))
            .ok_or_else(|| format!("{media_type} is not declared"))?;
        if !bare.ends_with("json") {
            return Ok(());
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        self.violations(&format!("{place}/content/{escaped}/schema"), &body)
    }

    fn violations(&self, schema: &str, body: &Value) -> Result<(), String> {
        let validator = self.validator(schema);
        let found: Vec<String> = validator
            .iter_errors(body)
            .take(VIOLATIONS_MAX)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
    }

    fn validator(&self, schema: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let known = validators.entry(schema.to_owned()).or_insert_with(|| {
            let fragment = schema.replace('{', "%7B").replace('}', "%7D");
            let reference = json!({"$ref": format!("{ADDRESS}#{fragment}")});
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_registry(self.registry.clone())
                .should_validate_formats(true)
                .build(&reference)
                .unwrap();
            Arc::new(validator)
        });
        Arc::clone(known)
    }
}

/// Whether a declared media type, perhaps `image/*`, is this one.
fn covers(declared: &str, media_type: &str) -> bool {
    let declared = declared.split(';').next().unwrap_or_default();
    match declared.strip_suffix('*') {
        Some(start) => media_type.starts_with(start),
        None => declared == media_type,
    }
}

/// Whether a path is an instance of a template such as `/posts/{id}`.
fn matches(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(name), Some(value)) if name == value => {}
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {}
            _ => return false,
        }
    }
}

/// Closes every object that lists its fields, so that a field that is sent and not
/// declared is found.
fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let lists = object.get("properties").is_some_and(Value::is_object)
                && object.get("type").is_some_and(|kind| kind == "object");
            if lists {
                object.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            object.values_mut().for_each(close_objects);
        }
        Value::Array(items) => items.iter_mut().for_each(close_objects),
        _ => {}
    }
}

#[test]
fn a_response_against_the_specification_is_found() {
    let spec = json!({
        "paths": {"/posts/{id}": {"get": {"responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Post"}}}},
            "204": {},
            "404": {"$ref": "#/components/responses/NotFound"},
        }}}},
        "components": {
            "schemas": {"Post": {
                "type": "object",
                "required": ["title"],
                "properties": {"title": {"type": "string"}, "tags": {"type": "array"}},
            }},
            "responses": {"NotFound": {"content": {"application/problem+json": {"schema": {
                "type": "object", "required": ["code"], "properties": {"code": {"type": "string"}},
            }}}}},
        },
    });
    let conformance = Conformance::new(spec);
    let operation = conformance.operation(&Method::GET, "/posts/7?limit=1").unwrap();
    assert_eq!(conformance.operation(&Method::GET, "/posts/7/votes"), None);
    assert_eq!(conformance.operation(&Method::PUT, "/posts/7"), None);
    let fault = |status: u16, media_type: Option<&str>, body: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        conformance.fault(&operation, status, media_type, body.as_bytes()).err()
    };
    let json = Some("application/json");
    assert_eq!(fault(200, json, r#"{"title": "a", "tags": []}"#), None);
    assert_eq!(fault(204, None, ""), None);
    assert_eq!(fault(404, Some("application/problem+json"), r#"{"code": "not_found"}"#), None);
    for (status, media_type, body, expected) in [
        (200, json, r#"{"tags": []}"#, "\"title\" is a required property"),
        (200, json, r#"{"title": 7}"#, "/title: 7 is not of type \"string\""),
        (200, json, r#"{"title": "a", "score": 1}"#, "'score' was unexpected"),
        (200, Some("text/plain"), "a", "text/plain is not declared"),
        (204, json, "{}", "a body is not declared"),
        (404, Some("application/problem+json"), "{}", "\"code\" is a required property"),
        (418, None, "", "the status is not declared"),
    ] {
        let found = fault(status, media_type, body).expect(expected);
        assert!(found.contains(expected), "{found}");
    }
}
