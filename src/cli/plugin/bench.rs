//! `gatherly plugin bench`: what one event costs.

use std::process::ExitCode;

use clap::Args;

use super::{
    Question,
    host::{Host, grants, read_component, read_settings, read_text, refuse},
    print,
};
use crate::config;

/// Measure what one event costs: time, fuel, memory
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(flatten)]
    question: Question,
    /// How often to ask
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
}

impl Bench {
    pub(super) async fn run(self, config: &config::Plugins) -> anyhow::Result<ExitCode> {
        let Question { file, hook, input, settings } = &self.question;
        let host = Host::new(config)?;
        let (component, input) = (read_component(file)?, read_text(input)?);
        let settings = read_settings(settings.as_deref())?;
        let loaded = match host.activate(&component, &settings).await {
            Ok(loaded) => loaded,
            Err(error) => return Ok(refuse(&error)),
        };
        let mut times = Vec::new();
        let mut peak = 0;
        for _ in 0..self.calls {
            let trial = host.hooks.try_out(&loaded, *hook, &input).await?;
            if let Some(fault) = trial.fault {
                print(&format!("it failed: {fault}"));
                return Ok(ExitCode::FAILURE);
            }
            times.push(trial.duration_us);
            peak = peak.max(trial.peak_memory);
        }
        times.sort_unstable();
        let at = |percent: usize| {
            times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0)
        };
        let asked = (*hook, input.as_str());
        let counted = host.hooks.count_fuel(&component, (&settings, &grants()), asked).await?;
        let fuel = counted.fuel.unwrap_or(0);
        print(&format!(
            "calls     {}\ntime      {} us (median), {} us (99 of 100), {} us (most)\n\
             fuel      {fuel}\nmemory    {peak} bytes (most)",
            self.calls,
            at(50),
            at(99),
            at(100),
        ));
        Ok(ExitCode::SUCCESS)
    }
}
