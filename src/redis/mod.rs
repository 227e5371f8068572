//! Redis, which many servers of one forum may share. It holds nothing that only
//! it has: whoever asks it has an answer of its own for when it is [`Away`].
//!
//! Every call has tens of milliseconds. After some that failed, none is made any
//! more until a look in the background finds that Redis works again, so that an
//! outage costs requests nothing.

mod checkup;
mod connection;
mod kept;
mod quota;
mod signals;

pub use checkup::checkup;
pub use connection::{Away, Redis, StartError};
pub use kept::LIFETIME as KEPT_LIFETIME;
