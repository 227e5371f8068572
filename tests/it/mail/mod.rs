//! Mail as its readers and as mail servers see it.

mod addresses;
mod digests;
mod headers;
mod notices;
mod resets;
mod sending;
