//! `[mail]`: how mail leaves.

use std::{fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, de};

use super::Broken;
use crate::base::{secret::Secret, text::one_line};

/// Mails at once: more than that is a newsletter.
const CONNECTIONS_CEILING: u32 = 32;
/// A mail server that is slower than this is gone.
const TIMEOUT_CEILING: u64 = 60;

/// Four weeks.
const DIGEST_HOURS_CEILING: u64 = 672;
/// What a sender is.
const FROM_RULE: &str = "must be like \"Our forum <forum@example.org>\"";

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// How mail leaves.
    pub transport: MailTransport,
    /// Folder of files, or empty for the one in the data folder.
    pub folder: PathBuf,
    /// Who sends it, or empty.
    pub from: String,
    /// The mail server.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// How the connection is encrypted.
    pub smtp_tls: SmtpTls,
    /// File with a certificate that is trusted beside the public ones, or empty.
    pub smtp_ca: PathBuf,
    /// Whom to sign in as, or empty.
    pub smtp_user: String,
    /// With what password.
    #[serde(deserialize_with = "in_quotes")]
    pub smtp_password: Secret<String>,
    /// Mails that are sent at once.
    pub smtp_connections: u32,
    /// Seconds to hand over a mail.
    pub smtp_timeout_seconds: u64,
    /// Hours between two mails of what somebody has not read.
    pub digest_hours: u64,
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTransport {
    /// Each mail is a file.
    Folder,
    /// It is sent.
    Smtp,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// From the first byte.
    Implicit,
    /// After a greeting.
    Starttls,
    /// Not at all.
    None,
}

impl Mail {
    /// Time to hand over a mail.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.smtp_timeout_seconds)
    }

    /// Time between two mails of what somebody has not read.
    pub fn digest_window(&self) -> Duration {
        Duration::from_hours(self.digest_hours)
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        if !(1..=CONNECTIONS_CEILING).contains(&self.smtp_connections) {
            let rule = format!("must be from 1 to {CONNECTIONS_CEILING}");
            return Err(("mail.smtp_connections", rule));
        }
        if !(1..=TIMEOUT_CEILING).contains(&self.smtp_timeout_seconds) {
            let rule = format!("must be from 1 to {TIMEOUT_CEILING}");
            return Err(("mail.smtp_timeout_seconds", rule));
        }
        if !(1..=DIGEST_HOURS_CEILING).contains(&self.digest_hours) {
            let rule = format!("must be from 1 to {DIGEST_HOURS_CEILING}");
            return Err(("mail.digest_hours", rule));
        }
        let is_sender = self.from.contains('@') && one_line(&self.from) == self.from;
        if !self.from.is_empty() && !is_sender {
            return Err(("mail.from", FROM_RULE.into()));
        }
        if self.transport == MailTransport::Folder {
            return Ok(());
        }
        if self.smtp_host.is_empty() {
            return Err(("mail.smtp_host", "must be the name of a mail server".into()));
        }
        if self.from.is_empty() {
            return Err(("mail.from", FROM_RULE.into()));
        }
        let is_here = matches!(self.smtp_host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.smtp_tls == SmtpTls::None && !self.smtp_user.is_empty() && !is_here {
            let rule = "\"none\" would send the password in the clear".into();
            return Err(("mail.smtp_tls", rule));
        }
        Ok(())
    }
}

/// Text in quotes. What else stands there may be a password of digits, so it is
/// not told.
fn in_quotes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<String>, D::Error> {
    deserializer.deserialize_any(InQuotes)
}

struct InQuotes;

impl de::Visitor<'_> for InQuotes {
    type Value = Secret<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Secret::new(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(E::custom("must be in quotes"))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::custom("must be in quotes"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(E::custom("must be in quotes"))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Self::Value, E> {
        Err(E::custom("must be in quotes"))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom("must be in quotes"))
    }
}
