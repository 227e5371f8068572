//! What surrounds one instance: its limits, its log, and the store it lives in.
//!
//! [`store`] is the only place where stores are made, so that none is without
//! its deadline, its memory limit and its caps on what crosses the boundary.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wasmtime::{
    ResourceLimiter, Store, UpdateDeadline,
    component::{ComponentType, Lift},
};

use super::{
    answering::Lent,
    answers::Rendered,
    decision::AnyEvent,
    engine::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES},
    fault::{CpuExhausted, HostCallsExhausted},
    grants::Grants,
    imports,
    model::Purpose,
    ports::{About, Ports},
    state_write::StateWrite,
    ticker::{Ticker, Ticking},
    transcript::{Tape, Transcript},
};
use crate::base::text;

/// Bytes that one crossing of the boundary may copy. The engine's default of
/// 128 MiB lets aliased strings cost half a second.
const COPIED_BYTES: usize = 1 << 20;
/// Resources that a guest may hold. The contract has one; WASI has streams.
const HANDLES: usize = 1_000;
/// Calls to the host in one call of a hook: far more than a rule needs, far
/// fewer than would be felt.
const HOST_CALLS: u32 = 1_000;
/// Steps for each byte of Markdown that is rendered: see [`imports::Meter`]. An
/// optimised build renders a byte in some 30 nanoseconds.
const RENDERED_BYTE: u64 = 6;
/// What a guest may log in one call; the rest is dropped.
const LOG_LINES: usize = 20;
const LOG_BYTES: usize = 4 << 10;

/// What one call may use.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Limits {
    /// Milliseconds of processor time.
    pub(super) cpu_ms: u32,
    /// Bytes, all memories together.
    pub(super) memory: usize,
}

/// How serious a line of a plugin's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift)]
#[serde(rename_all = "snake_case")]
#[component(enum)]
#[repr(u8)]
pub enum LogLevel {
    /// For the plugin's author.
    #[component(name = "debug")]
    Debug,
    /// Worth knowing.
    #[component(name = "info")]
    Info,
    /// Worth looking at.
    #[component(name = "warn")]
    Warn,
    /// Went wrong.
    #[component(name = "error")]
    Error,
}

/// A line that a plugin wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How serious.
    pub level: LogLevel,
    /// The text, on one line.
    pub message: String,
}

/// What one call is about, and what its guest may do.
#[derive(Clone)]
pub(super) struct Call {
    /// What the guest is asked about.
    pub(super) event: Arc<dyn AnyEvent>,
    /// Why it is asked.
    pub(super) purpose: Purpose,
    /// Whose state it has.
    pub(super) binding: Uuid,
    /// What was granted to the binding.
    pub(super) grants: Arc<Grants>,
    /// What the host answers from.
    pub(super) ports: Arc<Ports>,
    /// The answers to give, when a recorded call is played back.
    pub(super) playback: Option<Transcript>,
}

/// The host's side of one instance.
pub(super) struct Guest {
    pub(super) memory: Memory,
    pub(super) log: Vec<LogLine>,
    /// What it is asked; `None` while it is started and takes its settings.
    pub(super) call: Option<Call>,
    /// What the host answered it.
    pub(super) tape: Tape,
    /// What it wants remembered.
    pub(super) writes: Vec<StateWrite>,
    /// What it has used of what is counted for a whole call.
    pub(super) used: imports::Used,
    /// The work that the host still does for it.
    pub(super) meter: imports::Meter,
    about: Option<Arc<About>>,
    plugin: Arc<str>,
    pub(super) log_bytes_left: usize,
    host_calls: u32,
    cpu_ms: u32,
    ticks: u32,
    _ticking: Ticking,
}

/// Memory of one instance, all of its memories summed.
pub(super) struct Memory {
    used: usize,
    most: usize,
    /// The most that it ever had.
    pub(super) peak: usize,
    /// Whether it asked for more than it may have.
    pub(super) refused: bool,
    /// The declared maximum of a memory that was to grow beyond it.
    declared_most: Option<usize>,
}

impl Memory {
    /// Bytes that it has now.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Lets it have so many bytes more.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.most = self.most.saturating_add(bytes);
    }

    /// The declared maximum of a memory, when one was to grow beyond it.
    pub(super) fn declared_most(&self) -> Option<usize> {
        self.declared_most
    }
}

/// A store for one instance of `plugin`, with all limits set.
pub(super) fn store(
    ticker: &Arc<Ticker>,
    limits: Limits,
    plugin: &Arc<str>,
    mut call: Option<Call>,
) -> Store<Guest> {
    let playback = call.as_mut().and_then(|call| call.playback.take());
    let guest = Guest {
        memory: Memory {
            used: 0,
            most: limits.memory,
            peak: 0,
            refused: false,
            declared_most: None,
        },
        log: Vec::new(),
        call,
        tape: playback.map_or_else(Tape::record, Tape::play),
        writes: Vec::new(),
        used: imports::Used::default(),
        meter: imports::Meter::for_guest(limits.cpu_ms),
        about: None,
        plugin: Arc::clone(plugin),
        log_bytes_left: LOG_BYTES,
        host_calls: 0,
        cpu_ms: limits.cpu_ms,
        ticks: 0,
        _ticking: ticker.ticking(),
    };
    let mut store = Store::new(ticker.engine(), guest);
    store.limiter(|guest| &mut guest.memory);
    store.set_hostcall_fuel(COPIED_BYTES);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| store.data_mut().tick());
    store
}

impl Guest {
    /// One tick went by while the guest ran: others may run, and its time is less.
    fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.ticks += 1;
        if self.ticks > self.cpu_ms {
            return Err(CpuExhausted(self.cpu_ms).into());
        }
        Ok(UpdateDeadline::Yield(1))
    }

    /// Counts one call to the host: every host function calls it first.
    pub(super) fn count_host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > HOST_CALLS {
            return Err(HostCallsExhausted(HOST_CALLS).into());
        }
        Ok(())
    }

    /// What its questions are answered from; of nothing while there is no event.
    pub(super) fn lent(&mut self) -> Lent {
        let about = self.about.get_or_insert_with(|| {
            Arc::new(self.call.as_ref().map(|call| call.event.about()).unwrap_or_default())
        });
        let about = Arc::clone(about);
        let ports = self.call.as_ref().map(|call| Arc::clone(&call.ports)).unwrap_or_default();
        Lent { ports, about }
    }

    /// The text of the event as readers see it. The steps are counted whether or
    /// not another plugin asked before, so that a replay counts the same.
    pub(super) fn rendered(&mut self) -> wasmtime::Result<Option<Arc<Rendered>>> {
        self.count_host_call()?;
        let Some(event) = self.call.as_ref().map(|call| Arc::clone(&call.event)) else {
            return Ok(None);
        };
        let bytes = event.markdown().map_or(0, str::len);
        self.spend(RENDERED_BYTE * u64::try_from(bytes).unwrap_or(u64::MAX))?;
        Ok(event.rendered())
    }

    /// Counts a call to `log` and says whether there is room for a line.
    pub(super) fn may_log(&mut self) -> wasmtime::Result<bool> {
        self.count_host_call()?;
        Ok(self.log.len() < LOG_LINES && self.log_bytes_left > 0)
    }

    /// Keeps a line, cut to what is left, and passes it on.
    pub(super) fn log(&mut self, level: LogLevel, message: &str) {
        let message = text::one_line(message);
        self.log_bytes_left = self.log_bytes_left.saturating_sub(message.len());
        pass_on(&self.plugin, level, &message);
        self.log.push(LogLine { level, message });
    }
}

/// Puts a plugin's line into the server's log. Its errors are none of the server's.
fn pass_on(plugin: &str, level: LogLevel, message: &str) {
    if level == LogLevel::Debug {
        tracing::debug!(plugin, "plugin: {message}");
    } else {
        tracing::info!(plugin, ?level, "plugin: {message}");
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        if wanted > self.most {
            self.refused = true;
            return Ok(false);
        }
        if let Some(most) = maximum.filter(|most| desired > *most) {
            self.declared_most = Some(most);
            return Ok(false);
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= TABLE_ELEMENTS;
        self.refused |= !fits;
        Ok(fits)
    }

    fn instances(&self) -> usize {
        as_usize(CORE_INSTANCES) + 1
    }

    fn tables(&self) -> usize {
        as_usize(TABLES)
    }

    fn memories(&self) -> usize {
        as_usize(MEMORIES)
    }
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
