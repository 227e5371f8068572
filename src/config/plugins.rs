//! `[plugins]`: what plugins may use, and what the host keeps ready for them.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::Broken;

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allocator {
    /// From slots reserved at the start: five times faster.
    Pooling,
    /// From the system, for each call: the way out when a flaw of the pool is known.
    OnDemand,
}

/// `[plugins]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// How instances get their memory.
    pub allocator: Allocator,
    /// Plugin calls at once, all bindings together.
    pub max_calls: u32,
    /// Plugin calls at once of one binding.
    pub max_calls_per_binding: u32,
    /// Slots that stay warm for the next call.
    pub warm_slots: u32,
    /// Memory that a warm slot keeps, in KiB.
    pub keep_resident_kib: u32,
    /// Milliseconds that all plugins of one event have together.
    pub deadline_ms: u32,
    /// The same after an event, when nobody waits.
    pub deadline_after_ms: u32,
    /// Milliseconds of processor time of one call.
    pub cpu_ms: u32,
    /// Memory of one call, in MiB.
    pub memory_mib: u32,
    /// Milliseconds of processor time to take the settings, at activation.
    pub configure_cpu_ms: u32,
    /// Largest component, in MiB.
    pub component_mib: u32,
    /// Seconds without progress after which compiling a component is given up.
    pub compile_seconds: u32,
    /// Folder of components and binding files; empty is none.
    pub directory: PathBuf,
}

/// What warm slots may keep together: part of the promise of a small server.
const WARM_KIB: u64 = 64 * 1024;
/// The pool's slots are this large; no call can have more.
pub const MEMORY_CEILING_MIB: u32 = 128;
/// Beyond this a plugin slows every writer down.
const DEADLINE_CEILING_MS: u32 = 5_000;
/// Four requests to other servers, each as slow as it may be; a job's lease is longer.
const AFTER_CEILING_MS: u32 = 20_000;
/// Each slot reserves 8 GiB of address space; this many still fit in 47 bits.
const CALLS_CEILING: u32 = 1_000;
/// A component is held in memory while it is compiled.
const COMPONENT_CEILING_MIB: u32 = 64;
/// What the largest interpreters need on a slow machine.
pub const COMPILE_CEILING_SECONDS: u32 = 300;

impl Plugins {
    pub(super) fn validate(&self) -> Result<(), Broken> {
        between("plugins.max_calls", self.max_calls, CALLS_CEILING)?;
        between("plugins.max_calls_per_binding", self.max_calls_per_binding, self.max_calls)?;
        between("plugins.deadline_ms", self.deadline_ms, DEADLINE_CEILING_MS)?;
        between("plugins.deadline_after_ms", self.deadline_after_ms, AFTER_CEILING_MS)?;
        between("plugins.cpu_ms", self.cpu_ms, DEADLINE_CEILING_MS)?;
        between("plugins.configure_cpu_ms", self.configure_cpu_ms, DEADLINE_CEILING_MS)?;
        between("plugins.memory_mib", self.memory_mib, MEMORY_CEILING_MIB)?;
        between("plugins.component_mib", self.component_mib, COMPONENT_CEILING_MIB)?;
        between("plugins.compile_seconds", self.compile_seconds, COMPILE_CEILING_SECONDS)?;
        if u64::from(self.warm_slots) * u64::from(self.keep_resident_kib) > WARM_KIB {
            let rule = format!("warm_slots times keep_resident_kib must be at most {WARM_KIB}");
            return Err(("plugins.warm_slots", rule));
        }
        Ok(())
    }

    /// Time that all plugins of one event have together.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(u64::from(self.deadline_ms))
    }

    /// Time that all plugins of one event have together once it has happened.
    pub fn deadline_after(&self) -> Duration {
        Duration::from_millis(u64::from(self.deadline_after_ms))
    }

    /// The folder of components and binding files, if there is one.
    pub fn watched(&self) -> Option<PathBuf> {
        (!self.directory.as_os_str().is_empty()).then(|| self.directory.clone())
    }

    /// Time without progress after which compiling a component is given up, and
    /// how much longer a request waits for it.
    pub fn compile_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.compile_seconds))
    }
}

fn between(key: &'static str, value: u32, most: u32) -> Result<(), Broken> {
    if (1..=most).contains(&value) {
        Ok(())
    } else {
        Err((key, format!("must be from 1 to {most}")))
    }
}
