//! Statements are counted: those of requests, and all. Those of a request are kept where
//! somebody wants to ask them again.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::Statement;

/// One thing that was asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A write transaction begins; what follows is part of it.
    Begin,
    /// For all rows.
    All(Statement),
    /// For the one row, if there is one.
    Optional(Statement),
    /// For a change.
    Execute(Statement),
    /// The transaction is to last.
    Commit,
}

tokio::task_local! {
    /// Where it is kept, if it is.
    static REQUEST: Option<Arc<Mutex<Vec<Asked>>>>;
}

/// Does what a request asks for: its statements are counted, and no others.
pub async fn of_request<T>(work: impl Future<Output = T>) -> T {
    REQUEST.scope(None, work).await
}

/// The same; what it asked is told in its order. For benches, which ask it again.
pub async fn recorded<T>(work: impl Future<Output = T>) -> (T, Vec<Asked>) {
    let kept = Arc::default();
    let result = REQUEST.scope(Some(Arc::clone(&kept)), work).await;
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    (result, std::mem::take(&mut *kept))
}

/// How many statements were run.
#[derive(Debug, Default)]
pub(super) struct Counts {
    of_requests: AtomicU64,
    in_all: AtomicU64,
}

impl Counts {
    /// Those within [`of_request`].
    pub(super) fn of_requests(&self) -> u64 {
        self.of_requests.load(Ordering::Relaxed)
    }

    /// Those, and what the server asks for itself.
    pub(super) fn in_all(&self) -> u64 {
        self.in_all.load(Ordering::Relaxed)
    }
}

/// Counts a statement.
pub(super) fn count(counts: &Counts, asked: impl FnOnce() -> Asked) {
    counts.in_all.fetch_add(1, Ordering::Relaxed);
    let _outside = REQUEST.try_with(|kept| {
        counts.of_requests.fetch_add(1, Ordering::Relaxed);
        keep(kept.as_ref(), asked);
    });
}

/// Marks where a transaction begins or ends.
pub(super) fn mark(asked: Asked) {
    let _outside = REQUEST.try_with(|kept| keep(kept.as_ref(), || asked));
}

fn keep(kept: Option<&Arc<Mutex<Vec<Asked>>>>, asked: impl FnOnce() -> Asked) {
    if let Some(kept) = kept {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(asked());
    }
}
