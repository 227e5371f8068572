//! Looking at jobs, and deciding what becomes of those that do not get on.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        ids::AccountId,
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    http::{Action, RateLimits},
    jobs::{self, JobRecord, JobState},
    mod_actions::{self, ActionKind, NewAction, Target},
};

/// Jobs for admins; cheap to clone.
#[derive(Clone)]
pub struct JobAdmin {
    db: Db,
    clock: Clock,
    limits: Arc<RateLimits>,
}

impl JobAdmin {
    /// The feature.
    pub fn new(db: Db, clock: Clock, limits: Arc<RateLimits>) -> Self {
        Self { db, clock, limits }
    }

    /// Jobs, the newest first. For admins.
    pub(super) async fn list(
        &self,
        actor: &Actor,
        wanted: (Option<JobState>, Option<String>),
        page: &PageRequest<Uuid>,
    ) -> Result<Page<JobRecord>, Error> {
        only_admins(actor)?;
        let rows = jobs::list(&self.db, wanted, page).await?;
        Ok(Page::cut(rows, page.limit, |row| row.id))
    }

    /// One job. For admins.
    pub(super) async fn find(&self, actor: &Actor, id: Uuid) -> Result<JobRecord, Error> {
        only_admins(actor)?;
        jobs::find(&self.db, id).await?.ok_or(Error::NotFound)
    }

    /// Has a job tried again, and shows it. For admins.
    pub(super) async fn retry(&self, actor: &Actor, id: Uuid) -> Result<JobRecord, Error> {
        only_admins(actor)?;
        self.limits.check_actor(Action::Write, actor).await?;
        let job = retry(&self.db, id, Some(actor.id), self.clock.now()).await?;
        tracing::info!(by = actor.username, job = %id, kind = job.kind, "a job is tried again");
        Ok(job)
    }

    /// Drops a job. For admins.
    pub(super) async fn remove(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        only_admins(actor)?;
        self.limits.check_actor(Action::Write, actor).await?;
        let job = remove(&self.db, id, Some(actor.id), self.clock.now()).await?;
        tracing::warn!(by = actor.username, job = %id, kind = job.kind, "a job was dropped");
        Ok(())
    }
}

/// Schedules a failed or delayed job again, with all its attempts before it, and returns
/// the job. Without `by`, the operator does so on the command line.
pub async fn retry(
    db: &Db,
    id: Uuid,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<JobRecord, Error> {
    let mut tx = db.begin().await?;
    let retried = jobs::retry(&mut tx, id, now).await?;
    let job = jobs::find_in(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if !retried {
        let state = job.state.as_str();
        let message = format!("Only a failed or delayed job can be tried again; it is {state}.");
        return Err(Error::conflict("job_not_retryable", message));
    }
    log(&mut tx, ActionKind::RetryJob, &job, (by, now)).await?;
    tx.commit().await?;
    Ok(job)
}

/// Drops a job that no worker is doing, for good, and returns the job as it was. Without
/// `by`, the operator does so on the command line.
pub async fn remove(
    db: &Db,
    id: Uuid,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<JobRecord, Error> {
    let mut tx = db.begin().await?;
    let job = jobs::find_in(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if !jobs::remove(&mut tx, id).await? {
        let message = "The job is being done; what is being done cannot be dropped.";
        return Err(Error::conflict("job_active", message));
    }
    log(&mut tx, ActionKind::DropJob, &job, (by, now)).await?;
    tx.commit().await?;
    Ok(job)
}

/// Writes an act on a job into the log. The detail is the id and the kind of the job.
async fn log(
    tx: &mut Tx,
    kind: ActionKind,
    job: &JobRecord,
    (by, now): (Option<AccountId>, Timestamp),
) -> Result<(), Error> {
    let detail = Some(format!("job {} {}", job.id, job.kind));
    let action = NewAction { detail, ..NewAction::of(kind, Target::Site) };
    mod_actions::record_of(tx, by, &action, now).await.map(drop)
}

fn only_admins(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("admins_only", "Only admins look after jobs."))
}
