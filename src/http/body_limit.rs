//! How large a body may be. Bytes are counted as they come, so that a body of
//! unknown or lying length is cut as well.

use http_body_util::{BodyExt, LengthLimitError, Limited, combinators::BoxBody};
use poem::{Body, Request, http::header};

use crate::base::Error;

/// Refuses a body that says it is larger than `limit`; makes one that turns out
/// to be larger fail when it is read.
pub(super) fn apply(request: &mut Request, limit: u64) -> Result<(), Error> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge { limit });
    }
    let body: BoxBody<bytes::Bytes, std::io::Error> = request.take_body().into();
    let limited = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    request.set_body(Body::from(limited.map_err(std::io::Error::other).boxed()));
    Ok(())
}

/// Whether reading a body failed because of the limit.
pub(super) fn is_exceeded(error: &std::io::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<LengthLimitError>() {
            return true;
        }
        // An io::Error shows its content by get_ref, not as its source.
        source = match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    false
}
