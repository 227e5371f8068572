//! What this process has committed and others wait for: parts of it that look
//! anew, and other processes on the same database. News says only that it is
//! worth looking; the database has the facts, and is looked at now and then by
//! whoever missed the news.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;
use uuid::Uuid;

/// What there is to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// What people read: answers that were kept are stale.
    Reads,
    /// Something that happened, or a job.
    Jobs,
    /// Which plugins are at work where.
    Plugins,
    /// The notifications of an account.
    Notified(Uuid),
}

/// What nobody has been told of yet, each once however often it was said.
#[derive(Debug, Default)]
pub(super) struct News {
    untold: Mutex<HashSet<Topic>>,
    some: Notify,
}

impl News {
    pub(super) fn add(&self, topic: Topic) {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).insert(topic);
        self.some.notify_one();
    }

    /// Waits until there is something.
    pub(super) async fn next(&self) -> Vec<Topic> {
        loop {
            let told: Vec<Topic> =
                self.untold.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            if !told.is_empty() {
                return told;
            }
            self.some.notified().await;
        }
    }
}
