//! `/jobs`

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
};
use serde::Serialize;
use uuid::Uuid;

use super::service::JobAdmin;
use crate::{
    base::page::PageRequest,
    http::{Problem, Rendered, Tag, Time},
    jobs::{JobRecord, JobState},
    sessions::SignedIn,
};

/// How far a job is.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum JobStateName {
    /// To be done.
    Waiting,
    /// Being done.
    Active,
    /// To be done later, or tried again then.
    Delayed,
    /// Done; kept for a day if somebody may ask.
    Completed,
    /// Tried too often; kept for 30 days.
    Failed,
    /// Nobody here knows its kind; a server of another version may.
    Parked,
}

impl From<JobState> for JobStateName {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => Self::Waiting,
            JobState::Active => Self::Active,
            JobState::Delayed => Self::Delayed,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Parked => Self::Parked,
        }
    }
}

impl From<JobStateName> for JobState {
    fn from(state: JobStateName) -> Self {
        match state {
            JobStateName::Waiting => Self::Waiting,
            JobStateName::Active => Self::Active,
            JobStateName::Delayed => Self::Delayed,
            JobStateName::Completed => Self::Completed,
            JobStateName::Failed => Self::Failed,
            JobStateName::Parked => Self::Parked,
        }
    }
}

/// Work of the server; without its payload, which may hold what is private.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct JobView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// What does it: a listener, or a kind of job of its own.
    kind: String,
    /// How far it is.
    state: JobStateName,
    /// The higher goes first.
    priority: i64,
    /// Times that it was tried.
    attempts: u32,
    /// Times that it is tried before it counts as failed. It backs off in
    /// between: 1, 2, 4, 8 s and so on, at most 15 minutes.
    max_attempts: u32,
    /// How much of it is done, in percent.
    progress: u32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// Not before this, RFC 3339.
    run_at: Time,
    /// When it was added, RFC 3339.
    created_at: Time,
    /// When it was done or given up, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
}

impl From<JobRecord> for JobView {
    fn from(job: JobRecord) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            state: job.state.into(),
            priority: job.priority,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            progress: job.progress,
            last_error: job.last_error,
            run_at: job.run_at.into(),
            created_at: job.created_at.into(),
            finished_at: job.finished_at.map(Time::from),
        }
    }
}

/// Jobs, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct JobList {
    /// This page.
    items: Vec<JobView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum Dropped {
    /// It will not be done.
    #[oai(status = 204)]
    Done,
}

/// Operations on jobs.
#[derive(Clone)]
pub struct JobsApi {
    /// The feature.
    pub jobs: JobAdmin,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::System")]
impl JobsApi {
    /// List jobs
    ///
    /// For admins, the newest first. What is done is gone, but for jobs that
    /// somebody may ask for.
    #[oai(path = "/jobs", method = "get", operation_id = "list_jobs")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// In this state.
        state: Query<Option<JobStateName>>,
        /// Of this kind.
        kind: Query<Option<String>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<JobList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let wanted = (state.0.map(JobState::from), kind.0);
        let page = self.jobs.list(&actor, wanted, &page).await?.map(JobView::from);
        Ok(Rendered::new(&JobList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Show a job
    ///
    /// For admins.
    #[oai(path = "/jobs/:id", method = "get", operation_id = "show_job")]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The job's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<JobView>, Problem> {
        Ok(Rendered::new(&self.jobs.find(&actor, id.0).await?.into()))
    }

    /// Try a job again
    ///
    /// For admins: a job that failed, or is to be tried later, is tried now, with
    /// all its attempts before it. 409 in any other state.
    #[oai(path = "/jobs/:id/retry", method = "post", operation_id = "retry_job")]
    async fn retry(
        &self,
        SignedIn(actor): SignedIn,
        /// The job's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<JobView>, Problem> {
        Ok(Rendered::new(&self.jobs.retry(&actor, id.0).await?.into()))
    }

    /// Drop a job
    ///
    /// For admins: it will never be done. 409 while it is being done.
    #[oai(path = "/jobs/:id", method = "delete", operation_id = "drop_job")]
    async fn remove(
        &self,
        SignedIn(actor): SignedIn,
        /// The job's id.
        id: Path<Uuid>,
    ) -> Result<Dropped, Problem> {
        self.jobs.remove(&actor, id.0).await?;
        Ok(Dropped::Done)
    }
}
