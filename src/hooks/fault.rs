//! Why a call gave no answer that can be used.
//!
//! Every way that a plugin, or the host on its behalf, can fail is one kind
//! here; none of them is an error of the request.

use serde::{Deserialize, Serialize};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use super::{output, ports::Unanswered, sandbox::Guest, transcript::TranscriptMismatch};
use crate::base::text;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The program stopped itself, or did what WebAssembly forbids.
    Trap,
    /// It used up its processor time.
    Cpu,
    /// The time for the whole chain of plugins was over.
    Deadline,
    /// It asked for more memory than it may have.
    Memory,
    /// It answered more than it may.
    Output,
    /// Its answer makes no sense.
    BadOutput,
    /// The plugin called the host more often than it may, or had the host do more.
    HostQuota,
    /// Too many calls were going on.
    Overload,
    /// It could not be loaded.
    NotLoaded,
    /// It did what its binding does not grant.
    NotGranted,
    /// It could not be started.
    Start,
    /// In playback, it asked the host something else than it had asked.
    Transcript,
    /// The host could not answer it.
    Host,
    /// It failed too often and is not asked for a while.
    Quarantined,
}

impl FaultKind {
    /// The name in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Cpu => "cpu",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::BadOutput => "bad-output",
            Self::HostQuota => "host-quota",
            Self::Overload => "overload",
            Self::NotLoaded => "not-loaded",
            Self::NotGranted => "not-granted",
            Self::Start => "start",
            Self::Transcript => "transcript",
            Self::Host => "host",
            Self::Quarantined => "quarantined",
        }
    }
}

impl FaultKind {
    /// Whether the plugin is to blame. What the host or the load did does not
    /// count against it.
    pub(super) const fn is_the_plugins(self) -> bool {
        !matches!(self, Self::Overload | Self::NotLoaded | Self::Host | Self::Quarantined)
    }
}

/// One failure, with what is known about it for the people who run the plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", kind.as_str())]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// The cause, on one line; no contract on the wording.
    pub detail: String,
}

/// Longest [`Fault::detail`]: a line or two on a moderator's screen.
const DETAIL_BYTES: usize = 512;

impl Fault {
    pub(super) fn new(kind: FaultKind, detail: &str) -> Self {
        Self { kind, detail: text::one_line(output::truncated(detail, DETAIL_BYTES)) }
    }

    /// No answer in time.
    pub(super) fn deadline() -> Self {
        Self::new(FaultKind::Deadline, "the time of the chain was over")
    }
}

/// The processor time of one call is over. Raised by the epoch callback.
#[derive(Debug, thiserror::Error)]
#[error("the call used up its {0} ms of processor time")]
pub(super) struct CpuExhausted(pub(super) u32);

/// The guest called the host too often. Raised by host functions.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} calls to the host")]
pub(super) struct HostCallsExhausted(pub(super) u32);

/// The host did as much for the guest as it does in one call. Raised by host
/// functions.
#[derive(Debug, thiserror::Error)]
#[error(
    "the functions of the host took more steps than one call may, or were given a text that is too long"
)]
pub(super) struct HostWorkExhausted;

/// When in the life of an instance an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Start,
    Call,
}

/// Tells what an error of the engine means.
pub(super) fn classify(error: &wasmtime::Error, guest: &Guest, phase: Phase) -> Fault {
    let kind = if error.is::<PoolConcurrencyLimitError>() {
        FaultKind::Overload
    } else if error.is::<CpuExhausted>() {
        FaultKind::Cpu
    } else if error.is::<HostCallsExhausted>() || error.is::<HostWorkExhausted>() {
        FaultKind::HostQuota
    } else if error.is::<TranscriptMismatch>() {
        FaultKind::Transcript
    } else if error.is::<Unanswered>() {
        FaultKind::Host
    } else if guest.memory.refused {
        FaultKind::Memory
    } else if error.is::<Trap>() {
        FaultKind::Trap
    } else if phase == Phase::Start {
        FaultKind::Start
    } else if error.root_cause().to_string().contains(HOSTCALL_FUEL_SPENT) {
        FaultKind::Output
    } else {
        // The canonical ABI refused what the guest returned: a pointer outside
        // its memory, text that is not UTF-8, an unknown case.
        FaultKind::BadOutput
    };
    Fault::new(kind, &describe(error))
}

/// Part of the engine's message for an answer over the limit of bytes copied
/// out of a guest; it has no type of its own.
const HOSTCALL_FUEL_SPENT: &str = "fuel allocated for hostcalls has been exhausted";

/// The cause and, for a trap, the guest's function it happened in.
pub(super) fn describe(error: &wasmtime::Error) -> String {
    let cause = error.root_cause();
    let function = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|trace| trace.frames().first())
        .and_then(|frame| frame.func_name());
    match function {
        Some(function) => format!("{cause} (in `{function}`)"),
        None => cause.to_string(),
    }
}
