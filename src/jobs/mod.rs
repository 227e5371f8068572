//! The queue's mechanics; knows no feature. What happened goes into the outbox
//! in the transaction of its cause ([`publish`]), work that is to be done goes
//! into the queue in the transaction of its cause ([`enqueue`]): there is no
//! other way in, so that nothing is told that did not happen, and nothing that
//! happened is not.
//!
//! [`Pump`] passes what happened on to who listens, one job for each, and has
//! jobs done: each at least once, so what does them must come to the same when
//! it is done twice. A job that fails is tried again, later each time, and is
//! kept as failed when it was tried too often.

mod carrier;
mod handlers;
mod model;
mod outbox;
mod pump;
mod schedule;
mod store;
#[cfg(test)]
mod tests;

pub use carrier::{Carrier, Outside};
pub use handlers::{Handlers, Work};
pub use model::{
    Failure, Job, JobRecord, JobState, LISTENER_LIMIT, MAX_ATTEMPTS, NewJob, retry_delay,
};
pub use outbox::publish;
pub use pump::Pump;
pub use schedule::{claim_tick, tick};
pub use store::{KEEP_FAILED, enqueue, find, find_in, list, progress, remove, retry};
