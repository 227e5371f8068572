//! Votes on posts and comments: one of each account, set to what the account
//! wants. Tallies, rank and the author's score change in the transaction that
//! changes the vote, and only if all of it is still as it was read; so they are
//! exact under races, and a vote never touches what is gone.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::VotesApi;
pub use model::{Ballot, Cast, Subject, VoteValue};
pub use service::{Parts, Votes, put_back_in, take_back_in};
