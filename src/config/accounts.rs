//! `[accounts]`, `[sessions]` and `[forum]`: who may join, read and create.

use std::time::Duration;

use serde::Deserialize;

use super::Broken;

/// Joining.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Who may register.
    pub registration: Registration,
    /// Password hashes computed at once.
    pub hash_concurrency: usize,
    /// Minutes that a mail with which one sets another password is good for.
    pub reset_minutes: u64,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Everybody, and an admin decides about each.
    Approval,
    /// Nobody.
    Closed,
}

impl Accounts {
    /// How long a mail with which one sets another password is good for.
    pub fn reset_lifetime(&self) -> Duration {
        Duration::from_secs(self.reset_minutes * 60)
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        if !(1..=64).contains(&self.hash_concurrency) {
            return Err(("accounts.hash_concurrency", "must be from 1 to 64".into()));
        }
        if !(1..=60).contains(&self.reset_minutes) {
            return Err(("accounts.reset_minutes", "must be from 1 to 60".into()));
        }
        Ok(())
    }
}

/// Staying signed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Minutes that an access token is valid.
    pub access_minutes: u64,
    /// Days that an unused session lasts.
    pub refresh_days: u64,
    /// File with the signing keys, or empty for the one in the data folder.
    pub signing_keys: String,
}

impl Sessions {
    /// How long an access token is valid.
    pub fn access_lifetime(&self) -> Duration {
        Duration::from_secs(self.access_minutes * 60)
    }

    /// How long an unused session lasts.
    pub fn refresh_lifetime(&self) -> Duration {
        Duration::from_secs(self.refresh_days * 86_400)
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        // A token that was stolen must not outlive a quarter of an hour.
        if !(1..=15).contains(&self.access_minutes) {
            return Err(("sessions.access_minutes", "must be from 1 to 15".into()));
        }
        if !(1..=365).contains(&self.refresh_days) {
            return Err(("sessions.refresh_days", "must be from 1 to 365".into()));
        }
        Ok(())
    }
}

/// The forum's own rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forum {
    /// Whether people who are not signed in may read.
    pub public_read: bool,
    /// Who may create communities.
    pub community_creation: CommunityCreation,
}

/// Who may create communities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommunityCreation {
    /// Admins only.
    Admins,
    /// Everybody with an account.
    Members,
}
