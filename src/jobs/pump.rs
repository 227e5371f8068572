//! The pump: passes on what happened, and has jobs done.
//!
//! Everything that it writes in one round goes into one transaction: what was
//! done since the last, what happened and who is to be told of it, and which
//! jobs are taken next. Between two rounds it rests, so that a busy forum has
//! few of them and its requests get the writer.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    handlers::{Handler, Handlers},
    model::{Failure, Job, JobRecord, JobState},
    outbox, store,
};
use crate::{
    base::clock::{Clock, Timestamp},
    db::{Db, Error, Tx},
    lifecycle::Lifecycle,
};

/// How often it looks for what is due when nobody wakes it: what other
/// processes wrote, and what was delayed.
const POLL: Duration = Duration::from_millis(200);
/// Rest after a round: at most 40 rounds a second take the writer.
const REST: Duration = Duration::from_millis(25);
/// Rest after a round that the database did not let happen.
const REST_AFTER_ERROR: Duration = Duration::from_secs(1);
/// Jobs that are done at once: they wait for the database and for plugins, so
/// there may be more of them than cores, and few enough to leave the pool of
/// plugin instances to requests.
const AT_ONCE: usize = 8;
/// Jobs that belong to a process at once, those included that wait for their
/// turn: with [`REST`] at most 2,560 a second, so that what limits the queue is
/// the work, and not the pump. What is taken and not begun is another process'
/// loss, and goes back when this one closes.
const TAKEN: usize = 64;
/// How long a job belongs to a process that is not heard of any more. A job
/// that is being done is renewed at half of it, however long it takes.
const LEASE: Duration = Duration::from_mins(1);

/// Passes on what happened, and has jobs done.
pub struct Pump {
    db: Db,
    clock: Clock,
    lifecycle: Lifecycle,
    handlers: Handlers,
    /// What is being done here, and until when it belongs to this process.
    running: HashMap<Uuid, (JobRecord, Timestamp)>,
    done: UnboundedReceiver<Done>,
    tell: UnboundedSender<Done>,
    /// Turns of the jobs that are done at once.
    turns: Arc<Semaphore>,
}

/// What came of a job.
struct Done {
    job: Uuid,
    /// `None`: it was not begun, since the server closes.
    result: Option<Result<(), Failure>>,
}

impl Pump {
    /// A pump that stands still.
    pub fn new(db: &Db, clock: Clock, lifecycle: Lifecycle, handlers: Handlers) -> Self {
        let (tell, done) = unbounded_channel();
        let (db, running) = (db.beside_requests(), HashMap::new());
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { db, clock, lifecycle, handlers, running, done, tell, turns }
    }

    /// Works until the server closes and what it has begun is done.
    pub async fn run(mut self) {
        let closing = self.lifecycle.clone();
        self.retry_until_written(Self::unpark).await;
        loop {
            let mut finished = Vec::new();
            tokio::select! {
                () = closing.closing() => break,
                () = self.db.woken() => {}
                () = sleep(POLL) => {}
                done = self.done.recv() => finished.extend(done),
            }
            self.collect(&mut finished);
            self.round_until_written(&finished, TAKEN).await;
            sleep(REST).await;
        }
        while !self.running.is_empty() {
            let Some(done) = self.done.recv().await else { break };
            let mut finished = vec![done];
            self.collect(&mut finished);
            self.round_until_written(&finished, 0).await;
        }
    }

    /// What was done meanwhile.
    fn collect(&mut self, finished: &mut Vec<Done>) {
        while let Ok(done) = self.done.try_recv() {
            finished.push(done);
        }
    }

    /// A round; when the database does not let it happen, what is done would be
    /// done again, so it is tried until it does.
    async fn round_until_written(&mut self, finished: &[Done], most: usize) {
        while let Err(error) = self.round(finished, most).await {
            tracing::warn!(%error, "the queue waits for the database");
            sleep(REST_AFTER_ERROR).await;
            if self.lifecycle.is_closing() {
                self.forget(finished);
                break;
            }
        }
    }

    async fn round(&mut self, finished: &[Done], most: usize) -> Result<(), Error> {
        let now = self.clock.now();
        let half = now.plus(LEASE / 2);
        let renewed: Vec<Uuid> = self
            .running
            .iter()
            .filter(|(_, (_, lease))| *lease < half || *lease > now.plus(LEASE))
            .map(|(id, _)| *id)
            .collect();
        let free = most.saturating_sub(self.running.len() - finished.len().min(self.running.len()));
        let due = free > 0 && store::is_due(&self.db, now).await?;
        if finished.is_empty() && renewed.is_empty() && !due {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for done in finished {
            match (self.running.get(&done.job), &done.result) {
                (Some((job, _)), Some(result)) => {
                    store::finish(&mut tx, job, result.clone(), now).await?;
                }
                (Some((job, _)), None) => store::give_back(&mut tx, job.id).await?,
                (None, _) => {}
            }
        }
        for id in &renewed {
            store::renew(&mut tx, *id, now.plus(LEASE)).await?;
        }
        let taken = if due { self.take(&mut tx, free, now).await? } else { Vec::new() };
        tx.commit().await?;
        for id in renewed {
            self.running.entry(id).and_modify(|(_, lease)| *lease = now.plus(LEASE));
        }
        self.forget(finished);
        for (job, handler) in taken {
            self.start(job, &handler, now.plus(LEASE));
        }
        Ok(())
    }

    /// Passes on what happened and takes as many jobs as there is room for.
    async fn take(
        &self,
        tx: &mut Tx,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<(JobRecord, Handler)>, Error> {
        if outbox::pass_on(tx, &self.handlers, now).await? {
            tx.wake_at_commit();
        }
        store::wake(tx, now).await?;
        let mut taken = Vec::new();
        for job in store::next(tx, most).await? {
            let Some(handler) = self.handlers.find(&job.kind) else {
                tracing::warn!(kind = job.kind, id = %job.id, "a job of an unknown kind is parked");
                store::set_parked(tx, job.id).await?;
                continue;
            };
            store::claim(tx, job.id, now.plus(LEASE)).await?;
            if job.attempts >= job.max_attempts {
                // It took the process with it each time.
                let gone = Failure::For("it was begun too often and never ended".to_owned());
                store::finish(tx, &job, Err(gone), now).await?;
                continue;
            }
            taken.push((job, handler.clone()));
        }
        Ok(taken)
    }

    fn start(&mut self, record: JobRecord, handler: &Handler, lease: Timestamp) {
        let Handler { limit, work } = handler.clone();
        let (id, kind, tell) = (record.id, record.kind.clone(), self.tell.clone());
        let job = Job {
            id,
            attempt: record.attempts + 1,
            payload: record.payload.clone(),
            db: self.db.clone(),
        };
        self.running.insert(id, (record, lease));
        let (turns, lifecycle) = (Arc::clone(&self.turns), self.lifecycle.clone());
        self.lifecycle.spawn(async move {
            let turn = tokio::select! {
                biased;
                () = lifecycle.closing() => None,
                turn = turns.acquire() => turn.ok(),
            };
            if turn.is_none() {
                // Fails when the pump is gone: then its lease comes to an end.
                let _ = tell.send(Done { job: id, result: None });
                return;
            }
            let work = AssertUnwindSafe(async { work(job).await }).catch_unwind();
            let result = match timeout(limit, work).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(Failure::Retry("it panicked".to_owned())),
                Err(_) => Err(Failure::Retry(format!("it took longer than {limit:?}"))),
            };
            match &result {
                Ok(()) => {
                    metrics::counter!("gatherly_jobs_done_total", "kind" => kind).increment(1);
                }
                Err(failure) => {
                    tracing::warn!(kind, job = %id, ?failure, "a job was not done");
                    metrics::counter!("gatherly_job_failures_total", "kind" => kind).increment(1);
                }
            }
            // Fails when the pump is gone: then it will be done again.
            let _ = tell.send(Done { job: id, result: Some(result) });
        });
    }

    fn forget(&mut self, finished: &[Done]) {
        for done in finished {
            self.running.remove(&done.job);
        }
    }

    async fn unpark(&mut self) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::unpark(&mut tx).await?;
        outbox::give_back(&mut tx).await?;
        tx.commit().await
    }

    async fn retry_until_written(&mut self, write: impl AsyncFn(&mut Self) -> Result<(), Error>) {
        while let Err(error) = write(self).await {
            tracing::warn!(%error, "the queue waits for the database");
            sleep(REST_AFTER_ERROR).await;
            if self.lifecycle.is_closing() {
                break;
            }
        }
    }

    /// Deletes some of what was done long ago; how much.
    pub async fn sweep(db: &Db, now: Timestamp) -> Result<u64, Error> {
        store::sweep(&db.beside_requests(), now).await
    }

    /// Tells the metrics how many jobs there are and how old the oldest is.
    pub async fn measure(db: &Db, now: Timestamp) -> Result<(), Error> {
        let depths = store::depths(&db.beside_requests()).await?;
        for state in JobState::ALL.into_iter().filter(|state| *state != JobState::Completed) {
            let (jobs, oldest) = depths
                .iter()
                .find(|(found, ..)| *found == state)
                .map_or((0, now), |(_, jobs, oldest)| (*jobs, *oldest));
            let age = now.since(oldest).as_secs_f64();
            metrics::gauge!("gatherly_jobs", "state" => state.as_str()).set(f64::from(jobs));
            metrics::gauge!("gatherly_jobs_oldest_seconds", "state" => state.as_str()).set(age);
        }
        Ok(())
    }
}
