//! Names and addresses as they are compared, and what counts against who had them.

use crate::base::{clock::Timestamp, ids::AccountId};

/// A name as it is compared.
#[derive(Clone, Debug)]
pub struct Name {
    /// Without regard to case.
    pub key: String,
    /// Shared by the names that look alike.
    pub look_alike: String,
}

/// A name and an address, held against the accounts that had them before.
#[derive(Clone, Debug)]
pub enum Earlier {
    /// The name is reserved for another account.
    Taken,
    /// Nothing, or the reason for which staff have to look at the applicant.
    Free(Option<String>),
}

/// A closed account that had the name or the address of a new one, and what counts
/// against it.
#[derive(Clone, Debug)]
pub(super) struct Sanctioned {
    pub(super) account: AccountId,
    /// Warnings that were not withdrawn.
    pub(super) strikes: i64,
    /// Bans in force, the newest first; not more than are shown.
    pub(super) bans: Vec<Sanction>,
}

impl Sanctioned {
    pub(super) fn counts(&self) -> bool {
        self.strikes > 0 || !self.bans.is_empty()
    }
}

/// A ban in force.
#[derive(Clone, Debug)]
pub(super) struct Sanction {
    /// `site`, `community` or `post`.
    pub(super) scope: String,
    pub(super) reason: String,
    /// When it ends; `None` is never.
    pub(super) until: Option<Timestamp>,
}
