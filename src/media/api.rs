//! `/media`, and the picture beside one's name.

use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiRequest, ApiResponse, Enum, Object, OpenApi,
    param::{Header, Path, Query},
    payload::{Binary, Payload},
    registry::{MetaSchema, MetaSchemaRef},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{FileShown, MediaState, Shown, Uploaded},
    service::Media,
};
use crate::{
    base::{ids::MediaId, page::PageRequest},
    http::{Input, Problem, Rendered, Tag, Time},
    pictures::{MediaType, Size},
    sessions::{SignedIn, Visitor},
};

/// Nothing of a picture may run, whatever takes it for a page.
const CSP: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";
/// What is shown to somebody may be shown to them again for five minutes.
const KEPT: &str = "private, max-age=300";
/// What waits, and what nothing uses, is asked for each time.
const NOT_KEPT: &str = "no-store";

/// A picture, as bytes. Its type is told by them, whatever the header says.
#[derive(Debug, ApiRequest)]
enum File {
    /// PNG.
    #[oai(content_type = "image/png")]
    Png(Binary<Vec<u8>>),
    /// JPEG.
    #[oai(content_type = "image/jpeg")]
    Jpeg(Binary<Vec<u8>>),
    /// WebP.
    #[oai(content_type = "image/webp")]
    Webp(Binary<Vec<u8>>),
    /// GIF.
    #[oai(content_type = "image/gif")]
    Gif(Binary<Vec<u8>>),
    /// From a client that does not know its type.
    #[oai(content_type = "application/octet-stream")]
    Bytes(Binary<Vec<u8>>),
}

/// A picture that somebody uploaded.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct MediaView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// `ready`; `held` while it waits for a moderator; `refused` when one said no.
    state: String,
    /// Whether something uses it. What nothing uses is deleted after a day.
    used: bool,
    /// Why it waits, or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// `image/png` or `image/jpeg`: what it is kept as.
    media_type: String,
    /// In pixels.
    width: u32,
    /// In pixels.
    height: u32,
    /// Size of what is kept.
    bytes: i64,
    /// SHA-256 of what was uploaded, hexadecimal.
    digest: String,
    /// When it was uploaded, RFC 3339.
    created_at: Time,
}

impl From<Uploaded> for MediaView {
    fn from(Uploaded { record, reason }: Uploaded) -> Self {
        Self {
            id: record.id.0,
            state: record.state.as_str().to_owned(),
            used: record.is_used,
            message: reason,
            media_type: record.media_type.as_str().to_owned(),
            width: record.width,
            height: record.height,
            bytes: record.bytes,
            digest: record.digest,
            created_at: record.created_at.into(),
        }
    }
}

/// Pictures, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct MediaList {
    /// This page.
    items: Vec<MediaView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum MediaCreated {
    /// The picture can be used.
    #[oai(status = 201)]
    Ready(Rendered<MediaView>, #[oai(header = "Location")] String),
    /// The picture waits for a moderator; `message` says why.
    #[oai(status = 202)]
    Held(Rendered<MediaView>, #[oai(header = "Location")] String),
}

/// A smaller copy.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum SizeParam {
    /// Within 320 by 320 pixels.
    Small,
    /// Within 1280 by 1280 pixels.
    Large,
    /// 256 by 256 pixels, the middle of the picture.
    Square,
}

impl From<SizeParam> for Size {
    fn from(size: SizeParam) -> Self {
        match size {
            SizeParam::Small => Self::Small,
            SizeParam::Large => Self::Large,
            SizeParam::Square => Self::Square,
        }
    }
}

/// The bytes of a picture, under its own type.
#[derive(Debug)]
struct PictureBytes {
    media_type: MediaType,
    bytes: Bytes,
}

impl Payload for PictureBytes {
    const CONTENT_TYPE: &'static str = "image/*";

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")))
    }
}

impl IntoResponse for PictureBytes {
    fn into_response(self) -> Response {
        Response::builder().content_type(self.media_type.as_str()).body(self.bytes)
    }
}

#[derive(ApiResponse)]
enum PictureShown {
    /// The picture: a PNG or a JPEG.
    #[oai(status = 200)]
    Shown(
        PictureBytes,
        #[oai(header = "Content-Disposition")] String,
        #[oai(header = "Content-Security-Policy")] String,
        #[oai(header = "Cache-Control")] String,
        #[oai(header = "ETag")] String,
    ),
    /// The picture is at this address for five minutes.
    #[oai(status = 307)]
    Elsewhere(#[oai(header = "Location")] String, #[oai(header = "Cache-Control")] String),
    /// It is what `If-None-Match` says.
    #[oai(status = 304)]
    Unchanged(#[oai(header = "Cache-Control")] String, #[oai(header = "ETag")] String),
}

impl From<Shown> for PictureShown {
    fn from(shown: Shown) -> Self {
        let Shown { media_type, disposition, tag, may_be_kept, file } = shown;
        let caching = if may_be_kept { KEPT } else { NOT_KEPT }.to_owned();
        match file {
            FileShown::Known => Self::Unchanged(caching, tag),
            FileShown::There(address) => Self::Elsewhere(address, NOT_KEPT.to_owned()),
            FileShown::Here(bytes) => {
                let picture = PictureBytes { media_type, bytes };
                Self::Shown(picture, disposition, CSP.to_owned(), caching, tag)
            }
        }
    }
}

/// The picture to put beside one's name.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct AvatarRequest {
    /// A picture that one uploaded and that nothing uses.
    media_id: Uuid,
}

impl Example for AvatarRequest {
    fn example() -> Self {
        Self { media_id: Uuid::from_u128(0x0199_c1a0_6f3e_7d52_a1c4_5b7f_0e2d_9a11) }
    }
}

#[derive(ApiResponse)]
enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// Operations on pictures.
pub struct MediaApi {
    /// The feature.
    pub media: Media,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Media")]
impl MediaApi {
    /// Upload a picture
    ///
    /// For everybody who is signed in. The body is a PNG, JPEG, WebP or GIF, as
    /// bytes. It is kept as PNG or JPEG, turned as it says and without anything
    /// that is not seen; of an animation the first frame is kept. Plugins are
    /// asked; what they hold waits for a moderator. What is not used within a day
    /// is deleted.
    #[oai(path = "/media", method = "post", operation_id = "upload_media")]
    async fn upload(&self, SignedIn(actor): SignedIn, file: File) -> Result<MediaCreated, Problem> {
        let (File::Png(bytes)
        | File::Jpeg(bytes)
        | File::Webp(bytes)
        | File::Gif(bytes)
        | File::Bytes(bytes)) = file;
        let uploaded = self.media.upload(&actor, bytes.0).await?;
        let (id, state) = (uploaded.record.id, uploaded.record.state);
        let location = format!("/api/v1/media/{id}");
        let view = Rendered::new(&MediaView::from(uploaded));
        Ok(match state {
            MediaState::Ready => MediaCreated::Ready(view, location),
            _ => MediaCreated::Held(view, location),
        })
    }

    /// List own pictures
    ///
    /// For everybody who is signed in: what one uploaded, the newest first.
    #[oai(path = "/me/media", method = "get", operation_id = "list_own_media")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<MediaList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.media.list(&actor, &page).await?.map(MediaView::from);
        Ok(Rendered::new(&MediaList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Show a picture
    ///
    /// For everybody who may see what uses it; a picture that waits, or that
    /// nothing uses, for its owner and admins. A smaller copy is made within
    /// seconds after the upload; until then the whole picture is shown.
    #[oai(path = "/media/:id", method = "get", operation_id = "get_media")]
    async fn get(
        &self,
        Visitor(viewer): Visitor,
        /// The picture's id.
        id: Path<Uuid>,
        /// A smaller copy; the whole picture when absent.
        size: Query<Option<SizeParam>>,
        /// The `ETag` of a picture that one has.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> Result<PictureShown, Problem> {
        let wanted = (MediaId(id.0), size.0.map(Size::from));
        let shown = self.media.show(viewer.as_ref(), wanted, if_none_match.0.as_deref()).await?;
        Ok(shown.into())
    }

    /// Put a picture beside one's name
    ///
    /// For everybody who is signed in. The picture that was there is deleted.
    #[oai(path = "/me/avatar", method = "put", operation_id = "set_avatar", tag = "Tag::Accounts")]
    async fn set_avatar(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<AvatarRequest>,
    ) -> Result<Done, Problem> {
        self.media.set_avatar(&actor, body.0.media_id.into()).await?;
        Ok(Done::Done)
    }

    /// Take the picture beside one's name away
    ///
    /// For everybody who is signed in. It is deleted.
    #[oai(
        path = "/me/avatar",
        method = "delete",
        operation_id = "remove_avatar",
        tag = "Tag::Accounts"
    )]
    async fn remove_avatar(&self, SignedIn(actor): SignedIn) -> Result<Done, Problem> {
        self.media.remove_avatar(&actor).await?;
        Ok(Done::Done)
    }
}
