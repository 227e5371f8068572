//! Mails, and what their links prove.

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use crate::base::{clock::Timestamp, ids::AccountId};

/// Longest that is tried to send what somebody waits for at the screen.
const WAITED_FOR: Duration = Duration::from_hours(1);
/// Longest that is tried to send anything else: a weekend without a mail server.
const TRIED: Duration = Duration::from_hours(60);

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Confirms the address.
    VerifyAddress,
    /// Sets another password.
    ResetPassword,
    /// Somebody signed in from a device that was not seen before.
    SignedIn,
    /// The password was changed.
    PasswordChanged,
    /// The address was changed: to the old one.
    AddressChanged,
    /// What one was told in the forum and has not read.
    Digest,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::VerifyAddress,
        Self::ResetPassword,
        Self::SignedIn,
        Self::PasswordChanged,
        Self::AddressChanged,
        Self::Digest,
    ];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify_address",
            Self::ResetPassword => "reset_password",
            Self::SignedIn => "signed_in",
            Self::PasswordChanged => "password_changed",
            Self::AddressChanged => "address_changed",
            Self::Digest => "digest",
        }
    }

    /// From what is stored.
    pub(super) fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Most mails of this kind to one address in an hour: whoever asks for them,
    /// its owner is not buried.
    pub(super) fn most_an_hour(self) -> i64 {
        match self {
            Self::VerifyAddress | Self::ResetPassword => 3,
            Self::SignedIn | Self::PasswordChanged | Self::AddressChanged => 5,
            Self::Digest => 1,
        }
    }

    /// Whether nobody may get it twice, if that means that somebody gets none: when
    /// the server breaks off at the wrong moment.
    pub(super) fn is_sent_at_most_once(self) -> bool {
        self == Self::Digest
    }

    /// How long it is tried to send it.
    pub(super) fn tried_for(self) -> Duration {
        match self {
            Self::ResetPassword => WAITED_FOR,
            _ => TRIED,
        }
    }
}

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// What it is for.
    pub kind: Kind,
    /// Whose it is; `None`: of whoever has verified the address, if anybody has.
    pub account: Option<AccountId>,
    /// Where to.
    pub address: String,
    /// Names and values; nothing secret.
    pub values: Vec<(&'static str, String)>,
}

/// A mail that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) id: Uuid,
    pub(super) kind: Kind,
    pub(super) account: Option<AccountId>,
    pub(super) address: String,
    pub(super) address_key: String,
    pub(super) values: BTreeMap<String, String>,
    pub(super) created_at: Timestamp,
}

/// Who gets a mail, as the account now stands.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) account: AccountId,
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) pending_email: Option<String>,
    pub(super) is_verified: bool,
}

impl Recipient {
    /// Whether it is still to be confirmed that this address is theirs.
    pub(super) fn awaits(&self, address: &str) -> bool {
        let is_own = self.email.as_deref() == Some(address) && !self.is_verified;
        is_own || self.pending_email.as_deref() == Some(address)
    }
}

/// What who has a link proves: that they read this account's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose.
    pub account: AccountId,
    /// At this address.
    pub address: String,
}

/// What somebody has not read, and what ends mails of it.
#[derive(Clone, Debug)]
pub struct Digest {
    /// The oldest first.
    pub items: Vec<DigestItem>,
    /// What the link has that ends them.
    pub token: String,
}

/// Something that somebody was told.
#[derive(Clone, Debug)]
pub struct DigestItem {
    /// Its kind, as in the API.
    pub kind: &'static str,
    /// Name of who caused it.
    pub actor: Option<String>,
    /// Title of the post that it is about.
    pub title: Option<String>,
    /// The words of a notice.
    pub text: Option<String>,
    /// The reason that was given for an act of moderation.
    pub reason: Option<String>,
}

/// What addresses that are the same but for case have in common.
pub(super) fn address_key(address: &str) -> String {
    address.to_ascii_lowercase()
}
