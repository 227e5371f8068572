//! Looking at jobs, and deciding what becomes of those that do not get on.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    base::{
        Error,
        actor::Actor,
        clock::{Clock, Timestamp},
        page::{Page, PageRequest},
    },
    db::Db,
    http::{Action, RateLimits},
    jobs::{self, JobRecord, JobState},
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
        let job = retry(&self.db, id, self.clock.now()).await?;
        tracing::info!(by = actor.username, job = %id, kind = job.kind, "a job is tried again");
        Ok(job)
    }

    /// Drops a job. For admins.
    pub(super) async fn remove(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        only_admins(actor)?;
        self.limits.check_actor(Action::Write, actor).await?;
        let job = remove(&self.db, id).await?;
        tracing::warn!(by = actor.username, job = %id, kind = job.kind, "a job was dropped");
        Ok(())
    }
}

/// Has a job that failed, or is to be tried later, tried now, with all its
/// attempts before it. As it is then.
pub async fn retry(db: &Db, id: Uuid, now: Timestamp) -> Result<JobRecord, Error> {
    let mut tx = db.begin().await?;
    let retried = jobs::retry(&mut tx, id, now).await?;
    let job = jobs::find_in(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if !retried {
        let state = job.state.as_str();
        let message = format!("Only a failed or delayed job can be tried again; it is {state}.");
        return Err(Error::conflict("job_not_retryable", message));
    }
    tx.commit().await?;
    Ok(job)
}

/// Drops a job that nobody is doing: it will never be done. As it was.
pub async fn remove(db: &Db, id: Uuid) -> Result<JobRecord, Error> {
    let mut tx = db.begin().await?;
    let job = jobs::find_in(&mut tx, id).await?.ok_or(Error::NotFound)?;
    if !jobs::remove(&mut tx, id).await? {
        let message = "The job is being done; what is being done cannot be dropped.";
        return Err(Error::conflict("job_active", message));
    }
    tx.commit().await?;
    Ok(job)
}

fn only_admins(actor: &Actor) -> Result<(), Error> {
    if actor.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("admins_only", "Only admins look after jobs."))
}
