//! Queueing mails, and what their links prove.

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{
    jobs,
    model::{Digest, Kind, NewMail, Proof, address_key},
    rules::Site,
    store,
};
use crate::{
    base::{
        Error,
        clock::{Clock, Timestamp},
        ids::{AccountId, new_uuid},
        secret::token_hash,
    },
    config::{Config, MailTransport},
    db::{Db, Tx},
    outbound::mail::Mailer,
};

/// For which time mails to one address are counted.
const COUNTED: Duration = Duration::from_hours(1);
/// How long mails are kept: longer than any is tried.
pub const KEEP: Duration = Duration::from_hours(7 * 24);
/// Files that are written at once: as many as there are jobs at once.
const FILES_AT_ONCE: usize = 8;

/// What tells what people have not read; filled by a feature that comes later.
pub trait Unread: Send + Sync {
    /// What an account was told between two places of its list, as far as it may
    /// see that now. `None`: it does not want to know.
    fn digest(
        &self,
        account: AccountId,
        after: i64,
        up_to: i64,
    ) -> BoxFuture<'_, Result<Option<Digest>, Error>>;
}

/// What mails are built on.
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub mailer: Mailer,
    pub unread: Arc<dyn Unread>,
}

/// Mails on their way; cheap to clone.
#[derive(Clone)]
pub struct Mails {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) mailer: Mailer,
    pub(super) unread: Arc<dyn Unread>,
    pub(super) site: Arc<Site>,
    /// Time between two digests.
    pub(super) window: Duration,
    /// How long a link sets another password.
    pub(super) reset_lifetime: Duration,
    /// So many are sent at once.
    pub(super) room: Arc<Semaphore>,
    /// Until when the mail server is left alone, in Unix milliseconds.
    pub(super) down_until: Arc<AtomicI64>,
}

impl Mails {
    /// Mails as the settings say.
    pub fn new(parts: Parts, config: &Config) -> Self {
        let room = match config.mail.transport {
            MailTransport::Folder => FILES_AT_ONCE,
            MailTransport::Smtp => {
                usize::try_from(config.mail.smtp_connections).unwrap_or(FILES_AT_ONCE)
            }
        };
        Self {
            db: parts.db.clone(),
            clock: parts.clock,
            mailer: parts.mailer,
            unread: parts.unread,
            window: config.mail.digest_window(),
            site: Arc::new(Site { url: config.public_url(), host: config.public_host() }),
            reset_lifetime: config.accounts.reset_lifetime(),
            room: Arc::new(Semaphore::new(room)),
            down_until: Arc::default(),
        }
    }

    /// Forgets what is old.
    pub async fn forget_old(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        store::forget(&mut tx, now, now.minus(KEEP)).await?;
        Ok(tx.commit().await?)
    }
}

/// Has a mail sent, as part of `tx`. Not when its address gets too many; nobody
/// is told of that, for it would tell what others did.
pub async fn queue(tx: &mut Tx, new: NewMail, now: Timestamp) -> Result<(), Error> {
    let key = address_key(&new.address);
    let recent = store::count_since(tx, (key, new.kind), now.minus(COUNTED)).await?;
    if recent >= new.kind.most_an_hour() {
        tracing::info!(kind = new.kind.as_str(), "an address gets no more mails for a while");
        return Ok(());
    }
    let id = new_uuid(now);
    store::insert(tx, id, &new, now).await?;
    jobs::enqueue(tx, id, None, now).await
}

/// Tells who has an account of what happened to it, as part of `tx`, at its
/// address, if that is verified.
pub async fn tell(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    values: Vec<(&'static str, String)>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(address) = store::verified_address(tx, account).await? else { return Ok(()) };
    queue(tx, NewMail { kind, account: Some(account), address, values }, now).await
}

/// Asks who has an account to confirm its address, as part of `tx`, if that is
/// still to be done.
pub async fn verify(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let Some(address) = store::unverified_address(tx, account).await? else { return Ok(()) };
    let (kind, values) = (Kind::VerifyAddress, Vec::new());
    queue(tx, NewMail { kind, account: Some(account), address, values }, now).await
}

/// What a link in a mail proves, while it does.
pub async fn find_proof(
    db: &Db,
    kind: Kind,
    token: &str,
    now: Timestamp,
) -> Result<Option<Proof>, Error> {
    Ok(store::find_token(db, (token_hash(token), kind), now).await?)
}

/// Uses up a link, as part of `tx`. False when it proves nothing any more.
pub async fn spend_proof(
    tx: &mut Tx,
    kind: Kind,
    token: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(store::spend_token(tx, (token_hash(token), kind), now).await?)
}

/// Makes all links of a kind to an account worthless, as part of `tx`.
pub async fn forget_proofs(tx: &mut Tx, account: AccountId, kind: Kind) -> Result<(), Error> {
    Ok(store::delete_tokens(tx, account, kind).await?)
}

/// Forgets an account's mails and links, as part of `tx`.
pub async fn erase(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    Ok(store::erase(tx, account).await?)
}
