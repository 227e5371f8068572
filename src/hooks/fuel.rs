//! How much a component does for one answer, in fuel: the instructions that it
//! runs. The count is exact and the same on every machine, so it is the meter
//! for tools; servers do not count, since that costs time.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;
use wasmtime::component::Component;

use super::{
    Grants, HookPoint, Hooks, LoadCode, LoadError, Loaded, Trial, TrialError, engine,
    model::{Purpose, for_subject},
    ticker::Ticker,
    trial::{Question, judge},
};

/// More than any answer takes: counting is no race.
const DEADLINE: Duration = Duration::from_mins(1);

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum FuelError {
    /// The component cannot be loaded.
    #[error("the component cannot be loaded to count its fuel")]
    Load(#[source] LoadError),
    /// The question makes no sense.
    #[error(transparent)]
    Question(#[from] TrialError),
}

impl Hooks {
    /// Counts the fuel of one answer. Compiles the component in this process,
    /// so it is nothing for servers.
    pub async fn count_fuel(
        &self,
        component: &[u8],
        (settings, grants): (&str, &Grants),
        (hook, input): (HookPoint, &str),
    ) -> Result<Trial, FuelError> {
        let unfit = |error: &dyn std::fmt::Display| {
            FuelError::Load(LoadError::new(LoadCode::Host, error.to_string()))
        };
        let engine = engine::metered().map_err(|error| unfit(&error))?;
        let ticker = Ticker::start(engine).map_err(|error| unfit(&error))?;
        let component =
            Component::new(ticker.engine(), component).map_err(|error| unfit(&error))?;
        let (limits, settings) = (self.inner.configure_limits, Some(Arc::from(settings)));
        let loaded = Loaded::new(&component, settings, limits, (ticker, Arc::from("")), grants)
            .map_err(FuelError::Load)?
            .metered();
        let question = Question {
            hook,
            input,
            purpose: Purpose::Enforce,
            transcript: None,
            binding: Some(Uuid::nil()),
        };
        let ports = self.inner.rules.ports.load_full();
        Ok(for_subject!(hook, S => judge::<S>(&loaded, question, ports, DEADLINE).await)?)
    }
}
