//! Jobs for workers outside: of another program, in another language. They are
//! given through a `BullMQ` queue of their own and looked after from here: each is
//! kept in the database until a worker has done it, and is given again when Redis
//! has lost it.

use std::time::Duration;

use bullmq::{
    Error, JobOptions, JobState, Queue,
    types::{BackoffStrategy, KeepJobs, RemoveOnFinish},
};
use serde_json::Value;
use tokio::{sync::Mutex, time::timeout};

use super::{
    LIMIT,
    bullmq::{SHOW_DONE, SHOW_FAILED, millis, options},
};
use crate::{
    base::secret::Secret,
    config::Config,
    jobs::model::{FIRST_DELAY, Failure, Job, MAX_ATTEMPTS},
    redis::Redis,
};

/// Longest time between two looks at whether a worker has done its job; the
/// first is after a second, each further one a second later.
const LOOK_MAX: Duration = Duration::from_secs(30);

/// The queue for workers outside.
pub struct Outside {
    redis: Redis,
    url: Secret<String>,
    queue: Mutex<Option<Queue>>,
}

impl Outside {
    /// Looks that are made before a job counts as failed: for a month.
    pub const LOOKS: u32 = 100_000;

    /// The queue; `None` without Redis.
    pub fn new(config: &Config, redis: Option<&Redis>) -> Option<Self> {
        let (redis, url) = (redis?.clone(), config.redis.url.clone());
        Some(Self { redis, url, queue: Mutex::new(None) })
    }

    /// Gives a job to workers outside, or sees what came of it. Its payload is
    /// a name and what is to be told.
    pub async fn hand_over(&self, job: Job) -> Result<(), Failure> {
        let (name, data) = job.read::<(String, Value)>()?;
        let mut queue = self.queue.lock().await;
        match timeout(LIMIT, self.look(&mut queue, &job, (&name, data))).await {
            Ok(Ok(done)) => done,
            failed => {
                // Its connection may be gone.
                *queue = None;
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "Redis took too long".to_owned(),
                };
                Err(Failure::RetryAfter(LOOK_MAX, why))
            }
        }
    }

    async fn look(
        &self,
        queue: &mut Option<Queue>,
        job: &Job,
        (name, data): (&str, Value),
    ) -> Result<Result<(), Failure>, Error> {
        let queue = if let Some(queue) = queue {
            queue
        } else {
            let of_events = format!("{}-events", self.redis.prefix());
            queue.insert(Queue::with_options(&of_events, options(&self.url)).await?)
        };
        let id = job.id.to_string();
        Ok(match queue.get_job_state(&id).await? {
            JobState::Completed => Ok(()),
            JobState::Failed => {
                let failed = queue.get_job(&id).await?;
                let why = failed.map(|job| job.failed_reason().to_owned()).unwrap_or_default();
                Err(Failure::For(why))
            }
            state => {
                if state == JobState::Unknown {
                    queue.add(name, data).options(terms(id)).await?;
                }
                let later = Duration::from_secs(job.attempt.into()).min(LOOK_MAX);
                Err(Failure::RetryAfter(later, "a worker outside has it".to_owned()))
            }
        })
    }
}

/// How a worker outside has a job: with the attempts that jobs have here.
fn terms(id: String) -> JobOptions {
    // There, ages are in seconds.
    let keep = |time: Duration| {
        let age = Some(time.as_secs());
        Some(RemoveOnFinish::Options(KeepJobs { age, count: None, limit: None }))
    };
    JobOptions {
        job_id: Some(id),
        attempts: Some(MAX_ATTEMPTS),
        backoff: Some(BackoffStrategy::Exponential(millis(FIRST_DELAY))),
        remove_on_complete: keep(SHOW_DONE),
        remove_on_fail: keep(SHOW_FAILED),
        ..JobOptions::default()
    }
}
