//! The representation of every response: how it may be cached (`Cache-Control`, `Vary`),
//! its entity tag with the 304 that answers `If-None-Match`, and its compression.
//!
//! Responses that may carry secrets are neither compressed nor tagged: the length of a
//! compressed body tells of what it repeats (BREACH). Secrets are in responses to writes
//! only, such as tokens in those of `POST /sessions`, and in those marked `no-store`.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use moka::sync::Cache;
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

use super::etag::{self, Tag};

/// Smallest body that is compressed: a smaller one fits in one packet of a network anyway.
const COMPRESSED_FROM: usize = 1_024;
/// Largest body that is compressed while the thread waits: about two milliseconds.
const COMPRESSED_IN_PLACE: usize = 128 << 10;
/// Level of gzip: higher ones make lists two per cent smaller at twice the time.
const LEVEL: u32 = 5;
/// Bytes of compressed bodies that are kept for readers who are not signed in: the page
/// of the documentation, the specification, and a thousand lists.
const KEPT_BYTES: u64 = 8 << 20;
/// Media types that are compressed and tagged: text that is sent whole.
const TEXTS: &[&str] = &["application/json", "text/html", "text/css", "text/javascript"];
/// A stream of events.
const EVENTS: &str = "text/event-stream";

/// The parts of a request that its representation depends on.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    is_signed_in: bool,
    accepts_gzip: bool,
    if_none_match: Option<String>,
}

impl Asked {
    /// Reads a request, and makes `HEAD` the `GET` whose headers it wants.
    pub(super) fn of(request: &mut Request) -> Self {
        let method = request.method().clone();
        if method == Method::HEAD {
            request.set_method(Method::GET);
        }
        let headers = request.headers();
        Self {
            method,
            is_signed_in: headers.contains_key(header::AUTHORIZATION),
            accepts_gzip: accepts_gzip(headers),
            if_none_match: joined(headers, &header::IF_NONE_MATCH),
        }
    }

    /// Whether a response can be used again for another request.
    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// The values of a header as one list.
fn joined(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let values: Vec<&str> = values.collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether `Accept-Encoding` takes gzip (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(listed) = joined(headers, &header::ACCEPT_ENCODING) else { return false };
    let accepts = |wanted: &[&str]| {
        listed.split(',').find_map(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let is_wanted = wanted.iter().any(|wanted| name.trim().eq_ignore_ascii_case(wanted));
            let (_, weight) = weight.split_once('=').unwrap_or(("", "1"));
            is_wanted.then(|| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
        })
    };
    accepts(&["gzip", "x-gzip"]).or_else(|| accepts(&["*"])).unwrap_or(false)
}

/// Finishes responses; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Representations {
    /// Compressed bodies by the tag of the body.
    compressed: Cache<String, Bytes>,
}

impl Representations {
    pub(super) fn new() -> Self {
        let weigh =
            |tag: &String, body: &Bytes| u32::try_from(tag.len() + body.len()).unwrap_or(u32::MAX);
        Self { compressed: Cache::builder().max_capacity(KEPT_BYTES).weigher(weigh).build() }
    }

    /// Sets the headers of a cache, answers `If-None-Match`, and compresses.
    pub(super) async fn finish(&self, asked: &Asked, mut response: Response) -> Response {
        set_caching(asked, &mut response);
        if asked.reads() && is_public_text(&response) {
            response = self.tagged(asked, response).await;
        }
        if asked.method == Method::HEAD { without_body(response).await } else { response }
    }

    async fn tagged(&self, asked: &Asked, mut response: Response) -> Response {
        let Ok(body) = response.take_body().into_bytes().await else { return response };
        let known = response.data::<Tag>().cloned();
        let tag = known.unwrap_or_else(|| Tag::of(&body));
        if let Ok(value) = HeaderValue::from_str(tag.as_str()) {
            response.headers_mut().entry(header::ETAG).or_insert(value);
        }
        if asked.if_none_match.as_ref().is_some_and(|listed| etag::names(listed, tag.as_str())) {
            response.set_status(StatusCode::NOT_MODIFIED);
            response.headers_mut().remove(header::CONTENT_TYPE);
            return response;
        }
        let body = if asked.accepts_gzip && body.len() >= COMPRESSED_FROM {
            let coding = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, coding);
            self.compressed(tag.as_str().to_owned(), body, asked.is_signed_in).await
        } else {
            body
        };
        response.set_body(body);
        response
    }

    /// The body in gzip; kept where everybody may read it.
    async fn compressed(&self, tag: String, body: Bytes, is_signed_in: bool) -> Bytes {
        if is_signed_in {
            return gzip_of(body).await;
        }
        if let Some(kept) = self.compressed.get(&tag) {
            return kept;
        }
        let compressed = gzip_of(body).await;
        self.compressed.insert(tag, compressed.clone());
        compressed
    }
}

/// Sets how a response may be cached. A client may keep the reads of its own account, and
/// any cache may keep public reads; both ask again before each use, since content can be
/// removed at any time. Other responses are not kept.
fn set_caching(asked: &Asked, response: &mut Response) {
    let is_success =
        response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let is_stream = response.content_type().is_some_and(|kind| kind.starts_with(EVENTS));
    let caching = match (asked.reads() && is_success && !is_stream, asked.is_signed_in) {
        (true, true) => "private, no-cache",
        (true, false) => "no-cache",
        (false, _) => "no-store",
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    if asked.reads() {
        let names = HeaderValue::from_static("authorization, accept-encoding");
        headers.append(header::VARY, names);
    }
}

/// Whether a response is text that is sent whole and without secrets.
fn is_public_text(response: &Response) -> bool {
    let media_type = response.content_type().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let caching = response.headers().get(header::CACHE_CONTROL);
    response.status() == StatusCode::OK
        && TEXTS.contains(&media_type)
        && !response.headers().contains_key(header::CONTENT_ENCODING)
        && caching.is_some_and(|caching| caching != "no-store")
}

/// The headers of a response whose body is not wanted, with the body's length where it
/// is known.
async fn without_body(mut response: Response) -> Response {
    let is_stream = response.content_type().is_some_and(|kind| kind.starts_with(EVENTS));
    let body = response.take_body();
    if is_stream || response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    if let Ok(body) = body.into_bytes().await {
        response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    }
    response
}

/// A body in gzip; a large one off the async threads.
async fn gzip_of(body: Bytes) -> Bytes {
    if body.len() <= COMPRESSED_IN_PLACE {
        return gzip(&body);
    }
    // The work does not panic; were it stopped, an empty body would be a wrong one.
    let compress = move || gzip(&body);
    tokio::task::spawn_blocking(compress).await.unwrap_or_default()
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(LEVEL));
    // Writing into memory cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderMap, HeaderValue, header};

    use super::accepts_gzip;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (accepted, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("x-gzip", true),
            ("gzip;q=0", false),
            ("*;q=1, gzip; q=0.0", false),
            ("br", false),
            ("identity", false),
            ("", false),
            ("gzip;q=x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(accepts_gzip(&headers), expected, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
