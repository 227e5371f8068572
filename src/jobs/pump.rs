//! The pump: passes on what happened, and has jobs done.
//!
//! Everything that it writes in one round goes into one transaction: what was
//! done since the last, what happened and who is to be told of it, and which
//! jobs are taken next. Between two rounds it rests, so that a busy forum has
//! few of them and its requests get the writer.
//!
//! Which jobs are next, the database says, or the tickets of a queue beside it
//! ([`Carrier`]); a job is taken in the database in either case.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

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
    carrier::{Carrier, Of, Offer, Ticket},
    handlers::{Handler, Handlers},
    model::{Failure, Fate, Job, JobRecord, JobState, NewJob},
    outbox, store,
    store::Due,
};
use crate::{
    base::clock::{Clock, Timestamp},
    crash::Point,
    db::{Db, Error, Tx},
    lifecycle::Lifecycle,
};

/// How often it looks for what is due when nobody wakes it, and nothing that was delayed
/// is due earlier: for what other processes wrote, which they do themselves while they run.
const POLL: Duration = Duration::from_secs(1);
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
pub(super) const LEASE: Duration = Duration::from_mins(1);
/// Jobs at the front that have a ticket in a queue beside the database: enough
/// for all servers, and few enough to be made again when they are lost.
const OFFERED: u32 = 500;

/// Most bytes of a job that somebody else has added: ids, and some words.
const FOREIGN_MAX: usize = 64 * 1024;

/// Passes on what happened, and has jobs done.
pub struct Pump {
    db: Db,
    clock: Clock,
    lifecycle: Lifecycle,
    handlers: Handlers,
    /// What is being done here, and until when it belongs to this process.
    running: HashMap<Uuid, Running>,
    done: UnboundedReceiver<Done>,
    tell: UnboundedSender<Done>,
    /// Turns of the jobs that are done at once.
    turns: Arc<Semaphore>,
    /// The queue beside the database, if there is one.
    carrier: Option<Carrier>,
    /// Taken there, and not yet here.
    tickets: Vec<Ticket>,
    /// Whether tickets that were made may be gone.
    is_emptied: bool,
    /// When the first job runs that was delayed at the last look.
    next_at: Option<Timestamp>,
}

/// A job that belongs to this process.
struct Running {
    job: JobRecord,
    lease: Timestamp,
    /// Its ticket, if it was taken by one.
    ticket: Option<Ticket>,
    /// How far it is, in percent.
    told: Arc<AtomicU32>,
    /// How far it is as its ticket shows.
    shown: u32,
}

impl Running {
    fn new(job: JobRecord, lease: Timestamp, ticket: Option<Ticket>) -> Self {
        let shown = job.progress;
        Self { job, lease, ticket, told: Arc::new(AtomicU32::new(shown)), shown }
    }
}

/// A job that was just taken.
struct Taken {
    running: Running,
    handler: Handler,
}

/// What a round has written, and is to be shown in the queue beside the database.
#[derive(Default)]
struct Written {
    taken: Vec<Taken>,
    settled: Vec<(Ticket, Fate)>,
    offers: Vec<Offer>,
}

/// What came of a job.
struct Done {
    job: Uuid,
    /// `None`: it was not begun, since the server closes.
    result: Option<Result<(), Failure>>,
}

impl Pump {
    /// A pump that stands still.
    pub fn new(
        db: &Db,
        clock: Clock,
        lifecycle: Lifecycle,
        handlers: Handlers,
        carrier: Option<Carrier>,
    ) -> Self {
        let (tell, done) = unbounded_channel();
        Self {
            db: db.beside_requests(),
            clock,
            lifecycle,
            handlers,
            running: HashMap::new(),
            done,
            tell,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            carrier,
            tickets: Vec::new(),
            is_emptied: false,
            next_at: None,
        }
    }

    /// How long it rests when nobody wakes it.
    fn rest(&self) -> Duration {
        self.next_at.map_or(POLL, |next_at| POLL.min(next_at.since(self.clock.now())))
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
                () = sleep(self.rest()) => {}
                done = self.done.recv() => finished.extend(done),
            }
            self.collect(&mut finished);
            self.show_progress().await;
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
            // Tickets were taken, and nothing came of them.
            self.is_emptied = true;
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
            .filter(|(_, running)| running.lease < half || running.lease > now.plus(LEASE))
            .map(|(id, _)| *id)
            .collect();
        let free = most.saturating_sub(self.running.len() - finished.len().min(self.running.len()));
        let is_beside = self.take_tickets(free).await;
        let due = free > 0
            && if is_beside {
                self.is_emptied
                    || !self.tickets.is_empty()
                    || self.is_due(store::due_beside(&self.db, now).await?)
            } else {
                self.is_due(store::due(&self.db, now).await?)
            };
        if finished.is_empty() && renewed.is_empty() && !due {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let mut fates = Vec::with_capacity(finished.len());
        let mut usual = Vec::new();
        for done in finished {
            let Some(Running { job, ticket, .. }) = self.running.get(&done.job) else { continue };
            if done.result == Some(Ok(())) && !job.keep && ticket.is_none() {
                usual.push(job);
                fates.push((job.id, Fate::Done));
            } else {
                fates.push((job.id, end(&mut tx, job, done, now).await?));
            }
        }
        store::delete_done(&mut tx, &usual).await?;
        for id in &renewed {
            if let Some(Running { job, .. }) = self.running.get(id) {
                store::renew(&mut tx, job, now.plus(LEASE)).await?;
            }
        }
        let mut written = Written::default();
        if due {
            if outbox::pass_on(&mut tx, &self.handlers, now).await? {
                tx.wake_at_commit();
            }
            store::wake(&mut tx, now).await?;
            if is_beside {
                self.take_by_tickets(&mut tx, &mut written, now).await?;
            } else {
                self.take(&mut tx, &mut written, (free, now)).await?;
            }
        }
        tx.commit().await?;
        self.show(written, fates, (&renewed, now)).await;
        Ok(())
    }

    /// Whether there is something to do now; remembers when there will be.
    fn is_due(&mut self, due: Due) -> bool {
        self.next_at = due.next_at;
        due.is_due
    }

    /// Takes tickets for so many jobs. False when there is no queue beside the
    /// database, or it is away.
    async fn take_tickets(&mut self, free: usize) -> bool {
        let Some(carrier) = &mut self.carrier else { return false };
        let Ok(tickets) = carrier.take(free.saturating_sub(self.tickets.len())).await else {
            // What they are for is taken from the database.
            self.tickets.clear();
            return false;
        };
        self.is_emptied |= carrier.is_new();
        self.tickets.extend(tickets);
        true
    }

    /// Takes as many jobs as there is room for.
    async fn take(
        &mut self,
        tx: &mut Tx,
        written: &mut Written,
        (most, now): (usize, Timestamp),
    ) -> Result<(), Error> {
        let mut usual = Vec::new();
        for job in store::next(tx, most).await? {
            match self.handlers.find(&job.kind) {
                Some(handler) if job.attempts < job.max_attempts => {
                    usual.push((job, handler.clone()));
                }
                _ => self.take_one(tx, written, (job, None), now).await?,
            }
        }
        if usual.is_empty() {
            return Ok(());
        }
        let lease = now.plus(LEASE);
        store::claim_next(tx, usual.len(), lease).await?;
        written.taken.extend(usual.into_iter().map(|(job, handler)| {
            let running = Running::new(job, lease, None);
            Taken { running, handler }
        }));
        Ok(())
    }

    /// Takes the jobs that there are tickets for, and has tickets made for what
    /// is next.
    async fn take_by_tickets(
        &mut self,
        tx: &mut Tx,
        written: &mut Written,
        now: Timestamp,
    ) -> Result<(), Error> {
        for ticket in std::mem::take(&mut self.tickets) {
            let id = match &ticket.of {
                Of::Job(id) => *id,
                Of::Foreign { id, kind, payload } => {
                    let fate = self.accept(tx, (id, kind, payload), now).await?;
                    written.settled.push((ticket, fate));
                    continue;
                }
            };
            match store::find_in(tx, id).await? {
                Some(job) if job.state == JobState::Waiting => {
                    self.take_one(tx, written, (job, Some(ticket)), now).await?;
                }
                Some(job) if job.state == JobState::Failed && ticket.is_lasting() => {
                    self.take_again(tx, written, (job, ticket), now).await?;
                }
                Some(JobRecord { state: JobState::Delayed, run_at, .. }) => {
                    let early = Fate::Delayed(run_at.since(now), "it is early".to_owned());
                    written.settled.push((ticket, early));
                }
                _ => written.settled.push((ticket, Fate::Elsewhere)),
            }
        }
        if std::mem::take(&mut self.is_emptied) {
            store::withdraw_offers(tx).await?;
        }
        let offers = store::offer(tx, OFFERED, (now, now.plus(LEASE))).await?;
        written.offers.extend(offers.into_iter().map(|(job, again)| Offer { job, again }));
        Ok(())
    }

    /// Takes a job that had failed, and that somebody wants tried again where the
    /// queue is shown.
    async fn take_again(
        &self,
        tx: &mut Tx,
        written: &mut Written,
        (job, ticket): (JobRecord, Ticket),
        now: Timestamp,
    ) -> Result<(), Error> {
        tracing::info!(kind = job.kind, id = %job.id, "a job is tried again, as its queue says");
        store::retry(tx, job.id, now).await?;
        let job = JobRecord { state: JobState::Waiting, attempts: 0, ..job };
        self.take_one(tx, written, (job, Some(ticket)), now).await
    }

    /// Makes a job of what somebody else has added to the queue, if it is of a
    /// kind that may be.
    async fn accept(
        &self,
        tx: &mut Tx,
        (id, kind, payload): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<Fate, Error> {
        let Some(known) = self.handlers.accepted(kind).filter(|_| payload.len() <= FOREIGN_MAX)
        else {
            tracing::warn!(kind, "a job that somebody else has added is refused");
            return Ok(Fate::Failed("this kind of job is not accepted, or too large".to_owned()));
        };
        let job = NewJob { payload: payload.to_owned(), ..NewJob::new(known, &()) };
        let added = store::enqueue(tx, job.once(format!("bullmq/{id}")), now).await?;
        // It may have been taken before, and not shown as such.
        Ok(added.map_or(Fate::Elsewhere, Fate::Accepted))
    }

    /// Takes one job that waits.
    async fn take_one(
        &self,
        tx: &mut Tx,
        written: &mut Written,
        (job, ticket): (JobRecord, Option<Ticket>),
        now: Timestamp,
    ) -> Result<(), Error> {
        let (mut settled, lease) = (Fate::Elsewhere, now.plus(LEASE));
        if let Some(handler) = self.handlers.find(&job.kind) {
            if store::claim(tx, job.id, lease).await? {
                if job.attempts < job.max_attempts {
                    let handler = handler.clone();
                    let running = Running::new(job, lease, ticket);
                    written.taken.push(Taken { running, handler });
                    return Ok(());
                }
                // It took the process with it each time.
                let gone = Failure::For("it was begun too often and never ended".to_owned());
                settled = store::finish(tx, &job, Err(gone), now).await?;
            }
        } else {
            tracing::warn!(kind = job.kind, id = %job.id, "a job of an unknown kind is parked");
            store::set_parked(tx, job.id).await?;
        }
        written.settled.extend(ticket.map(|ticket| (ticket, settled)));
        Ok(())
    }

    /// Begins what was taken, and shows in the queue beside the database what was
    /// written. What cannot be shown now is found out when its ticket is taken.
    async fn show(
        &mut self,
        written: Written,
        fates: Vec<(Uuid, Fate)>,
        (renewed, now): (&[Uuid], Timestamp),
    ) {
        // First: what was given back may have been taken again.
        let mut settled = written.settled;
        for (id, fate) in fates {
            let ticket = self.running.remove(&id).and_then(|running| running.ticket);
            settled.extend(ticket.map(|ticket| (ticket, fate)));
        }
        for Taken { running, handler } in written.taken {
            Point::JobsTaken.pass();
            self.start(running, &handler);
        }
        for id in renewed {
            self.running.entry(*id).and_modify(|running| running.lease = now.plus(LEASE));
        }
        let Some(carrier) = &mut self.carrier else { return };
        for id in renewed {
            if let Some(Running { ticket: Some(ticket), .. }) = self.running.get(id) {
                let _ = carrier.renew(ticket).await;
            }
        }
        for (ticket, fate) in settled {
            Point::TicketsDue.pass();
            let _ = carrier.settle(ticket, &fate).await;
        }
        if !written.offers.is_empty() && carrier.offer(&written.offers).await.is_ok() {
            // There are tickets to be taken.
            self.db.jobs_added();
        }
    }

    /// Shows in the queue beside the database how far jobs are.
    async fn show_progress(&mut self) {
        let Some(carrier) = &mut self.carrier else { return };
        for running in self.running.values_mut() {
            let told = running.told.load(Ordering::Relaxed);
            if let (Some(ticket), true) = (&mut running.ticket, told != running.shown)
                && carrier.progress(ticket, told).await.is_ok()
            {
                running.shown = told;
            }
        }
    }

    fn start(&mut self, running: Running, handler: &Handler) {
        let Handler { limit, work } = handler.clone();
        let record = &running.job;
        let (id, kind, tell) = (record.id, record.kind.clone(), self.tell.clone());
        let job = Job {
            id,
            attempt: record.attempts + 1,
            payload: record.payload.clone(),
            db: self.db.clone(),
            told: Arc::clone(&running.told),
        };
        self.running.insert(id, running);
        let lifecycle = self.lifecycle.clone();
        let mut turn = Box::pin(Arc::clone(&self.turns).acquire_owned());
        // Asked for here, so that turns come in the order in which jobs were taken.
        let at_once = (&mut turn).now_or_never();
        self.lifecycle.spawn(async move {
            let turn = if let Some(turn) = at_once {
                turn.ok()
            } else {
                tokio::select! {
                    biased;
                    () = lifecycle.closing() => None,
                    turn = turn => turn.ok(),
                }
            };
            if turn.is_none() {
                // Fails when the pump is gone: then its lease comes to an end.
                let _ = tell.send(Done { job: id, result: None });
                return;
            }
            let work = AssertUnwindSafe(async { work(job).await }).catch_unwind();
            let result = timeout(limit, work).await;
            Point::JobDone.pass();
            let result = match result {
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

/// Writes down what came of a job.
async fn end(tx: &mut Tx, job: &JobRecord, done: &Done, now: Timestamp) -> Result<Fate, Error> {
    match &done.result {
        Some(result) => store::finish(tx, job, result.clone(), now).await,
        None => store::give_back(tx, job).await.map(|()| Fate::Returned),
    }
}
