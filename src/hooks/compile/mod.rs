//! Compiling, in a process of its own.
//!
//! A component can attack the compiler: 100 kB of it can cost a minute and a
//! gigabyte. So the server never compiles: it starts itself again with a hidden
//! command ([`child`]), which limits itself first, checks, configures, takes a
//! snapshot and compiles, and leaves the result in a file. [`Compiler`] starts
//! one such process at a time and tells the ways apart in which it can end.
//! [`cache`] keeps what was compiled and lets nothing else be loaded.

pub(super) mod cache;
mod check;
mod child;
mod compiler;
mod snapshot;

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

pub use child::{COMMAND, run as run_child};
pub(super) use compiler::Compiler;

use super::{
    catalogue::HookPoint,
    contract::Contract,
    load_error::{LoadCode, LoadError},
    sandbox::{Limits, LogLine},
};

/// What the server asks of the child: one line of JSON, then the component.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) task: Task,
    /// What calls may use.
    pub(super) limits: Limits,
    /// What taking the settings may use.
    pub(super) configure_limits: Limits,
}

/// What to do with the component.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// Check everything that can be checked without settings.
    Inspect,
    /// Make an artefact.
    Activate {
        /// The settings to take.
        settings: String,
        /// Where to leave the artefact.
        artefact: PathBuf,
    },
}

/// What the child answers, as JSON.
pub(super) type Answer = Result<Report, LoadError>;

/// What was learnt of a component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) hooks: Vec<HookPoint>,
    pub(super) contract: Contract,
    pub(super) imports: Vec<String>,
    pub(super) lifecycle: bool,
    /// Memory of a fresh instance.
    pub(super) memory: usize,
    /// Whether the artefact has taken its settings.
    pub(super) snapshot: bool,
    /// What the component logged while it took them.
    pub(super) log: Vec<LogLine>,
}

/// Whether components can be compiled here: has a child, which must be able to
/// limit itself and to start the engine, look at one that is none.
pub async fn try_out(program: PathBuf, time: Duration) -> Result<(), LoadError> {
    let limits = Limits { cpu_ms: 1, memory: 0 };
    let job = Job { task: Task::Inspect, limits, configure_limits: limits };
    match Compiler::new(program, time).run(&job, &[]).await {
        Err(error) if error.code == LoadCode::NotAComponent => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(LoadError::host("the compiler cannot be believed", "it took what is none")),
    }
}
