//! Accounts: who takes part. A name is one person's, without regard to case and
//! look-alikes, and stays taken when they leave; an address is told to nobody; a password
//! is known to nobody. While a sanction counts, it outlives the account: who comes back
//! with its address or its name waits for staff.
//!
//! Nobody becomes an admin over HTTP by being first: see `gatherly admin create`.

pub mod api;
pub mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::AccountsApi;
pub use model::{Account, Applicant, Email, Password, Registered, Username};
pub use service::{Accounts, Parts, approve_held, find_actor, find_in, put_avatar, refuse_held};
pub(crate) use store::{profile_hidden, site_bans};
