//! Activations, and how the host finds what was activated to do, as they are shown
//! in the page of their binding; there is no operation on them alone.

use poem_openapi::Object;
use serde::Serialize;

use super::model::{Activation, Probe};
use crate::{hooks::BreakerState, http::Time};

/// How a binding does at a hook, on the node that answers.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct BreakerView {
    /// The hook.
    hook: String,
    /// Whether it is not asked: its failure mode applies.
    quarantined: bool,
    /// Whether somebody said so.
    by_admin: bool,
    /// Calls that are looked back on, at most 100.
    calls: u32,
    /// Failures among them.
    faults: u32,
    /// Failures since the last call that worked.
    faults_in_a_row: u32,
    /// Milliseconds until one call is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in_ms: Option<u64>,
    /// What failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_fault: Option<String>,
}

impl From<BreakerState> for BreakerView {
    fn from(state: BreakerState) -> Self {
        Self {
            hook: state.hook.name().to_owned(),
            quarantined: state.quarantined,
            by_admin: state.by_admin,
            calls: state.calls,
            faults: state.faults,
            faults_in_a_row: state.faults_in_a_row,
            retry_in_ms: state.retry_in_ms,
            last_fault: state.last_fault.map(|fault| fault.to_string()),
        }
    }
}

/// An attempt to put something to work.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct CandidateView {
    /// SHA-256 of the component, hexadecimal.
    digest: String,
    /// SHA-256 of the settings.
    settings_hash: String,
    /// `running`, `active` or `refused`.
    state: String,
    /// The last step done, or the one that refused it: `received`, `verified`,
    /// `inspected`, `compiled`, `configured`, `self_tested`, `probed`, `active`.
    step: String,
    /// Code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The refusal in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How it judged what happened here last.
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<ProbeView>,
    /// When it began, RFC 3339.
    started_at: Time,
    /// When it was over, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
}

/// How a candidate judged recorded events.
#[derive(Debug, Object, Serialize)]
pub(crate) struct ProbeView {
    /// How many.
    events: u32,
    /// As it came out then.
    same: u32,
    /// More strictly.
    stricter: u32,
    /// Less strictly.
    milder: u32,
}

impl From<Activation> for CandidateView {
    fn from(activation: Activation) -> Self {
        let (code, error) = activation.error.unzip();
        let probe = activation.probe;
        Self {
            digest: activation.digest,
            settings_hash: activation.settings_hash,
            state: activation.progress.as_str().to_owned(),
            step: activation.step.as_str().to_owned(),
            code,
            error,
            probe: probe.map(|Probe { events, same, stricter, milder }| ProbeView {
                events,
                same,
                stricter,
                milder,
            }),
            started_at: activation.started_at.into(),
            finished_at: activation.finished_at.map(Time::from),
        }
    }
}
