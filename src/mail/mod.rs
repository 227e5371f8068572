//! Mail to people: what confirms an address or sets another password, and notices
//! of what happens to an account. A mail is a row and a job in the transaction of
//! its cause; it is written and sent by the job, at least once, always with the
//! same id. Nobody waits for a mail server.
//!
//! What a link in a mail proves is made when the mail is written, and only its
//! hash is stored: neither a job nor a log nor a copy of the database lets
//! anybody in. Notices go to verified addresses only.

mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use jobs::{SEND, SEND_LIMIT};
pub use model::{Digest, DigestItem, Kind, NewMail, Proof};
pub use service::{
    KEEP, Mails, Parts, Unread, erase, find_proof, forget_proofs, queue, spend_proof, tell, verify,
};
