//! What the host answers when a plugin asks it: the records of `event`, `forum`
//! and `http` in `wit/`.
//!
//! They go to plugins through the component ABI and into transcripts as JSON.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::model::{ContentKind, Origin, Sanction};
use crate::base::markdown::{self, Reading, Target, TargetKind, TooLarge};

/// Content as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct ContentSummary {
    /// A post or a comment.
    pub kind: ContentKind,
    /// Opaque id.
    pub id: String,
    /// The post that a comment belongs to.
    #[component(name = "post-id")]
    pub post_id: Option<String>,
    /// Opaque id of its author.
    #[component(name = "author-id")]
    pub author_id: String,
    /// Posts only.
    pub title: Option<String>,
    /// The beginning of the Markdown.
    pub excerpt: String,
    /// Up minus down votes.
    pub score: i64,
    /// Unix milliseconds.
    #[component(name = "created-at")]
    pub created_at: u64,
    /// Removed by moderation or held by it.
    pub withheld: bool,
}

/// The conversation that an event belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct Thread {
    /// Opaque id of the post.
    #[component(name = "post-id")]
    pub post_id: String,
    /// Its title.
    pub title: String,
    /// Opaque id of its author.
    #[component(name = "author-id")]
    pub author_id: String,
    /// Unix milliseconds.
    #[component(name = "created-at")]
    pub created_at: u64,
    /// Closed to new comments.
    pub locked: bool,
    /// Published comments.
    #[component(name = "comment-count")]
    pub comment_count: u32,
    /// What a new comment answers.
    pub parent: Option<ContentSummary>,
}

/// A report that somebody filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct PriorReport {
    /// Opaque id.
    pub id: String,
    /// In the words of who filed it.
    pub reason: String,
    /// Unix milliseconds.
    #[component(name = "created-at")]
    pub created_at: u64,
    /// Still waits for a moderator.
    pub open: bool,
}

/// A sanction that was imposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct PriorSanction {
    /// What was imposed.
    pub sanction: Sanction,
    /// Unix milliseconds.
    #[component(name = "imposed-at")]
    pub imposed_at: u64,
    /// Who imposed it.
    #[component(name = "imposed-by")]
    pub imposed_by: Origin,
    /// It was taken back.
    pub lifted: bool,
}

/// A picture that belongs to content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct Attachment {
    /// Opaque id.
    pub id: String,
    /// As in HTTP.
    #[component(name = "media-type")]
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// How a text uses an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum LinkKind {
    /// Readers can follow it.
    #[component(name = "link")]
    Link,
    /// Browsers load it as a picture.
    #[component(name = "picture")]
    Picture,
}

/// An address that a text leads to or shows.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Link {
    /// How the text uses it.
    pub kind: LinkKind,
    /// As browsers request it.
    pub url: String,
}

/// A Markdown text as readers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Rendered {
    /// The text without markup.
    pub text: String,
    /// Links and pictures, in their order.
    pub links: Vec<Link>,
}

impl Rendered {
    /// The reading of a text by the renderer of the forum.
    pub fn of(markdown: &str) -> Self {
        match markdown::read_text(markdown) {
            Ok(Reading { text, targets, .. }) => {
                Self { text, links: targets.into_iter().map(Link::from).collect() }
            }
            // Only earlier versions stored such a text; it is shown as it was written.
            Err(TooLarge) => Self { text: markdown.to_owned(), links: Vec::new() },
        }
    }
}

impl From<Target> for Link {
    fn from(Target { kind, url }: Target) -> Self {
        let kind = match kind {
            TargetKind::Link => LinkKind::Link,
            TargetKind::Picture => LinkKind::Picture,
        };
        Self { kind, url }
    }
}

/// A community as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct CommunitySummary {
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Those who have joined.
    #[component(name = "member-count")]
    pub member_count: u32,
    /// Published posts.
    #[component(name = "post-count")]
    pub post_count: u32,
    /// Unix milliseconds.
    #[component(name = "created-at")]
    pub created_at: u64,
}

/// What to do with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
#[expect(missing_docs, reason = "the methods of HTTP")]
pub enum HttpMethod {
    #[component(name = "get")]
    Get,
    #[component(name = "post")]
    Post,
    #[component(name = "put")]
    Put,
    #[component(name = "delete")]
    Delete,
}

/// A header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[component(record)]
pub struct HttpRequest {
    /// What to do.
    pub method: HttpMethod,
    /// `https` and a granted host, at its usual port.
    pub url: String,
    /// Headers.
    pub headers: Vec<HttpHeader>,
    /// What it carries.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[component(record)]
pub struct HttpResponse {
    /// As in HTTP.
    pub status: u16,
    /// Headers.
    pub headers: Vec<HttpHeader>,
    /// What it carries.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
}

/// Why there is no answer. Nothing more is told of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum HttpError {
    /// The host was not granted, or this hook may not send.
    #[component(name = "denied")]
    Denied,
    /// Not a URL, a header or a body that can be sent.
    #[component(name = "invalid")]
    Invalid,
    /// More requests than a call may make.
    #[component(name = "too-many")]
    TooMany,
    /// No answer in time, or none that can be used.
    #[component(name = "unreachable")]
    Unreachable,
}

/// Bytes in JSON: base64.
mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
