//! What answers about content tell of its pictures.

use poem_openapi::Object;
use serde::Serialize;
use uuid::Uuid;

use super::model::Attached;

/// A picture of a post or a comment; see `GET /media/{id}`.
#[derive(Clone, Debug, Object, Serialize)]
pub struct AttachedView {
    /// The picture's id.
    id: Uuid,
    /// `image/png` or `image/jpeg`.
    media_type: String,
    /// In pixels.
    width: i64,
    /// In pixels.
    height: i64,
}

impl AttachedView {
    /// All pictures of something.
    pub fn all(attached: Vec<Attached>) -> Vec<Self> {
        attached.into_iter().map(Self::from).collect()
    }
}

impl From<Attached> for AttachedView {
    fn from(attached: Attached) -> Self {
        let Attached { id, media_type, width, height } = attached;
        Self { id: id.0, media_type, width, height }
    }
}
