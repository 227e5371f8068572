//! Requests to the hosts that the binding was granted, each by name. Only in
//! hooks that run after the event, unless an admin lifts that. In native tests
//! [`testing::http`](crate::testing::http()) answers.

#[cfg(target_arch = "wasm32")]
use crate::bindings::base::gatherly::plugin::http as host;
pub use crate::bindings::base::gatherly::plugin::http::{Error, Header, Method, Request, Response};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::http as host;

/// Sends a request and waits for its answer. Redirects are not followed.
///
/// # Errors
/// Why there is no answer; nothing more is told of the network.
pub fn send(request: &Request) -> Result<Response, Error> {
    host::send(request)
}
