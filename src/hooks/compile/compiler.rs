//! The server's side of compiling: one child at a time, each with a time limit,
//! each way to end with its name.

use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{COMMAND, Job, Report, Task};
use crate::hooks::{
    load_error::{LoadCode, LoadError},
    meters,
};

/// How long an upload waits until the compiler is free. With plugins.compile_seconds
/// after it, that is within the time that its request has.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is read of a child's answer and of its last words.
const ANSWER_BYTES: u64 = 1 << 20;
const STDERR_BYTES: u64 = 16 << 10;

/// Starts compile children.
pub(in crate::hooks) struct Compiler {
    program: PathBuf,
    time: Duration,
    turn: Semaphore,
}

/// How a child ended.
struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    stderr: String,
}

impl Compiler {
    pub(in crate::hooks) fn new(program: PathBuf, time: Duration) -> Self {
        Self { program, time, turn: Semaphore::new(1) }
    }

    /// Has one job done. Dropping the future ends the child.
    pub(in crate::hooks) async fn run(
        &self,
        job: &Job,
        component: &[u8],
    ) -> Result<Report, LoadError> {
        let _queued = Queued::new();
        let _turn = self.turn(&job.task).await?;
        let result = self.run_child(job, component).await;
        meters::compiled(result.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok"));
        result
    }

    /// Waits for the compiler: for an upload, no longer than its sender can wait.
    async fn turn(&self, task: &Task) -> Result<SemaphorePermit<'_>, LoadError> {
        let turn = self.turn.acquire();
        let turn = match task {
            Task::Inspect => timeout(PATIENCE, turn).await.map_err(|_elapsed| {
                LoadError::new(LoadCode::Busy, "the compiler has other components to compile first")
            })?,
            Task::Activate { .. } => turn.await,
        };
        turn.map_err(|error| LoadError::host("the compiler is closed", error))
    }

    async fn run_child(&self, job: &Job, component: &[u8]) -> Result<Report, LoadError> {
        let mut input = serde_json::to_vec(job)
            .map_err(|error| LoadError::host("the job cannot be written", error))?;
        input.push(b'\n');
        let mut child = self.spawn(component.len())?;
        let ended = timeout(self.time, attend(&mut child, &input, component)).await;
        match ended {
            Ok(Ok(ended)) => ended.report(),
            Ok(Err(error)) => {
                stop(&mut child).await;
                Err(LoadError::host("the compiler cannot be talked to", error))
            }
            Err(_elapsed) => {
                stop(&mut child).await;
                let message =
                    format!("compiling the component took longer than {} s", self.time.as_secs());
                Err(LoadError::new(LoadCode::CompileTime, message))
            }
        }
    }

    fn spawn(&self, length: usize) -> Result<Child, LoadError> {
        Command::new(&self.program)
            .arg(COMMAND)
            .arg(length.to_string())
            // Settings and secrets of the server are none of its business.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| LoadError::host("the compiler cannot be started", error))
    }
}

async fn stop(child: &mut Child) {
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "a compiler could not be stopped");
    }
}

/// Gives the child its job and takes its answer.
async fn attend(child: &mut Child, job: &[u8], component: &[u8]) -> std::io::Result<Ended> {
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async move {
        let Some(stdin) = &mut stdin else { return };
        // A child that ended early closes its input; how it ended tells more.
        if stdin.write_all(job).await.is_ok() && stdin.write_all(component).await.is_ok() {
            let _closed = stdin.shutdown().await;
        }
    };
    let (status, (), answer, stderr) =
        tokio::join!(child.wait(), give, read(stdout, ANSWER_BYTES), read(stderr, STDERR_BYTES));
    Ok(Ended {
        status: status?,
        answer: answer?,
        stderr: String::from_utf8_lossy(&stderr?).into_owned(),
    })
}

async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl Ended {
    fn report(self) -> Result<Report, LoadError> {
        if self.status.success() {
            let answer: super::Answer = serde_json::from_slice(&self.answer)
                .map_err(|error| LoadError::host("the compiler's answer cannot be read", error))?;
            return answer;
        }
        let is = |signal: Signal| self.status.signal() == Some(signal.as_raw());
        let (code, what) = if is(Signal::XCPU) {
            (LoadCode::CompileCpu, "more processor time than its size allows")
        } else if is(Signal::ABORT) && self.stderr.contains(OUT_OF_MEMORY) {
            (LoadCode::CompileMemory, "more memory than its size allows")
        } else {
            tracing::warn!(status = %self.status, stderr = self.stderr, "a compiler broke down");
            return Err(LoadError::new(
                LoadCode::CompileCrash,
                "the compiler broke down on this component",
            ));
        };
        Err(LoadError::new(code, format!("compiling the component took {what}")))
    }
}

/// What the standard library says before it aborts.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// Counts a job as waiting or under way for as long as it lives.
struct Queued;

impl Queued {
    fn new() -> Self {
        meters::compile_queue(1.0);
        Self
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        meters::compile_queue(-1.0);
    }
}

#[cfg(test)]
mod tests;
