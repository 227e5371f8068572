//! Who does what: kinds of jobs, and who listens to which event.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};

use super::model::{Failure, Job, LISTENER_LIMIT};
use crate::{
    base,
    events::{Event, Occurrence},
};

/// Does one job.
pub type Work = Arc<dyn Fn(Job) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// Whether a listener wants to be told of an event.
type Wants = Arc<dyn Fn(&Event) -> bool + Send + Sync>;

/// Who does one kind of job.
#[derive(Clone)]
pub(super) struct Handler {
    /// How long it may take. A lease is longer.
    pub(super) limit: Duration,
    pub(super) work: Work,
}

/// Everybody who does something; cheap to clone.
#[derive(Clone, Default)]
pub struct Handlers {
    kinds: BTreeMap<&'static str, Handler>,
    listeners: Vec<(&'static str, Wants)>,
    /// Kinds of jobs that others may add.
    accepted: Vec<String>,
}

impl Handlers {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has jobs of a kind done by `work`, each within `limit`.
    #[must_use]
    pub fn on<F>(
        mut self,
        kind: &'static str,
        limit: Duration,
        work: impl Fn(Job) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let work: Work = Arc::new(move |job| work(job).boxed());
        self.kinds.insert(kind, Handler { limit, work });
        self
    }

    /// Tells a listener of what it wants to be told. It is told at least once,
    /// and must do the same when it is told twice.
    #[must_use]
    pub fn listen<F>(
        mut self,
        name: &'static str,
        wants: impl Fn(&Event) -> bool + Send + Sync + 'static,
        listener: impl Fn(Occurrence) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), base::Error>> + Send + 'static,
    {
        self.listeners.push((name, Arc::new(wants)));
        self.on(name, LISTENER_LIMIT, move |job| {
            let told = job.read::<Occurrence>().map(&listener);
            async move { Ok(told?.await?) }
        })
    }

    /// Lets others add jobs of these kinds.
    #[must_use]
    pub fn accepting(self, kinds: &[String]) -> Self {
        Self { accepted: kinds.to_vec(), ..self }
    }

    /// The same with something around everything that is done.
    #[must_use]
    pub fn wrapped(mut self, wrap: impl Fn(Work) -> Work) -> Self {
        for handler in self.kinds.values_mut() {
            handler.work = wrap(Arc::clone(&handler.work));
        }
        self
    }

    /// Who wants to be told of an event.
    pub(super) fn listeners(&self, event: &Event) -> impl Iterator<Item = &'static str> {
        self.listeners.iter().filter(|(_, wants)| wants(event)).map(|(name, _)| *name)
    }

    /// A kind of jobs that others may add, if it is one.
    pub(super) fn accepted(&self, kind: &str) -> Option<&'static str> {
        let (kind, _) = self.kinds.get_key_value(kind)?;
        self.accepted.iter().any(|accepted| accepted == kind).then_some(*kind)
    }

    pub(super) fn find(&self, kind: &str) -> Option<&Handler> {
        self.kinds.get(kind)
    }
}
