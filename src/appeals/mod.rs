//! Appeals: who was struck by a ban, a removal, a warning or a policy's refusal
//! says why that was wrong, once; somebody with the right to reverse it decides.
//! What is granted is reversed in the same transaction, or not granted.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::AppealsApi;
pub use model::{Against, Appeal, Decided};
pub use service::{Appeals, Parts, grant_in};
