//! Figures of a binding.

use crate::base::ids::DecisionId;

/// How a binding has done.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Decisions that are counted.
    pub calls: i64,
    /// Of those, how many failed.
    pub faults: i64,
    /// Microseconds that half of the calls took at most, and 99 of 100.
    pub p50_us: i64,
    /// See there.
    pub p99_us: i64,
    /// How often each verdict was given, by mode.
    pub verdicts: Vec<VerdictCount>,
    /// What happened beside what the binding said in shadow.
    pub agreement: Vec<Agreement>,
}

/// How often a verdict was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictCount {
    /// `shadow` or `enforce`.
    pub mode: String,
    /// Which.
    pub verdict: String,
    /// How often.
    pub count: i64,
}

/// How often a shadow said one thing while another happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What came of the events.
    pub happened: String,
    /// What the binding said.
    pub shadow: String,
    /// How often.
    pub count: i64,
    /// The last of those decisions.
    pub sample: DecisionId,
}
