//! What carries jobs to those who do them, beside the database: queues in Redis,
//! where workers on any server get them and other programs see them.
//!
//! A queue has tickets, one for each job that waits. Who takes a ticket claims
//! the job in the database, and nobody does a job without having claimed it: a
//! ticket that is lost, doubled or too old harms nothing. While Redis is away,
//! jobs are taken from the database itself.

mod bullmq;
mod outside;
mod rsmq;

pub use outside::Outside;

use std::time::Duration;

use tokio::time::{Instant, timeout};
use uuid::Uuid;

use self::{bullmq::Bullmq, rsmq::Rsmq};
use super::model::{Fate, JobRecord};
use crate::{
    config::{Config, JobBackend},
    redis::{Away, Redis},
};

/// How long a ticket belongs to who took it and is not heard of any more: less long
/// than the job does, so that nobody holds it when it is offered once more, and longer
/// than it takes until it is renewed.
pub(super) const LEASE: Duration = super::pump::LEASE.saturating_mul(3).checked_div(4).unwrap();
/// Longest that the pump waits for one thing to be done in Redis.
const LIMIT: Duration = Duration::from_millis(500);
/// Longest that it waits for a queue to be made ready: connections, TLS and scripts.
const OPEN_LIMIT: Duration = Duration::from_secs(2);
/// How long a queue that failed is left alone.
const REST: Duration = Duration::from_secs(1);

/// A queue failed; why, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

impl From<Away> for Failed {
    fn from(away: Away) -> Self {
        Self(away.to_string())
    }
}

/// A job that waits, to be put into a queue.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) job: JobRecord,
    /// Whether it was put there before: it may be there, in any state.
    pub(super) again: bool,
}

/// What stands for a job in a queue, in the hands of who took it.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) of: Of,
    held: Held,
}

impl Ticket {
    /// Whether there is one for each job, which stays when the job has failed: it
    /// comes again only when somebody says so.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self.held, Held::Bullmq(_))
    }
}

/// What a ticket stands for.
#[derive(Clone, Debug)]
pub(super) enum Of {
    /// A job of the database.
    Job(Uuid),
    /// A job that somebody else has added.
    Foreign {
        /// Its id in the queue.
        id: String,
        /// Its kind, if there is such a kind, and it is accepted.
        kind: String,
        /// JSON.
        payload: String,
    },
}

#[derive(Debug)]
enum Held {
    Rsmq(rsmq::Message),
    Bullmq(Box<bullmq::Held>),
}

/// A queue of jobs in Redis.
pub struct Carrier {
    redis: Redis,
    backend: Backend,
    /// `None` until it is needed, and after a failure.
    queue: Option<Queue>,
    /// Not before this, after a failure.
    rests_until: Instant,
    /// Whether tickets may be missing.
    is_new: bool,
}

enum Backend {
    Rsmq,
    /// The address of Redis, for a library with connections of its own.
    Bullmq(crate::base::secret::Secret<String>),
}

enum Queue {
    Rsmq(Box<Rsmq>),
    Bullmq(Box<Bullmq>),
}

impl Carrier {
    /// The queue that the settings name; `None` when it is the database itself.
    pub fn new(config: &Config, redis: Option<&Redis>) -> Option<Self> {
        let backend = match config.jobs.backend {
            JobBackend::Database => return None,
            JobBackend::Rsmq => Backend::Rsmq,
            JobBackend::Bullmq => Backend::Bullmq(config.redis.url.clone()),
        };
        let redis = redis?.clone();
        Some(Self { redis, backend, queue: None, rests_until: Instant::now(), is_new: false })
    }

    /// Whether tickets that were made may be gone, since the last call.
    pub(super) fn is_new(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }

    /// Takes tickets, at most so many.
    pub(super) async fn take(&mut self, most: usize) -> Result<Vec<Ticket>, Away> {
        self.with(async |queue| match queue {
            Queue::Rsmq(queue) => {
                let messages = queue.take(most).await?;
                let ticket =
                    |(job, message)| Ticket { of: Of::Job(job), held: Held::Rsmq(message) };
                Ok(messages.into_iter().map(ticket).collect())
            }
            Queue::Bullmq(queue) => {
                let taken = queue.take(most).await?;
                let ticket = |(of, held)| Ticket { of, held: Held::Bullmq(Box::new(held)) };
                Ok(taken.into_iter().map(ticket).collect())
            }
        })
        .await
    }

    /// Makes tickets.
    pub(super) async fn offer(&mut self, offers: &[Offer]) -> Result<(), Away> {
        self.with(async |queue| match queue {
            Queue::Rsmq(queue) => queue.offer(offers).await,
            Queue::Bullmq(queue) => queue.offer(offers).await,
        })
        .await
    }

    /// Shows how far a ticket's job is, in percent.
    pub(super) async fn progress(&mut self, ticket: &mut Ticket, percent: u32) -> Result<(), Away> {
        self.with(async |queue| match (queue, &mut ticket.held) {
            (Queue::Bullmq(_), Held::Bullmq(held)) => held.progress(percent).await,
            // A message says nothing of it.
            _ => Ok(()),
        })
        .await
    }

    /// Keeps a ticket whose job is being done.
    pub(super) async fn renew(&mut self, ticket: &Ticket) -> Result<(), Away> {
        self.with(async |queue| match (queue, &ticket.held) {
            (Queue::Rsmq(queue), Held::Rsmq(message)) => queue.renew(message).await,
            (Queue::Bullmq(_), Held::Bullmq(held)) => held.renew().await,
            _ => Ok(()),
        })
        .await
    }

    /// Shows what came of a ticket's job, once that is stored.
    pub(super) async fn settle(&mut self, ticket: Ticket, fate: &Fate) -> Result<(), Away> {
        self.with(async |queue| match (queue, ticket.held) {
            (Queue::Rsmq(queue), Held::Rsmq(message)) => queue.settle(&message, fate).await,
            (Queue::Bullmq(_), Held::Bullmq(held)) => held.settle(fate).await,
            _ => Ok(()),
        })
        .await
    }

    /// Does something with the queue, in time. One that failed is made
    /// anew: its connection may be gone, and Redis empty.
    async fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Queue) -> Result<T, Failed>,
    ) -> Result<T, Away> {
        if !self.redis.is_here() || Instant::now() < self.rests_until {
            self.queue = None;
            return Err(Away);
        }
        let limit = if self.queue.is_some() { LIMIT } else { OPEN_LIMIT };
        let done = timeout(limit, async {
            if self.queue.is_none() {
                self.queue = Some(self.backend.open(&self.redis).await?);
                self.is_new = true;
            }
            match &mut self.queue {
                Some(queue) => work(queue).await,
                None => Err(Failed("there is no queue".to_owned())),
            }
        });
        let failure = match done.await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(failure)) => failure,
            Err(_elapsed) => Failed("it took too long".to_owned()),
        };
        tracing::warn!(%failure, "jobs are taken from the database: the queue in Redis failed");
        self.queue = None;
        self.rests_until = Instant::now() + REST;
        Err(Away)
    }
}

impl Backend {
    async fn open(&self, redis: &Redis) -> Result<Queue, Failed> {
        Ok(match self {
            Self::Rsmq => Queue::Rsmq(Box::new(Rsmq::open(redis).await?)),
            Self::Bullmq(url) => Queue::Bullmq(Box::new(Bullmq::open(redis, url).await?)),
        })
    }
}
