//! Mail on its way out: as a file, or to a mail server. A letter goes to exactly
//! one address, and has exactly the headers that are set here; whatever a value
//! holds, none begins another header. Knows no feature.
//!
//! Neither an error nor a log has an address, a password or a word of a letter.

mod folder;
mod message;
mod smtp;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use lettre::message::Mailbox;
use uuid::Uuid;

use self::{folder::Folder, smtp::Smtp};
use crate::{
    base::clock::Timestamp,
    config::{Config, MailTransport},
};

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The same each time it is sent: who gets it twice can tell.
    pub id: Uuid,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// For who reads plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// When it was made.
    pub at: Timestamp,
    /// Where a `POST` ends mails of this kind (RFC 8058), if they can be ended.
    pub unsubscribe: Option<String>,
}

/// Why a letter did not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It never will.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// The server took the connection and not this letter, for now.
    #[error("the mail was put off: {0}")]
    PutOff(String),
    /// There is no server: others will not leave either.
    #[error("the mail server cannot be used: {0}")]
    Unreachable(String),
}

/// Why there is no mailer.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The sender is none.
    #[error("mail.from: must be like \"Our forum <forum@example.org>\"")]
    From,
    /// The folder cannot be made.
    #[error("mail.folder: {0} cannot be used")]
    Folder(PathBuf, #[source] io::Error),
    /// The certificate cannot be read.
    #[error("mail.smtp_ca: {0} cannot be used")]
    Authority(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The encryption cannot be set up.
    #[error("mail.smtp_host: no encrypted connection can be made")]
    Encryption(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends letters; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    /// What stands after the `@` of a Message-ID.
    domain: String,
    transport: Arc<Transport>,
    /// Time from the first look-up of the mail server to its last answer.
    total_time: Duration,
}

enum Transport {
    Folder(Folder),
    Smtp(Smtp),
}

impl Mailer {
    /// A mailer as the settings say. Connects to nothing yet.
    pub fn new(config: &Config) -> Result<Self, MailerError> {
        let settings = &config.mail;
        let domain = config.public_host();
        let from = if settings.from.is_empty() {
            // An address in numbers stands in brackets.
            let is_number = domain.parse::<std::net::IpAddr>().is_ok();
            let host = if is_number { "localhost" } else { &domain };
            format!("gatherly@{host}")
        } else {
            settings.from.clone()
        };
        let from = from.parse().map_err(|_| MailerError::From)?;
        let transport = match settings.transport {
            MailTransport::Folder => Transport::Folder(Folder::new(config.mail_folder())?),
            MailTransport::Smtp => Transport::Smtp(Smtp::new(settings, &domain)?),
        };
        let total_time = settings.timeout();
        Ok(Self { from, domain, transport: Arc::new(transport), total_time })
    }

    /// Whether there is a mail server that would take a letter.
    pub async fn reach(&self) -> Result<(), Undelivered> {
        match &*self.transport {
            Transport::Folder(_) => Ok(()),
            Transport::Smtp(smtp) => self.in_time(smtp.reach()).await,
        }
    }

    /// Sends a letter, in bounded time. Done means that it is in the folder, or
    /// that the mail server answers for it.
    pub async fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let message = message::compose(letter, &self.from, &self.domain)?;
        let sent = async {
            match &*self.transport {
                Transport::Folder(folder) => folder.write(letter.id, message.formatted()).await,
                Transport::Smtp(smtp) => smtp.send(message).await,
            }
        };
        self.in_time(sent).await
    }

    async fn in_time(
        &self,
        work: impl Future<Output = Result<(), Undelivered>>,
    ) -> Result<(), Undelivered> {
        let late = |_| Err(Undelivered::Unreachable("it does not answer".to_owned()));
        tokio::time::timeout(self.total_time, work).await.unwrap_or_else(late)
    }
}
