//! The one way out: HTTP requests to other servers, and `mail`.
//!
//! Who names the address is often not who runs this server, so it connects to
//! public addresses only, by `https` at the usual port, follows no redirects, and
//! takes bounded answers in bounded time. Every address that a name resolves to
//! is checked, and the connection goes to what was checked. `outbound.allow`
//! names the exceptions, each an exact host and port. Apart from that stands
//! [`Invocations`]: the runtime that a function of AWS Lambda is called by, at the
//! address that it gives.

mod client;
mod connect;
mod invocations;
pub mod mail;
mod public;
#[cfg(test)]
mod tests;

pub use client::{Client, Method, Refusal, Request, Response};
pub use invocations::{Invocation, InvocationError, Invocations};
