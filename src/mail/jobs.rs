//! Writing mails and sending them. A mail server that is gone is asked now and
//! then by one mail, not by all that wait; when it is back, they leave a few at
//! once.

use std::{sync::atomic::Ordering, time::Duration};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Kind, Proof, Queued, Recipient},
    rules::{self, Words},
    service::Mails,
    store,
};
use crate::{
    base::{
        Error,
        clock::Timestamp,
        secret::{Secret, random_token, token_hash},
    },
    db::Tx,
    jobs::{self, Failure, Job, NewJob},
    outbound::mail::{Letter, Undelivered},
};

/// The kind of job that sends a mail.
pub const SEND: &str = "mail.send";
/// Longest that such a job may take: the mailer gives up within a minute.
pub const SEND_LIMIT: Duration = Duration::from_secs(75);
/// Times that a mail is tried; its age ends it before.
const ATTEMPTS: u32 = 10_000;
/// Other jobs go first: nobody waits for a mail as one waits for an answer.
const PRIORITY: i32 = -1;
/// When a mail is tried for which there was no room, and up to as much later.
const WHEN_BUSY: Duration = Duration::from_secs(2);
/// How long a mail server is left alone that could not be used.
const WHEN_DOWN: Duration = Duration::from_secs(15);
/// How long a link confirms an address: one looks into one's mail once a day.
const VERIFY_LIFETIME: Duration = Duration::from_hours(24);

/// Which mail is due.
#[derive(Debug, Serialize, Deserialize)]
struct Due {
    mail: Uuid,
}

/// Has a mail sent, as part of `tx`: now, or not before a time.
pub(super) async fn enqueue(
    tx: &mut Tx,
    mail: Uuid,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let job = NewJob::new(SEND, &Due { mail });
    let job = NewJob { priority: PRIORITY, max_attempts: ATTEMPTS, run_at: not_before, ..job };
    jobs::enqueue(tx, job, now).await?;
    Ok(())
}

impl Mails {
    /// Writes a mail and sends it, or says when it is to be tried again.
    pub async fn send(&self, job: Job) -> Result<(), Failure> {
        let due: Due = job.read()?;
        let now = self.clock.now();
        let Some(mail) = store::waiting(&self.db, due.mail).await? else { return Ok(()) };
        if now.since(mail.created_at) > mail.kind.tried_for() {
            return Err(Failure::For("there was no way to send it in time".to_owned()));
        }
        let Ok(_room) = self.room.try_acquire() else {
            return self.try_later(mail.id, now.plus(WHEN_BUSY), WHEN_BUSY).await;
        };
        let down_until = Timestamp(self.down_until.load(Ordering::Relaxed));
        // Farther away than that: the clock was put back.
        if down_until > now && down_until <= now.plus(WHEN_DOWN) {
            return self.try_later(mail.id, down_until, WHEN_DOWN).await;
        }
        let Some(letter) = self.write(&mail, now).await? else {
            return Ok(self.settle(mail.id, false).await?);
        };
        let sent = if mail.kind.is_sent_at_most_once() {
            self.send_at_most_once(&letter).await?
        } else {
            self.send_at_least_once(&letter).await?
        };
        self.conclude(sent, now)
    }

    async fn send_at_least_once(&self, letter: &Letter) -> Result<Result<(), Undelivered>, Error> {
        let sent = self.mailer.send(letter).await;
        if sent.is_ok() {
            self.settle(letter.id, true).await?;
        }
        Ok(sent)
    }

    /// Writes down first that it is sent. It is tried again only when the server
    /// said that it did not take it.
    async fn send_at_most_once(&self, letter: &Letter) -> Result<Result<(), Undelivered>, Error> {
        if let Err(error) = self.mailer.reach().await {
            return Ok(Err(error));
        }
        self.settle(letter.id, true).await?;
        let sent = self.mailer.send(letter).await;
        if matches!(sent, Err(Undelivered::PutOff(_) | Undelivered::Refused(_))) {
            let mut tx = self.db.begin().await?;
            store::reopen(&mut tx, letter.id).await?;
            tx.commit().await?;
        }
        Ok(sent)
    }

    /// What follows from what the mailer said.
    fn conclude(&self, sent: Result<(), Undelivered>, now: Timestamp) -> Result<(), Failure> {
        let result = match &sent {
            Ok(()) => "sent",
            Err(Undelivered::Refused(_)) => "refused",
            Err(Undelivered::PutOff(_)) => "put_off",
            Err(Undelivered::Unreachable(_)) => "unreachable",
        };
        metrics::counter!("gatherly_mails_total", "result" => result).increment(1);
        sent.map_err(|error| match &error {
            Undelivered::Refused(_) => Failure::For(error.to_string()),
            Undelivered::PutOff(_) => Failure::Retry(error.to_string()),
            Undelivered::Unreachable(_) => {
                self.down_until.store(now.plus(WHEN_DOWN).0, Ordering::Relaxed);
                Failure::Retry(error.to_string())
            }
        })
    }

    /// What a mail is, written for who gets it as things now stand; `None` when
    /// nobody is to have it any more.
    async fn write(&self, mail: &Queued, now: Timestamp) -> Result<Option<Letter>, Error> {
        let recipient = match mail.account {
            Some(account) => store::recipient(&self.db, account).await?,
            None => store::owner(&self.db, mail.address_key.clone()).await?,
        };
        let Some(recipient) = recipient else { return Ok(None) };
        if mail.kind == Kind::Digest {
            return self.write_digest(mail, &recipient).await;
        }
        let Some((to, lifetime)) = self.destination(mail, &recipient) else { return Ok(None) };
        let token = match lifetime {
            Some(lifetime) => {
                Some((self.prove(mail, (&recipient, &to), now.plus(lifetime)).await?, lifetime))
            }
            None => None,
        };
        let token = token.as_ref().map(|(token, lifetime)| (token.expose().as_str(), *lifetime));
        let words = rules::words(mail, &recipient.username, token, &self.site);
        Ok(Some(letter(mail, to, words, None)))
    }

    /// What the link of a mail proves until a time.
    async fn prove(
        &self,
        mail: &Queued,
        (recipient, address): (&Recipient, &str),
        until: Timestamp,
    ) -> Result<Secret<String>, Error> {
        let token = random_token()?;
        let proof = Proof { account: recipient.account, address: address.to_owned() };
        let mut tx = self.db.begin().await?;
        let hash = token_hash(token.expose());
        store::insert_token(&mut tx, hash, (mail.kind, &proof), until).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// What somebody has not read, if they may still see something of it.
    async fn write_digest(
        &self,
        mail: &Queued,
        recipient: &Recipient,
    ) -> Result<Option<Letter>, Error> {
        let place = |name: &str| mail.values.get(name).and_then(|place| place.parse().ok());
        let (Some(after), Some(up_to)) = (place("after"), place("up_to")) else { return Ok(None) };
        let digest = self.unread.digest(recipient.account, after, up_to).await?;
        let Some(digest) = digest.filter(|digest| !digest.items.is_empty()) else {
            return Ok(None);
        };
        let words = rules::digest(&digest, &recipient.username, self.window, &self.site);
        let end = rules::one_click(&digest.token, &self.site);
        Ok(Some(letter(mail, mail.address.clone(), words, Some(end))))
    }

    /// Where a mail goes, and how long its link is good for if it has one.
    fn destination(
        &self,
        mail: &Queued,
        recipient: &Recipient,
    ) -> Option<(String, Option<Duration>)> {
        match mail.kind {
            Kind::VerifyAddress if recipient.awaits(&mail.address) => {
                Some((mail.address.clone(), Some(VERIFY_LIFETIME)))
            }
            Kind::VerifyAddress => None,
            // To the address as the account has it, not as somebody typed it.
            Kind::ResetPassword => Some((recipient.email.clone()?, Some(self.reset_lifetime))),
            _ => Some((mail.address.clone(), None)),
        }
    }

    async fn settle(&self, mail: Uuid, is_sent: bool) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::settle(&mut tx, mail, is_sent, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Has a mail tried at a time, or up to `spread` later: each of those that wait
    /// at a time of its own. It was not tried now, so that does not count.
    async fn try_later(&self, mail: Uuid, at: Timestamp, spread: Duration) -> Result<(), Failure> {
        let random = u32::from(mail.as_bytes()[15]);
        let at = at.plus(spread * random / u32::from(u8::MAX));
        let mut tx = self.db.begin().await?;
        enqueue(&mut tx, mail, Some(at), self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn letter(mail: &Queued, to: String, words: Words, unsubscribe: Option<String>) -> Letter {
    let Words { subject, text, html } = words;
    Letter { id: mail.id, to, subject, text, html, at: mail.created_at, unsubscribe }
}
