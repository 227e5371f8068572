//! What is counted of each binding. Handles are made once, when the set of
//! bindings is swapped; a call only adds.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, gauge, histogram};

use super::{
    catalogue::HookPoint,
    decision::{Mode, Verdict},
    fault::FaultKind,
};

/// Counters of one binding at one hook.
pub(super) struct Meters {
    calls: [Counter; Verdict::ALL.len()],
    seconds: Histogram,
    plugin: String,
    hook: HookPoint,
}

impl Meters {
    pub(super) fn new(plugin: &str, hook: HookPoint, mode: Mode) -> Self {
        let calls = Verdict::ALL.map(|verdict| {
            counter!("gatherly_hook_calls_total", "plugin" => plugin.to_owned(), "hook" => hook.name(),
                "mode" => mode.as_str(), "verdict" => verdict.as_str())
        });
        let seconds = histogram!("gatherly_hook_duration_seconds", "plugin" => plugin.to_owned(), "hook" => hook.name());
        Self { calls, seconds, plugin: plugin.to_owned(), hook }
    }

    /// Counts one call.
    pub(super) fn called(&self, verdict: Verdict, fault: Option<FaultKind>, took: Duration) {
        let calls = Verdict::ALL.iter().zip(&self.calls);
        if let Some((_, calls)) = calls.into_iter().find(|(each, _)| **each == verdict) {
            calls.increment(1);
        }
        self.seconds.record(took);
        if let Some(fault) = fault {
            counter!("gatherly_hook_faults_total", "plugin" => self.plugin.clone(),
                "hook" => self.hook.name(), "kind" => fault.as_str())
            .increment(1);
        }
    }
}

/// Tells that a binding is not asked at a hook, or is asked again.
pub(super) fn quarantined(plugin: &str, hook: HookPoint, is: bool) {
    gauge!("gatherly_hook_quarantined", "plugin" => plugin.to_owned(), "hook" => hook.name())
        .set(f64::from(u8::from(is)));
}

/// Tells which set of bindings is at work.
pub(super) fn registry_swapped(generation: u64) {
    gauge!("gatherly_hook_registry_generation")
        .set(u32::try_from(generation).map_or(f64::INFINITY, f64::from));
}

/// Counts one compile by how it ended.
pub(super) fn compiled(result: &'static str) {
    counter!("gatherly_plugin_compiles_total", "result" => result).increment(1);
}

/// A component waits for the compiler, or no longer.
pub(super) fn compile_queue(change: f64) {
    gauge!("gatherly_plugin_compile_queue").increment(change);
}
