//! `gatherly jobs`: the queue, on the database itself; whether a server runs or
//! not.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Subcommand, ValueEnum, builder::PossibleValue};
use uuid::Uuid;

use crate::{
    base::{
        Error,
        clock::Clock,
        page::{MAX_LIMIT, Page, PageRequest},
        text::one_line,
    },
    config::Config,
    db::Db,
    job_admin,
    jobs::{self, JobRecord, JobState},
};

#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// Print jobs, the newest first: id, state, attempts, kind, when it runs, last error
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<JobState>,
        /// Only those of this kind
        #[arg(long)]
        kind: Option<String>,
        /// Only those older than the one with this id
        #[arg(long, value_name = "ID")]
        before: Option<Uuid>,
    },
    /// Have a job that failed, or is to be tried later, tried now
    Retry {
        /// The job's id
        id: Uuid,
    },
    /// Drop a job that nobody is doing: it will never be done
    Drop {
        /// The job's id
        id: Uuid,
    },
}

impl ValueEnum for JobState {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

impl Jobs {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let db = Db::open(&config).await?;
        let done = self.act(&db).await;
        db.close().await;
        match done {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Error::NotFound) => bail!("there is no such job"),
            Err(Error::Conflict { message, .. }) => bail!("{message}"),
            Err(error) => Err(error.into()),
        }
    }

    async fn act(self, db: &Db) -> Result<(), Error> {
        match self {
            Self::List { state, kind, before } => {
                let page = PageRequest { after: before, limit: MAX_LIMIT };
                let found = jobs::list(db, (state, kind), &page).await?;
                let found = Page::cut(found, page.limit, |job| job.id);
                for job in &found.items {
                    super::plugin::print(&line(job));
                }
                if let (Some(_), Some(last)) = (found.next_cursor, found.items.last()) {
                    eprintln!("There are more: --before {}", last.id);
                }
            }
            Self::Retry { id } => {
                let job = job_admin::retry(db, id, None, Clock::system().now()).await?;
                super::plugin::print(&format!("{} is tried again.", job.kind));
            }
            Self::Drop { id } => {
                let job = job_admin::remove(db, id, None, Clock::system().now()).await?;
                super::plugin::print(&format!("{} was dropped.", job.kind));
            }
        }
        Ok(())
    }
}

/// One job in one line.
fn line(job: &JobRecord) -> String {
    let error = one_line(job.last_error.as_deref().unwrap_or(""));
    let (state, kind) = (job.state.as_str(), one_line(&job.kind));
    let line = format!(
        "{} {state:<9} {:>3} % {}/{} {kind} {} {error}",
        job.id, job.progress, job.attempts, job.max_attempts, job.run_at
    );
    line.trim_end().to_owned()
}
