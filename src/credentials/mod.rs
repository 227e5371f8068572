//! What proves who somebody is: the address that they confirmed, and the password
//! that they set again by it. An answer never tells whether somebody has an
//! account: what is asked for is stored, and looked up later, by the job that
//! writes the mail.

mod api;
mod service;
mod store;

pub use api::CredentialsApi;
pub use service::{Credentials, Parts};
