//! The specification as clients take it: rewrites what the framework generates into
//! forms that code generators read whole, and states once what all operations share.
//! Pure; `routes` calls it.

use serde_json::{Map, Value, json};

use super::idempotency::KEY_MAX;

/// The version of OpenAPI that is written.
const OPENAPI: &str = "3.1.0";
/// Names of the shared error responses by status.
const SHARED: &[(&str, &str)] = &[
    ("400", "BadRequest"),
    ("401", "Unauthenticated"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("405", "MethodNotAllowed"),
    ("408", "RequestTimeout"),
    ("409", "Conflict"),
    ("412", "PreconditionFailed"),
    ("413", "TooLarge"),
    ("415", "UnsupportedMediaType"),
    ("422", "InvalidFields"),
    ("429", "TooManyRequests"),
    ("500", "InternalError"),
    ("503", "Unavailable"),
];
/// Header names as standards write them; the framework writes capitals only.
const HEADERS: &[&str] =
    &["Allow", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"];

/// Rewrites a generated specification.
pub fn rewrite(mut spec: Value) -> Value {
    spec["openapi"] = json!(OPENAPI);
    spec["servers"] = json!([{"url": "/", "description": "This server."}]);
    join_references(&mut spec);
    close_bodies(&mut spec);
    let mut shared = Map::new();
    for operation in operations(&mut spec) {
        write_header_names(operation);
        share_errors(operation, &mut shared);
        state_security(operation);
    }
    add_idempotency_key(&mut spec);
    add_conditions(&mut spec, &mut shared);
    leave_out_defaults(&mut spec);
    spec["components"]["responses"] = Value::Object(shared);
    spec
}

/// Every operation of every path.
fn operations(spec: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = spec["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut)
}

/// Turns `allOf: [reference, {description}]` into a reference and its description
/// beside each other: generators make a type of its own from the longer form.
fn join_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(join_references);
            let is_one = |parts: &&Vec<Value>| {
                parts.first().is_some_and(|part| part["$ref"].is_string())
                    && parts[1..].iter().all(|part| part["$ref"].is_null())
            };
            let parts = object.get("allOf").and_then(Value::as_array).filter(is_one).cloned();
            let Some(parts) = parts else { return };
            object.remove("allOf");
            for part in parts {
                object.extend(part.as_object().cloned().unwrap_or_default());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_references),
        _ => {}
    }
}

/// States for the schemas of request bodies that unknown fields are refused, and that
/// a field which may be left out may be `null` as well.
fn close_bodies(spec: &mut Value) {
    let mut names = Vec::new();
    for operation in operations(spec) {
        collect_references(&operation["requestBody"], &mut names);
    }
    let Some(schemas) = spec["components"]["schemas"].as_object_mut() else { return };
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        let Some(schema) = schemas.get_mut(&name) else { continue };
        collect_references(schema, &mut names);
        close(schema);
    }
}

fn close(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        let is_required = required.iter().any(|required| required == name);
        if !is_required && property.get("default").is_none() {
            allow_null(property);
        }
    }
    if schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = json!(false);
    }
}

fn allow_null(property: &mut Value) {
    if let Some(kind) = property["type"].as_str() {
        property["type"] = json!([kind, "null"]);
        if let Some(values) = property.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    } else if let Some(reference) = property.get("$ref").cloned() {
        let mut either = json!({"anyOf": [{"$ref": reference}, {"type": "null"}]});
        if let Some(description) = property.get("description") {
            either["description"] = description.clone();
        }
        *property = either;
    }
}

/// Adds the names of the schemas that a value refers to, each once.
fn collect_references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|path| path.rsplit('/').next());
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
            object.values().for_each(|value| collect_references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, names)),
        _ => {}
    }
}

/// Writes names of headers as standards do.
fn write_header_names(operation: &mut Value) {
    let responses = operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for response in responses {
        let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else {
            continue;
        };
        for name in HEADERS {
            if let Some(mut header) = headers.remove(&name.to_uppercase()) {
                if let Some(header) = header.as_object_mut() {
                    header.remove("deprecated");
                }
                headers.insert((*name).to_owned(), header);
            }
        }
    }
}

/// Moves an operation's error responses to `components`, where they are the same as
/// those of other operations.
fn share_errors(operation: &mut Value, shared: &mut Map<String, Value>) {
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, name) in SHARED {
        let Some(response) = responses.get_mut(*status) else { continue };
        let known = shared.entry(*name).or_insert_with(|| response.clone());
        if known == response {
            *response = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
}

/// States that an operation needs no credentials, where the framework leaves that out.
fn state_security(operation: &mut Value) {
    if let Some(operation) = operation.as_object_mut() {
        operation.entry("security").or_insert_with(|| json!([]));
    }
}

/// Declares the header on every `POST` that takes it.
fn add_idempotency_key(spec: &mut Value) {
    spec["components"]["parameters"]["IdempotencyKey"] = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes the request safe to repeat: a second request with the same key \
                        and the same body gets the stored response and has no further effect.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
    });
    let paths = spec["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(|methods| methods.get_mut("post")) {
        let is_signed_in = operation["security"].as_array().is_some_and(|needs| !needs.is_empty());
        if !is_signed_in {
            continue;
        }
        add_parameter(operation, "IdempotencyKey");
    }
}

/// Declares on every `GET` of JSON that an unchanged response is a 304.
fn add_conditions(spec: &mut Value, shared: &mut Map<String, Value>) {
    spec["components"]["parameters"]["IfNoneMatch"] = json!({
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of a response that the client has. Every `GET` of JSON has \
                        a weak one, and is to be asked for again before it is reused \
                        (`Cache-Control: no-cache`).",
        "schema": {"type": "string"},
    });
    let unchanged = json!({
        "description": "The response is the one whose `ETag` the client has.",
        "headers": {"ETag": {"schema": {"type": "string"}}},
    });
    shared.insert("NotModified".to_owned(), unchanged);
    let paths = spec["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(|methods| methods.get_mut("get")) {
        if operation["responses"]["200"]["content"]["application/json"].is_null() {
            continue;
        }
        operation["responses"]["304"] = json!({"$ref": "#/components/responses/NotModified"});
        add_parameter(operation, "IfNoneMatch");
    }
}

/// Adds a shared parameter to an operation.
fn add_parameter(operation: &mut Value, name: &str) {
    let reference = json!({"$ref": format!("#/components/parameters/{name}")});
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(reference),
        None => operation["parameters"] = json!([reference]),
    }
}

/// Removes members that state a default: that a thing is not deprecated, and how a list
/// would be written in a parameter that is none.
fn leave_out_defaults(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("deprecated") == Some(&Value::Bool(false)) {
                object.remove("deprecated");
            }
            if object.get("in").is_some_and(Value::is_string) {
                object.remove("explode");
            }
            object.values_mut().for_each(leave_out_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_defaults),
        _ => {}
    }
}
