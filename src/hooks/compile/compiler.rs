//! The server's side of compiling: one child at a time, each with a time limit,
//! each way to end with its name.

use std::{
    fs,
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
    time::{sleep, timeout},
};

use super::{COMMAND, Job, Report, Task, child};
use crate::hooks::{
    load_error::{LoadCode, LoadError},
    meters,
};

/// How long an upload waits until the compiler is free. With `plugins.compile_seconds`
/// after it, that is within the time that its request has.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is read of a child's answer and of its last words.
const ANSWER_BYTES: u64 = 1 << 20;
const STDERR_BYTES: u64 = 16 << 10;

/// A child that gets less than this part of a core stands still.
const LEAST_SHARE: u32 = 50;
/// Where `/proc/PID/stat` has the processor time spent for the program, counted from
/// the field behind its name; the one spent for it in the system follows.
const USER_TIME_FIELD: usize = 11;
/// Milliseconds of its ticks: Linux tells a hundred a second on every machine.
const TICK_MS: u64 = 10;

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
        let stalls = stalls(child.id(), self.time);
        let ended = tokio::select! {
            ended = attend(&mut child, &input, component) => Some(ended),
            () = stalls => None,
        };
        match ended {
            Some(Ok(ended)) => ended.report(component.len()),
            Some(Err(error)) => {
                stop(&mut child).await;
                Err(LoadError::host("the compiler cannot be talked to", error))
            }
            None => {
                stop(&mut child).await;
                let message = format!(
                    "compiling the component came to a standstill: in {} s it had less than a \
                     {LEAST_SHARE}th of a core. Try again when the machine has less to do, or \
                     raise plugins.compile_seconds",
                    self.time.as_secs()
                );
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

/// Ends once the process had less than [`LEAST_SHARE`] of a core in a whole window
/// of time: it waits for something, or the machine is too busy for it. While it
/// works it may go on, so the time on the clock that a compile may take grows with
/// what else the machine has to do; its processor time has a bound of its own.
async fn stalls(process: Option<u32>, window: Duration) {
    let mut before = Duration::ZERO;
    loop {
        sleep(window).await;
        let used = process.and_then(processor_time).unwrap_or_default();
        if used.saturating_sub(before) < window / LEAST_SHARE {
            return;
        }
        before = used;
    }
}

/// The processor time that a process has had so far; `None` where the system does
/// not tell.
fn processor_time(process: u32) -> Option<Duration> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, can hold anything.
    let (_, fields) = line.rsplit_once(')')?;
    let mut ticks = fields.split_ascii_whitespace().skip(USER_TIME_FIELD).take(2);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * TICK_MS))
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
    /// How the child ended with a component of this length.
    fn report(self, length: usize) -> Result<Report, LoadError> {
        if self.status.success() {
            let answer: super::Answer = serde_json::from_slice(&self.answer)
                .map_err(|error| LoadError::host("the compiler's answer cannot be read", error))?;
            if answer.as_ref().is_err_and(|error| error.code == LoadCode::CompileCrash) {
                self.tell();
            }
            return answer;
        }
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let is = |signal: Signal| self.status.signal() == Some(signal.as_raw());
        let (code, message) = if is(Signal::XCPU) {
            let most = child::cpu_seconds(length);
            let message = format!(
                "compiling the component takes more than {most} s of processor time, the limit \
                 for {length} bytes; make its functions smaller"
            );
            (LoadCode::CompileCpu, message)
        } else if is(Signal::ABORT) && self.stderr.contains(OUT_OF_MEMORY) {
            let most = child::memory(length);
            let message = format!(
                "compiling the component takes more than {most} bytes of memory, the limit for \
                 {length} bytes; make its functions, or what its settings leave in memory, smaller"
            );
            (LoadCode::CompileMemory, message)
        } else {
            self.tell();
            let message = format!("the compiler broke down on this component: {}", self.status);
            (LoadCode::CompileCrash, message)
        };
        Err(LoadError::new(code, message))
    }

    /// Puts into the log what is known of a child that broke down.
    fn tell(&self) {
        tracing::warn!(status = %self.status, stderr = self.stderr, "a compiler broke down");
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
