//! The compile child: limits itself, does one job, exits.
//!
//! It runs with an empty environment and knows no secret. Whatever it is given
//! may be made to break it: the server believes nothing of it but its report,
//! and that only as far as a report goes.

use std::{
    fs,
    io::{self, BufRead, Read, Write},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};

use super::{Answer, Job, Report, Task, check, snapshot};
use crate::{
    base::text::one_line,
    config::Allocator,
    hooks::{
        engine::{self, Slots},
        load_error::{LoadCode, LoadError},
        output,
        ticker::Ticker,
    },
};

/// The hidden command that starts the child, followed by the component's length.
pub const COMMAND: &str = "compile-plugin";

/// Processor seconds for any component, and for each MiB of it. A component of
/// 12 MB written by a compiler takes 16 s; one written against the compiler
/// takes a minute for 100 kB. Time on the clock does not count: a busy machine is
/// no fault of the component's.
const CPU_SECONDS: u64 = 5;
const CPU_SECONDS_PER_MIB: u64 = 2;
/// Memory for any component, and for each MiB of it: 12 MB take 585 MB.
const MEMORY: u64 = 256 << 20;
const MEMORY_PER_MIB: u64 = 40 << 20;
/// A server that is not optimised has that many times more: its compiler takes
/// twice as long, and such servers run where people try things out, on cores that
/// are a few times slower than those of servers. The bundled policy (1.4 MB) takes
/// 4 s on a core of 2026 and may take 54.
const SLOWDOWN: u64 = if cfg!(debug_assertions) { 6 } else { 1 };
/// Longest message of a panic that is passed on.
const PANIC_BYTES: usize = 256;
/// Largest file that the child may write.
const FILE: u64 = 512 << 20;
/// Behind everything that serves the forum.
const NICENESS: i32 = 10;

/// Runs the child: the job comes on standard input, the answer goes to standard
/// output. `length` is that of the component.
pub fn run(length: u64) -> ExitCode {
    if let Err(error) = restrict(length) {
        return answer(&Err(LoadError::host("the compiler's limits cannot be set", error)));
    }
    answer(&read_job().and_then(|(job, component)| survive(|| perform(&job, &component))))
}

/// Names the panic when one ends the work: the libraries at work here have flaws
/// that some component meets.
fn survive(work: impl FnOnce() -> Answer) -> Answer {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().copied();
        let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let words = output::truncated(words.unwrap_or("no reason was given"), PANIC_BYTES);
        let message = format!("the compiler broke down on this component: {}", one_line(words));
        Err(LoadError::new(LoadCode::CompileCrash, message))
    })
}

fn answer(answer: &Answer) -> ExitCode {
    let written = serde_json::to_vec(answer)
        .map_err(io::Error::other)
        .and_then(|json| io::stdout().lock().write_all(&json));
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Processor seconds that compiling a component of this length may take.
pub(super) fn cpu_seconds(length: u64) -> u64 {
    SLOWDOWN * (CPU_SECONDS + CPU_SECONDS_PER_MIB * length.div_ceil(1 << 20))
}

/// Bytes of memory that compiling a component of this length may take.
pub(super) fn memory(length: u64) -> u64 {
    MEMORY + MEMORY_PER_MIB * length.div_ceil(1 << 20)
}

/// First thing of all: what is beyond ends the process.
fn restrict(length: u64) -> io::Result<()> {
    // Of address space instances reserve gigabytes; what counts is what can be
    // written to.
    for (resource, most) in [
        (Resource::Cpu, cpu_seconds(length)),
        (Resource::Data, memory(length)),
        (Resource::Core, 0),
        (Resource::Fsize, FILE),
    ] {
        setrlimit(
            resource,
            Rlimit { current: Some(most), maximum: Some(most + u64::from(most > 0)) },
        )?;
    }
    nice(NICENESS)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn read_job() -> Result<(Job, Vec<u8>), LoadError> {
    let unreadable = |error: io::Error| LoadError::host("the job cannot be read", error);
    let mut input = io::stdin().lock();
    let mut line = String::new();
    input.read_line(&mut line).map_err(unreadable)?;
    let job = serde_json::from_str(&line).map_err(|error| unreadable(error.into()))?;
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(unreadable)?;
    Ok((job, component))
}

fn perform(job: &Job, component: &[u8]) -> Answer {
    let engine = engine::build(Allocator::Pooling, Slots::ONE)
        .map_err(|error| LoadError::host("the compiler cannot be started", format!("{error:#}")))?;
    let ticker = Ticker::start(engine)
        .map_err(|error| LoadError::host("no thread can be started", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| LoadError::host("no runtime can be started", error))?;
    let surface = check::surface(component)?;
    runtime.block_on(async {
        match &job.task {
            Task::Inspect => {
                let compiled = check::compile(ticker.engine(), component)?;
                let memory =
                    check::instantiate(&ticker, &compiled, &surface.hooks, job.limits).await?;
                Ok(Report { memory, ..Report::new(surface) })
            }
            Task::Activate { settings, artefact } => {
                let configured = snapshot::configure(&ticker, component, settings, job).await?;
                let compiled = check::compile(ticker.engine(), &configured.component)?;
                let memory =
                    check::instantiate(&ticker, &compiled, &surface.hooks, job.limits).await?;
                let bytes = compiled.serialize().map_err(|error| {
                    LoadError::new(LoadCode::InvalidComponent, format!("{error:#}"))
                })?;
                fs::write(artefact, bytes)
                    .map_err(|error| LoadError::host("the artefact cannot be written", error))?;
                Ok(Report {
                    memory,
                    snapshot: configured.snapshot,
                    log: configured.log,
                    ..Report::new(surface)
                })
            }
        }
    })
}

impl Report {
    fn new(surface: check::Surface) -> Self {
        Self {
            hooks: surface.hooks,
            contract: surface.contract,
            imports: surface.imports,
            lifecycle: surface.lifecycle,
            memory: 0,
            snapshot: false,
            log: Vec::new(),
        }
    }
}
