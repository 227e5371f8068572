//! One open report of one thing is enough: others are counted with it. A report
//! that says nothing is sent back, and many reports raise the thing in the queue.

use gatherly_plugin::report::{BeforeCreate, Decision, Report};
use gatherly_plugin::{Context, Evidence, Plugin, effects};
use serde::Deserialize;

/// What a report must say, and what many are.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Merge {
    /// Shortest reason, in characters.
    reason: usize,
    /// From so many reports on moderators look at it first.
    urgent: usize,
}

impl Default for Merge {
    fn default() -> Self {
        Self { reason: 4, urgent: 3 }
    }
}

impl Plugin for Merge {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforeCreate for Merge {
    fn before_create(&self, _: &Context, report: &Report) -> Decision {
        if report.reason.trim().chars().count() < self.reason {
            return Decision::reject("Please say in a few words what is wrong.");
        }
        let Some(open) = report.open.last() else {
            return Decision::allow();
        };
        let reports = report.open.len() + 1;
        let merged = Decision::merge(open.as_str())
            .because(Evidence::new("merge", "reports of the same").measured("reports", &reports));
        if reports < self.urgent {
            return merged;
        }
        merged.also(effects::prioritise(report.target.clone(), 50))
    }
}

gatherly_plugin::export!(Merge: report::BeforeCreate);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{report::Verdict, testing};

    use super::*;

    fn file(reason: &str, open: &[&str]) -> Decision {
        Merge::default().before_create(&testing::context(), &testing::report(reason, open))
    }

    #[test]
    fn reports_of_the_same_become_one() {
        assert_eq!(file("it is rude", &[]), Decision::allow());
        let second = file("it is rude", &["report-1"]);
        assert_eq!(second.verdict, Verdict::Merge("report-1".to_owned()));
        assert_eq!(second.effects, []);
        let third = file("it is rude", &["report-2", "report-1"]);
        assert_eq!(third.verdict, Verdict::Merge("report-1".to_owned()), "the oldest");
        assert_eq!(third.effects.len(), 1);
    }

    #[test]
    fn a_report_says_something() {
        assert!(matches!(file(" ? ", &[]).verdict, Verdict::Reject(_)));
    }
}
