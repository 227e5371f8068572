//! Which step an error belongs to, and what a probe comes to. Pure.

use std::cmp::Ordering;

use super::model::{Probe, Refusal, Step};
use crate::{
    hooks::{LoadCode, LoadError, Verdict},
    plugin_versions::told,
};

/// The step that an error of the host belongs to.
pub(super) fn step(code: LoadCode) -> Step {
    match code {
        LoadCode::NotAComponent
        | LoadCode::InvalidComponent
        | LoadCode::TooLarge
        | LoadCode::UnknownImport
        | LoadCode::NotGranted
        | LoadCode::NoKnownHook
        | LoadCode::WrongType => Step::Inspected,
        LoadCode::CompileCpu
        | LoadCode::CompileMemory
        | LoadCode::CompileTime
        | LoadCode::CompileCrash
        | LoadCode::Busy
        | LoadCode::Host => Step::Compiled,
        LoadCode::StartFault | LoadCode::ConfigureRefused | LoadCode::ConfigureFault => {
            Step::Configured
        }
    }
}

/// What the host says of a candidate.
pub(super) fn refusal(error: &LoadError) -> Refusal {
    Refusal { step: step(error.code), code: error.code.as_str().to_owned(), message: told(error) }
}

/// How strict a verdict is.
fn strictness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow | Verdict::Annotate => 0,
        Verdict::Modify => 1,
        Verdict::Hold => 2,
        Verdict::Unavailable | Verdict::Reject => 3,
    }
}

/// Counts an event that came out as `then` and that the candidate judges `now`.
pub(super) fn compare(probe: &mut Probe, then: Verdict, now: Verdict) {
    probe.events += 1;
    match strictness(now).cmp(&strictness(then)) {
        Ordering::Equal => probe.same += 1,
        Ordering::Greater => probe.stricter += 1,
        Ordering::Less => probe.milder += 1,
    }
}
