//! `Idempotency-Key`: a `POST` that is sent again with the same key gets the
//! same answer and does nothing. Keys are an account's own. The key of
//! somebody who is not signed in has no effect, and the body is not read for it. A request with
//! a key goes on when its client hangs up, so that there is an answer to give again.

use std::{sync::Arc, time::Duration};

use poem::{
    Body, Request, RequestBody, Response,
    http::{Method, header},
};

use crate::{
    base::{Error, clock::Timestamp, secret::sha256_of},
    db::{
        Db,
        once::{Answer, Earlier, Once},
    },
};

/// The header.
const HEADER: &str = "idempotency-key";
/// Longest key: room for a UUID with a prefix.
pub(super) const KEY_MAX: usize = 128;

/// Whether a request has a key that counts.
pub(super) fn has_key(method: &Method, headers: &header::HeaderMap) -> bool {
    method == Method::POST && headers.contains_key(HEADER)
}

/// The request as one that may be sent again, if it says so. It is under way for
/// no longer than `patience`.
pub(super) fn begin(
    request: &Request,
    now: Timestamp,
    patience: Duration,
) -> Result<Option<Arc<Once>>, Error> {
    if !has_key(request.method(), request.headers()) {
        return Ok(None);
    }
    let key = request.headers().get(HEADER).and_then(|key| key.to_str().ok());
    let is_key = |key: &&str| {
        (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let Some(key) = key.filter(is_key) else {
        let message = format!("must have 1 to {KEY_MAX} visible ASCII characters");
        return Err(Error::invalid("Idempotency-Key", "length", message));
    };
    Ok(Some(Once::new(key.to_owned(), now, patience)))
}

/// A hash of method, address and body of a request with a key; `None` without a key.
/// Reads the body: call it once the sender is known to be signed in.
pub async fn asked(request: &Request, body: &mut RequestBody) -> poem::Result<Option<[u8; 32]>> {
    if !has_key(request.method(), request.headers()) {
        return Ok(None);
    }
    let bytes = body.take()?.into_bytes().await?;
    let head = format!("{} {}\n", request.method(), request.original_uri());
    let asked = sha256_of(&[head.as_bytes(), &bytes]);
    *body = RequestBody::new(Body::from(bytes));
    Ok(Some(asked))
}

/// Keeps the answer for when the request is sent again.
pub(super) async fn end(once: &Once, db: &Db, response: &mut Response) {
    let Ok(body) = response.take_body().into_bytes().await else { return };
    response.set_body(Body::from(body.clone()));
    let location = response.headers().get(header::LOCATION);
    let answer = Answer {
        status: response.status().as_u16(),
        location: location.and_then(|value| value.to_str().ok()).map(str::to_owned),
        body: body.to_vec(),
    };
    if let Err(error) = once.keep(db, answer).await {
        tracing::warn!(%error, "the answer to a request with a key could not be kept");
    }
}

/// What an earlier request with the same key means for this one: go on, or
/// this answer.
pub fn settle(earlier: Earlier) -> poem::Result<()> {
    let error = match earlier {
        Earlier::None => return Ok(()),
        Earlier::Answered(answer) => return Err(again(answer)),
        Earlier::Other => Error::invalid(
            "Idempotency-Key",
            "reused",
            "was sent with another request; each request needs a key of its own",
        ),
        Earlier::UnderWay => Error::conflict(
            "idempotency_key_in_use",
            "A request with this key was received; its answer is not known yet.",
        ),
        Earlier::Lost => Error::conflict(
            "idempotency_answer_lost",
            "The request with this key succeeded, but its response was lost.",
        ),
    };
    Err(super::Problem::from(error).into())
}

fn again(answer: Answer) -> poem::Error {
    let status = poem::http::StatusCode::from_u16(answer.status).unwrap_or_default();
    let media_type =
        if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = Response::builder().status(status);
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    if !answer.body.is_empty() {
        response = response.content_type(media_type);
    }
    poem::Error::from_response(response.body(answer.body))
}
