//! The id of the request that is being answered: in every log line, in every
//! error body, in the header `X-Request-Id`.

use std::future::Future;

use poem::http::HeaderName;

/// Where the id stands in an answer.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// Runs a future as the answer to the request `id`.
pub async fn scope<F: Future>(id: String, future: F) -> F::Output {
    CURRENT.scope(id, future).await
}

/// The id of the request that is being answered; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}
