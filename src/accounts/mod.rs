//! Accounts: who takes part. A name is one person's, without regard to case and
//! look-alikes, and stays taken when they leave; an address is told to nobody; a password
//! is known to nobody. While a sanction counts, it outlives the account: who comes back
//! with its address or its name waits for staff.
//!
//! Nobody becomes an admin over HTTP by being first: see `gatherly admin create`.

pub mod api;
pub mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::AccountsApi;
pub use model::{Email, Password};
pub use service::{
    Accounts, Applicant, Parts, Registered, approve_held, find_actor, put_avatar, refuse_held,
};
