//! JSON bodies, taken strictly: the framework's own payload takes a number for a
//! string. What is wrong is told with the name of the field.

use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::{
    payload::{ParsePayload, Payload},
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Problem, problem};
use crate::base::plain::{Broken, without_place};

/// The media type that a body of JSON has, for people.
const EXPECTED: &str = "application/json in UTF-8";

/// A `T` that came as JSON.
#[derive(Debug)]
pub struct Input<T>(pub T);

/// Whether a parameter of a media type is no charset, or names UTF-8: JSON has no other
/// (RFC 8259, 8.1).
fn is_utf8_if_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset")
        || value.eq_ignore_ascii_case("utf-8")
        || value.eq_ignore_ascii_case("utf8")
}

impl<T: Type> Payload for Input<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        let mut parts = content_type.split(';');
        let media_type = parts.next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case(Self::CONTENT_TYPE) && parts.all(is_utf8_if_charset)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for Input<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = Vec::<u8>::from_request(request, body).await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// Reads a JSON object.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        problem::unreadable(&format!("The body must be UTF-8; its byte {at} is not."))
    })?;
    // An object may not come as the list of its values, which serde takes.
    if !text.trim_start().starts_with('{') {
        return Err(problem::unreadable("The body must be a JSON object.").into());
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, &error.into_inner())
    })?;
    json.end().map_err(|error| refused(".", &error))?;
    Ok(value)
}

/// The problem of a body that cannot be read; `path` leads to the place.
fn refused(path: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let words = error.to_string();
    let fault = match error.classify() {
        Category::Data => return problem::broken(&at(path, Broken::parse(&words))),
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => match without_place(&words) {
            "expected ident" => "expected true, false or null",
            fault => fault,
        },
    };
    let detail = format!("The body is not valid JSON: {fault}, at line {line}, column {column}.");
    problem::unreadable(&detail)
}

/// A broken rule with the whole path of its field.
fn at(path: &str, broken: Broken) -> Broken {
    let inside = broken.field.clone().unwrap_or_default();
    // An unknown or a repeated field is the end of the path already.
    let field = match path {
        "." | "?" | "" => inside,
        path if inside.is_empty() || path == inside || path.ends_with(&format!(".{inside}")) => {
            path.to_owned()
        }
        path => format!("{path}.{inside}"),
    };
    Broken { field: Some(field).filter(|field| !field.is_empty()), ..broken }
}

impl<'a, T: Type + DeserializeOwned> poem_openapi::ApiExtractor<'a> for Input<T> {
    const TYPES: &'static [poem_openapi::ApiExtractorType] =
        &[poem_openapi::ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<poem_openapi::registry::MetaRequest> {
        Some(poem_openapi::registry::MetaRequest {
            description: None,
            content: vec![poem_openapi::registry::MetaMediaType {
                content_type: Self::CONTENT_TYPE,
                schema: Self::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: poem_openapi::ExtractParamOptions<()>,
    ) -> Result<Self> {
        match request.content_type() {
            Some(content_type) if Self::check_content_type(content_type) => {
                <Self as ParsePayload>::from_request(request, body).await
            }
            content_type => Err(problem::media_type(content_type, EXPECTED).into()),
        }
    }
}
