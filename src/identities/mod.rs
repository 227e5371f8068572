//! Names and addresses that accounts had, as keyed hashes. The name of a closed or renamed
//! account stays taken, since mentions in old texts would reach another person. While a
//! sanction counts, it outlives the account: an applicant with its address or its name
//! waits for staff.

mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use model::{Earlier, Name};
pub use service::{earlier, forget, is_reserved, keep_address, release, reserve};
