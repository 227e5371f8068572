//! JSON answers, serialised straight to bytes. The framework's own payload makes
//! a tree of values first, at twice the cost; and bytes can be kept in a cache.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

use super::etag::Tag;

/// A `T` as JSON.
#[derive(Debug)]
pub struct Rendered<T> {
    bytes: Bytes,
    /// The tag of the bytes, where it is known already.
    tag: Option<Tag>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Rendered<T> {
    /// Serialises a value.
    pub fn new(value: &T) -> Self {
        // The API's objects have string keys and finite numbers only: this cannot fail.
        let bytes = serde_json::to_vec(value).unwrap_or_default().into();
        Self { bytes, tag: None, of: PhantomData }
    }
}

impl<T> Rendered<T> {
    /// Bytes that an earlier [`Rendered::bytes`] gave, with their tag.
    pub fn from_bytes(bytes: Bytes, tag: Tag) -> Self {
        Self { bytes, tag: Some(tag), of: PhantomData }
    }

    /// The JSON text; cheap to clone.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl<T: Type> Payload for Rendered<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Send> IntoResponse for Rendered<T> {
    fn into_response(self) -> Response {
        let mut response = Response::builder().content_type("application/json").body(self.bytes);
        if let Some(tag) = self.tag {
            response.set_data(tag);
        }
        response
    }
}

impl<T: Type> ApiResponse for Rendered<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Done.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: Self::CONTENT_TYPE,
                    schema: Self::schema_ref(),
                }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
