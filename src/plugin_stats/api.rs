//! `/plugin-bindings/{id}/stats` and `/plugin-bindings/{id}/promotion`.

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};
use serde::Serialize;
use uuid::Uuid;

use super::{model::Stats, rules::parse_days, service::PluginStats};
use crate::{
    http::{Problem, Rendered, Tag},
    sessions::SignedIn,
};

/// How often a verdict was given.
#[derive(Debug, Object, Serialize)]
pub struct VerdictCountView {
    /// `shadow` or `enforce`.
    mode: String,
    /// Which.
    verdict: String,
    /// How often.
    count: i64,
}

/// How often a shadow said one thing while another happened.
#[derive(Debug, Object, Serialize)]
pub struct AgreementView {
    /// What came of the events.
    happened: String,
    /// What the binding said.
    shadow: String,
    /// How often.
    count: i64,
    /// The last of those decisions.
    sample_id: Uuid,
}

/// How a binding has done.
#[derive(Debug, Object, Serialize)]
pub struct StatsView {
    /// Decisions in that time; the latest 100,000 are counted.
    calls: i64,
    /// Of those, how many failed.
    faults: i64,
    /// Microseconds that half of the calls took at most.
    p50_us: i64,
    /// Microseconds that 99 of 100 calls took at most.
    p99_us: i64,
    /// How often each verdict was given.
    verdicts: Vec<VerdictCountView>,
    /// What happened beside what the binding said in shadow.
    agreement: Vec<AgreementView>,
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        let verdicts = stats.verdicts.into_iter().map(|one| VerdictCountView {
            mode: one.mode,
            verdict: one.verdict,
            count: one.count,
        });
        let agreement = stats.agreement.into_iter().map(|one| AgreementView {
            happened: one.happened,
            shadow: one.shadow,
            count: one.count,
            sample_id: one.sample.0,
        });
        Self {
            calls: stats.calls,
            faults: stats.faults,
            p50_us: stats.p50_us,
            p99_us: stats.p99_us,
            verdicts: verdicts.collect(),
            agreement: agreement.collect(),
        }
    }
}

/// A binding that is obeyed from now on.
#[derive(Debug, Object, Serialize)]
pub struct PromotionView {
    /// The binding.
    binding_id: Uuid,
    /// Its new revision.
    revision: i64,
    /// How it had done before.
    stats: StatsView,
}

/// Figures of bindings over HTTP.
#[derive(Clone, Debug)]
pub struct StatsApi {
    /// The feature.
    pub stats: PluginStats,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl StatsApi {
    /// Show how a binding has done
    ///
    /// For those who manage the binding: verdicts, failures, times, and for what
    /// it decided in shadow, how often something else happened.
    #[oai(
        path = "/plugin-bindings/:id/stats",
        method = "get",
        operation_id = "show_plugin_binding_stats"
    )]
    async fn stats(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
        /// How many days back, 1 to 366; 7 when absent.
        days: Query<Option<u32>>,
    ) -> Result<Rendered<StatsView>, Problem> {
        let stats = self.stats.find(&actor, id.0.into(), parse_days(days.0)?).await?;
        Ok(Rendered::new(&StatsView::from(stats)))
    }

    /// Promote a binding
    ///
    /// For those who manage the binding: from shadow to being obeyed, from the
    /// next event on. The answer tells how it had done in shadow.
    #[oai(
        path = "/plugin-bindings/:id/promotion",
        method = "post",
        operation_id = "promote_plugin_binding"
    )]
    async fn promote(
        &self,
        SignedIn(actor): SignedIn,
        /// The binding's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<PromotionView>, Problem> {
        let (revision, stats) = self.stats.promote(&actor, id.0.into()).await?;
        let stats = stats.into();
        Ok(Rendered::new(&PromotionView { binding_id: id.0, revision, stats }))
    }
}
