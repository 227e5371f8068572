//! Requests that may be sent again without being done again. The key of such a
//! request is stored by the very transaction that does what it asks for, so that
//! the two cannot part; its answer is kept beside it and given again.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{Columns, Db, Error, Statement, sql, statement};
use crate::base::{clock::Timestamp, ids::AccountId, secret::sha256};

sql! { INSERT = "insert into idempotency_keys (id, request, created_at) values (?, ?, ?)" }
sql! { FIND =
"select request, status, location, body, created_at from idempotency_keys where id = ?" }
sql! { KEEP = "update idempotency_keys set status = ?, location = ?, body = ? where id = ? and status is null" }
sql! { FORGET = "delete from idempotency_keys where created_at < ?" }

/// How long the key of a request is remembered: longer than clients try again.
pub const KEEP_KEYS: Duration = Duration::from_hours(24);
/// What breaks when two requests with one key are under way at once.
pub(super) const UNIQUE: &str = "idempotency_keys.id";

tokio::task_local! {
    static CURRENT: Arc<Once>;
}

/// One request that may be sent again.
#[derive(Debug)]
pub struct Once {
    key: String,
    /// A hash of method, address and body; known once the body was read.
    request: OnceLock<[u8; 32]>,
    now: Timestamp,
    /// Longest that such a request is under way.
    patience: Duration,
    /// Known once it is known who asks.
    id: OnceLock<[u8; 32]>,
    stored: AtomicBool,
}

/// What became of an earlier request with the same key.
#[derive(Debug)]
pub enum Earlier {
    /// There was none.
    None,
    /// It asked for something else.
    Other,
    /// It was done, and its answer is not known yet: it is under way.
    UnderWay,
    /// It was done, and its answer was lost: a server ended before it was kept.
    Lost,
    /// It was answered.
    Answered(Answer),
}

/// An answer to give again.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Where what was created is.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Once {
    /// A request by its key; it is under way for no longer than `patience`.
    pub fn new(key: String, now: Timestamp, patience: Duration) -> Arc<Self> {
        let (request, id, stored) = (OnceLock::new(), OnceLock::new(), AtomicBool::new(false));
        Arc::new(Self { key, request, now, patience, id, stored })
    }

    /// Runs a future as the answer to this request.
    pub async fn scope<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Keeps the answer to this request, if it has done something.
    pub async fn keep(&self, db: &Db, answer: Answer) -> Result<(), Error> {
        let Some(id) = self.id.get().filter(|_| self.stored.load(Ordering::SeqCst)) else {
            return Ok(());
        };
        let mut tx = db.begin().await?;
        tx.execute(
            statement(KEEP)
                .bind(i64::from(answer.status))
                .bind(answer.location)
                .bind(answer.body)
                .bind(id.to_vec()),
        )
        .await?;
        tx.commit().await
    }
}

/// A future that is part of the answer to the request that is being answered
/// now, whatever task it runs in.
pub fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let current = CURRENT.try_with(Arc::clone).ok();
    async move {
        match current {
            Some(once) => once.scope(future).await,
            None => future.await,
        }
    }
}

/// Notes the sender and the hash of the request that is being answered; returns the
/// outcome of an earlier request with the same key.
pub async fn claim(db: &Db, account: AccountId, request: [u8; 32]) -> Result<Earlier, Error> {
    let Ok(once) = CURRENT.try_with(Arc::clone) else { return Ok(Earlier::None) };
    let mut name = account.0.as_bytes().to_vec();
    name.extend_from_slice(once.key.as_bytes());
    let request = *once.request.get_or_init(|| request);
    let id = *once.id.get_or_init(|| sha256(&name));
    let Some(row) = db.optional(statement(FIND).bind(id.to_vec())).await? else {
        return Ok(Earlier::None);
    };
    if row.value::<Vec<u8>>("request")? != request {
        return Ok(Earlier::Other);
    }
    let status: Option<i64> = row.value("status")?;
    let Some(status) = status.and_then(|status| u16::try_from(status).ok()) else {
        let ends_at = row.time("created_at")?.plus(once.patience);
        return Ok(if once.now < ends_at { Earlier::UnderWay } else { Earlier::Lost });
    };
    let body: Option<Vec<u8>> = row.value("body")?;
    let location = row.value("location")?;
    Ok(Earlier::Answered(Answer { status, location, body: body.unwrap_or_default() }))
}

/// The statement that a transaction of such a request has to run before it commits.
pub(super) fn due() -> Option<Statement> {
    let once = CURRENT.try_with(Arc::clone).ok()?;
    let (id, request) = (once.id.get()?, once.request.get()?);
    if once.stored.swap(true, Ordering::SeqCst) {
        return None;
    }
    Some(statement(INSERT).bind(id.to_vec()).bind(request.to_vec()).bind(once.now.0))
}

/// The statement failed: another request has the key, and keeps its own answer.
pub(super) fn not_stored() {
    // There is one, or there had been no statement.
    let _ = CURRENT.try_with(|once| once.stored.store(false, Ordering::SeqCst));
}

/// Forgets keys that were sent before `before`.
pub async fn forget(db: &Db, before: Timestamp) -> Result<u64, Error> {
    let mut tx = db.begin().await?;
    let forgotten = tx.execute(statement(FORGET).bind(before.0)).await?;
    tx.commit().await?;
    Ok(forgotten)
}
