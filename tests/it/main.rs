//! The one integration test binary: each extra one would link the world again.

mod hooks;
mod http;
mod support;
