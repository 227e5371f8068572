//! The queue's mechanics; knows no feature. What happened goes into the outbox
//! in the transaction of its cause ([`publish`]): there is no other way in, so
//! that nothing is told that did not happen, and nothing that happened is not.

mod outbox;

pub use outbox::publish;
