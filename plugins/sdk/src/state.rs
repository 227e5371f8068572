//! What a plugin remembers from event to event; needs the grant `state`.
//!
//! Each binding has its own. What a call writes it sees at once; the host keeps
//! it with the decision, or not at all when the call fails. With `subject`, the
//! id of an account, an entry is erased together with that account. In native
//! tests there is an empty one for each thread; see
//! [`testing::state`](crate::testing::state()).

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use crate::bindings::base::gatherly::plugin::state as host;
pub use crate::bindings::base::gatherly::plugin::state::Error;
use crate::millis;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::state as host;

/// Adds to a counter and tells what it came to within the last `window`.
///
/// # Errors
/// When the host does not take it.
pub fn increment(
    key: &str,
    by: u32,
    window: Duration,
    subject: Option<&str>,
) -> Result<u64, Error> {
    host::increment(key, by, millis(window), subject)
}

/// What a counter came to within the last `window`.
///
/// # Errors
/// When the window is 0 or more than a year, or the key too long.
pub fn count(key: &str, window: Duration) -> Result<u64, Error> {
    host::count(key, millis(window))
}

/// The value of a key.
pub fn get(key: &str) -> Option<String> {
    host::get(key)
}

/// Sets the value of a key, for `ttl` or for good.
///
/// # Errors
/// When the host does not take it.
pub fn put(
    key: &str,
    value: &str,
    ttl: Option<Duration>,
    subject: Option<&str>,
) -> Result<(), Error> {
    host::put(key, value, ttl.map(millis), subject)
}

/// Forgets a key.
pub fn delete(key: &str) {
    host::delete(key);
}

/// Puts a member into a set, for `ttl` or for good; tells whether it is new.
///
/// # Errors
/// When the host does not take it.
pub fn add(
    set: &str,
    member: &str,
    ttl: Option<Duration>,
    subject: Option<&str>,
) -> Result<bool, Error> {
    host::add(set, member, ttl.map(millis), subject)
}

/// Takes a member out of a set.
pub fn remove(set: &str, member: &str) {
    host::remove(set, member);
}

/// Whether a set has a member.
pub fn contains(set: &str, member: &str) -> bool {
    host::contains(set, member)
}

/// How many members a set has.
pub fn size(set: &str) -> u64 {
    host::size(set)
}
