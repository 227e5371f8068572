//! Telling plugins what has happened: each occurrence becomes the input of its
//! hook, looked up as things stand when it is told, and what the plugins answer
//! goes on record. An occurrence is on record once for each plugin, however often
//! it is told; and what a plugin's own effect caused, it is not told.

mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use service::AfterHooks;
