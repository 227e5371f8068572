//! Taking the settings once, and keeping the memory that this leaves behind.
//!
//! The component is started, takes its settings, and a copy of it is written
//! whose memory begins as it then was. Every later call starts from that copy.
//! Where a component is built so that no copy can be written (it changes its
//! tables, or starts a module twice), the original is kept and the settings
//! are taken in every call.

use std::sync::Arc;

use wasmtime_wizer::{WasmtimeWizerComponent, Wizer};

use super::{Job, check};
use crate::hooks::{
    fault::{Phase, classify},
    load_error::{LoadCode, LoadError},
    loaded::Exports,
    output,
    sandbox::{Limits, LogLine},
    ticker::Ticker,
};

/// A component that has taken its settings, or will.
pub(super) struct Configured {
    pub(super) component: Vec<u8>,
    pub(super) snapshot: bool,
    pub(super) log: Vec<LogLine>,
}

/// Longest complaint about settings: a screen of text.
const MESSAGE_BYTES: usize = 4 << 10;

/// Lets the component take the settings. One without `lifecycle` has none to take.
pub(super) async fn configure(
    ticker: &Arc<Ticker>,
    component: &[u8],
    settings: &str,
    job: &Job,
) -> Result<Configured, LoadError> {
    if !check::surface(component)?.lifecycle {
        let none = matches!(settings.trim(), "" | "{}" | "null");
        let unchanged =
            Configured { component: component.to_owned(), snapshot: true, log: Vec::new() };
        let message = "the component takes no settings, and some were given";
        return none
            .then_some(unchanged)
            .ok_or_else(|| LoadError::new(LoadCode::ConfigureRefused, message));
    }
    let wizer = Wizer::new();
    match wizer.instrument_component(component) {
        Ok((context, instrumented)) => {
            let mut configured =
                take(ticker, &instrumented, settings, job.configure_limits).await?;
            // The whole memory crosses the boundary at once.
            configured.store.set_hostcall_fuel(job.configure_limits.memory.saturating_mul(2));
            let log = std::mem::take(&mut configured.store.data_mut().log);
            let mut state = WasmtimeWizerComponent {
                store: &mut configured.store,
                instance: configured.instance,
            };
            let component =
                wizer.snapshot_component(&context, &mut state).await.map_err(|error| {
                    LoadError::new(
                        LoadCode::ConfigureFault,
                        format!("no snapshot can be taken: {error:#}"),
                    )
                })?;
            Ok(Configured { component, snapshot: true, log })
        }
        Err(_not_possible) => {
            let configured = take(ticker, component, settings, job.configure_limits).await?;
            let log = configured.store.into_data().log;
            Ok(Configured { component: component.to_owned(), snapshot: false, log })
        }
    }
}

struct Taken {
    store: wasmtime::Store<crate::hooks::sandbox::Guest>,
    instance: wasmtime::component::Instance,
}

async fn take(
    ticker: &Arc<Ticker>,
    component: &[u8],
    settings: &str,
    limits: Limits,
) -> Result<Taken, LoadError> {
    let component = check::compile(ticker.engine(), component)?;
    let (mut store, instance) = check::start(ticker, &component, limits).await?;
    let Some(export) = Exports::find(&component).configure else {
        return Err(LoadError::new(
            LoadCode::WrongType,
            "`lifecycle` of the component has no function `configure`",
        ));
    };
    let configure = instance
        .get_typed_func::<(&str,), (Result<(), String>,)>(&mut store, &export)
        .map_err(|error| check::wrong_type("lifecycle", &error))?;
    match configure.call_async(&mut store, (settings,)).await {
        Ok((Ok(()),)) => Ok(Taken { store, instance }),
        Ok((Err(message),)) => {
            let message = output::printable(output::truncated(&message, MESSAGE_BYTES));
            Err(LoadError::new(LoadCode::ConfigureRefused, message))
        }
        Err(error) => {
            let fault = classify(&error, store.data(), Phase::Call);
            Err(LoadError::new(
                LoadCode::ConfigureFault,
                format!("the component failed to take the settings: {fault}"),
            ))
        }
    }
}
