//! A queue in `BullMQ`'s own layout, by its makers' library: dashboards and
//! workers in other languages see the same jobs. A job's id there is its id here.
//!
//! The library's worker takes jobs only when it is asked to: what becomes of a
//! job is decided by the database, and shown in the queue afterwards. What somebody
//! does to a job there: one that failed and is retried is retried; one that is removed
//! comes back within a lease, for only the database forgets a job.

use std::time::Duration;

use bullmq::{
    Error, Job, JobOptions, JobState, Queue, QueueOptions, Worker, WorkerOptions,
    types::{BackoffStrategy, JobProgress},
};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Failed, LEASE, Of, Offer};
use crate::{
    base::secret::Secret,
    jobs::model::{FIRST_DELAY, Fate, JobRecord},
    redis::Redis,
};

/// What keys begin with, as in `BullMQ` for Node when nothing is set.
const PREFIX: &str = "bull";
/// The priority there of a job with the priority 0 here: there the lower goes
/// first, from 1 to two millions.
const USUAL_PRIORITY: i64 = 1_000_000;
const LOWEST_PRIORITY: i64 = 2_000_000;
/// How long what is done and what failed is shown.
pub(super) const SHOW_DONE: Duration = Duration::from_hours(1);
pub(super) const SHOW_FAILED: Duration = Duration::from_hours(24 * 30);
/// How often what was shown long enough is deleted, and how much at once.
const SWEEP: Duration = Duration::from_mins(1);
const SWEEP_MOST: u32 = 1_000;
/// Shown where the job is another's by now, or done.
const ELSEWHERE: &str = "done elsewhere";

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// A job that was taken.
pub(super) struct Held(Job);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Held").field(&self.0.id()).finish()
    }
}

/// The queue.
pub(super) struct Bullmq {
    queue: Queue,
    worker: Worker,
    node: Uuid,
    taken: u64,
    swept: Instant,
}

impl Bullmq {
    pub(super) async fn open(redis: &Redis, url: &Secret<String>) -> Result<Self, Failed> {
        let options = options(url);
        let working = WorkerOptions {
            connection: options.connection.clone(),
            prefix: PREFIX.to_owned(),
            autorun: false,
            lock_duration: millis(LEASE),
            ..WorkerOptions::default()
        };
        let queue = Queue::with_options(redis.prefix(), options).await?;
        // It is never run: jobs are taken one by one.
        let none = async |_, _| Ok(Value::Null);
        let worker = Worker::with_options(redis.prefix(), none, working).await?;
        Ok(Self { queue, worker, node: Uuid::new_v4(), taken: 0, swept: Instant::now() })
    }

    pub(super) async fn take(&mut self, most: usize) -> Result<Vec<(Of, Held)>, Failed> {
        let mut taken = Vec::new();
        while taken.len() < most {
            self.taken += 1;
            let token = format!("{}:{}", self.node, self.taken);
            let Some(job) = self.worker.get_next_job_nonblocking(&token).await? else { break };
            let of = match Uuid::parse_str(job.id()) {
                Ok(id) => Of::Job(id),
                Err(_) => Of::Foreign {
                    id: job.id().to_owned(),
                    kind: job.name().to_owned(),
                    payload: job.data().to_string(),
                },
            };
            taken.push((of, Held(job)));
        }
        if self.swept.elapsed() > SWEEP {
            self.swept = Instant::now();
            self.queue.clean(millis(SHOW_DONE), SWEEP_MOST, "completed").await?;
            self.queue.clean(millis(SHOW_FAILED), SWEEP_MOST, "failed").await?;
        }
        Ok(taken)
    }

    pub(super) async fn offer(&mut self, offers: &[Offer]) -> Result<(), Failed> {
        for Offer { job, again } in offers {
            if *again {
                // It may be there in any state, or held by somebody who is gone.
                let id = job.id.to_string();
                match self.queue.get_job_state(&id).await? {
                    JobState::Waiting | JobState::Prioritized => continue,
                    _ => self.queue.remove(&id).await?,
                };
            }
            self.add(job).await?;
        }
        Ok(())
    }

    async fn add(&self, job: &JobRecord) -> Result<(), Failed> {
        let data: Value = serde_json::from_str(&job.payload).unwrap_or_default();
        let priority = (USUAL_PRIORITY - job.priority).clamp(1, LOWEST_PRIORITY);
        let options = JobOptions {
            job_id: Some(job.id.to_string()),
            attempts: Some(job.max_attempts),
            // As it is here, but for what is random in it.
            backoff: Some(BackoffStrategy::Exponential(millis(FIRST_DELAY))),
            priority: u32::try_from(priority).ok(),
            timestamp: u64::try_from(job.created_at.0).ok(),
            ..JobOptions::default()
        };
        self.queue.add(&job.kind, data).options(options).await?;
        Ok(())
    }
}

impl Held {
    pub(super) async fn renew(&self) -> Result<(), Failed> {
        Ok(self.0.extend_lock(self.0.token().unwrap_or_default(), millis(LEASE)).await?)
    }

    pub(super) async fn progress(&mut self, percent: u32) -> Result<(), Failed> {
        match self.0.update_progress(JobProgress::Number(f64::from(percent))).await {
            // Somebody removed it from the queue.
            Err(Error::Script { .. }) => Ok(()),
            shown => Ok(shown?),
        }
    }

    pub(super) async fn settle(mut self, fate: &Fate) -> Result<(), Failed> {
        let job = &mut self.0;
        let done = match fate {
            Fate::Done => job.move_to_completed("done").await,
            Fate::Accepted(id) => job.move_to_completed(&id.to_string()).await,
            Fate::Elsewhere => job.move_to_completed(ELSEWHERE).await,
            Fate::Failed(why) => job.move_to_failed(why).await,
            Fate::Delayed(delay, why) => {
                job.log(why).await?;
                job.move_to_delayed(unix_millis().saturating_add(millis(*delay))).await
            }
            Fate::Returned => job.move_to_wait(None).await.map(drop),
        };
        match done {
            // Its lock came to an end, or somebody removed it: the database has
            // what is true.
            Err(Error::Script { code, .. }) => {
                tracing::debug!(code, id = job.id(), "a job is not as it was in the queue");
                Ok(())
            }
            done => Ok(done?),
        }
    }
}

/// Where queues are.
pub(super) fn options(url: &Secret<String>) -> QueueOptions {
    let mut options = QueueOptions { prefix: PREFIX.to_owned(), ..QueueOptions::default() };
    options.connection.url.clone_from(url.expose());
    options
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What time it is for the library, which goes by the system's clock.
fn unix_millis() -> u64 {
    u64::try_from(crate::base::clock::Clock::system().now().0).unwrap_or(0)
}
