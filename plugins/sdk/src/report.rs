//! Reports: the hooks `report.before-create` and `report.created`.

pub use crate::bindings::report_before_create::exports::gatherly::plugin::report_before_create::{
    Decision, Report, Verdict,
};
pub use crate::bindings::report_created::exports::gatherly::plugin::report_created::Created as FiledReport;
use crate::verdicts::{allows, decisions, rejects};
use crate::{Context, Outcome, Plugin};

/// Is asked before a report is filed.
pub trait BeforeCreate: Plugin {
    /// Decides.
    fn before_create(&self, context: &Context, report: &Report) -> Decision;
}

/// Is told once a report was filed.
pub trait Created: Plugin {
    /// Tells what is to be done.
    fn created(&self, context: &Context, report: &FiledReport) -> Outcome;
}

decisions!();
allows!();
rejects!();

impl Decision {
    /// Counts it with an open report, by its id; needs the grant `modify`.
    #[must_use]
    pub fn merge(into: impl Into<String>) -> Self {
        Self::from(Verdict::Merge(into.into()))
    }
}
