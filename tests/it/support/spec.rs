//! The specification, operation by operation.

use hyper::Method;
use serde_json::Value;

/// The whole specification.
pub struct Spec(pub Value);

/// One operation.
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// With `{name}` for its parameters.
    pub path: String,
    pub value: Value,
}

impl Spec {
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// Every operation, sorted by path and method.
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, value) in methods.as_object().unwrap() {
                operations.push(Operation {
                    id: value["operationId"].as_str().unwrap_or_default().to_owned(),
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    value: value.clone(),
                });
            }
        }
        operations
    }

    /// The schema that a reference, perhaps one beside `null`, leads to.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let schema = schema["anyOf"].get(0).unwrap_or(schema);
        match schema["$ref"].as_str() {
            Some(name) => {
                self.resolve(self.0.pointer(name.trim_start_matches('#')).expect("a schema"))
            }
            None => schema,
        }
    }

    /// Pointers to every integer in a JSON value with this schema, for lists to their
    /// first item.
    pub fn integers(&self, schema: &Value) -> Vec<String> {
        let schema = self.resolve(schema);
        if types(schema).any(|kind| kind == "integer") {
            return vec![String::new()];
        }
        let fields = schema["properties"].as_object().into_iter().flatten();
        let mut found: Vec<String> = fields
            .flat_map(|(name, property)| {
                let inside = self.integers(property).into_iter();
                inside.map(move |pointer| format!("/{name}{pointer}"))
            })
            .collect();
        if schema["items"].is_object() {
            let inside = self.integers(&schema["items"]).into_iter();
            found.extend(inside.map(|pointer| format!("/0{pointer}")));
        }
        found
    }

    /// The schema of an operation's JSON body.
    pub fn body<'a>(&'a self, operation: &'a Operation) -> Option<&'a Value> {
        let content = &operation.value["requestBody"]["content"];
        let media = content.as_object()?.iter().find(|(media, _)| media.contains("json"))?;
        Some(self.resolve(&media.1["schema"]))
    }
}

/// The types of JSON that a schema allows.
pub fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str();
    let many = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

impl Operation {
    /// Names of the parameters in the path or the query.
    pub fn parameters(&self, place: &str) -> Vec<String> {
        let all = self.value["parameters"].as_array().into_iter().flatten();
        // A reference to a shared parameter has no place; none of those is in an address.
        all.filter(|parameter| parameter["in"] == place)
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The path as [`Client`](super::Client) takes it, with a value for each
    /// parameter: by what it is of (`posts` for `/posts/{id}`) and its name.
    pub fn path_with(&self, value: impl Fn(&str, &str) -> String) -> String {
        let mut path = "/".to_owned();
        let mut before = "";
        for segment in self.path.split('/').skip(1) {
            path.push('/');
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => path.push_str(&value(before, name)),
                None => path.push_str(segment),
            }
            before = segment;
        }
        path
    }
}
