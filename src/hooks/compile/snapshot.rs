//! Taking the settings once, and keeping the memory that this leaves behind.
//!
//! The component is started, takes its settings, and a copy of it is written
//! whose memory begins as it then was. Every later call starts from that copy.
//! Where a component is built so that no copy can be written (it changes its
//! tables, or starts a module twice), the original is kept and the settings
//! are taken in every call.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use wasmtime_wizer::{ComponentContext, WasmtimeWizerComponent, Wizer};

use super::{Job, check};
use crate::hooks::{
    engine::MEMORIES,
    fault::{FaultKind, Phase, classify},
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

/// A page of WebAssembly memory.
const PAGE: usize = 64 << 10;
/// Ticks that the host may take for a copy; the processor time of the process is
/// bounded.
const HOST_TICKS: u64 = 1 << 32;
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
    if let Ok((context, instrumented)) = wizer.instrument_component(component) {
        let mut taken = take(ticker, &instrumented, settings, job.configure_limits).await?;
        let log = std::mem::take(&mut taken.store.data_mut().log);
        if let Some(component) = snapshot(&wizer, &context, taken, job.configure_limits).await? {
            return Ok(Configured { component, snapshot: true, log });
        }
    }
    let taken = take(ticker, component, settings, job.configure_limits).await?;
    let log = taken.store.into_data().log;
    Ok(Configured { component: component.to_owned(), snapshot: false, log })
}

/// A copy of the component that has taken its settings; `None` when none can be
/// written for a reason that only the library knows.
async fn snapshot(
    wizer: &Wizer,
    context: &ComponentContext<'_>,
    mut taken: Taken,
    limits: Limits,
) -> Result<Option<Vec<u8>>, LoadError> {
    let store = &mut taken.store;
    // The whole memory crosses the boundary at once.
    store.set_hostcall_fuel(limits.memory.saturating_mul(2));
    // From here on it is the host that works.
    store.set_epoch_deadline(HOST_TICKS);
    let memory = &mut store.data_mut().memory;
    let used = memory.used();
    if used + PAGE > limits.memory {
        return Err(full(used, limits.memory, "that a call may use (plugins.memory_mib)"));
    }
    // The library writes notes into a page behind the end of each memory.
    memory.allow(PAGE * usize::try_from(MEMORIES).unwrap_or(usize::MAX));
    let mut state = WasmtimeWizerComponent { store, instance: taken.instance };
    // The library panics where a component is not as it expects.
    let copied = AssertUnwindSafe(wizer.snapshot_component(context, &mut state));
    match copied.catch_unwind().await {
        Ok(Ok(component)) => Ok(Some(component)),
        Ok(Err(error)) => {
            let message = format!("no snapshot can be taken: {error:#}");
            Err(LoadError::new(LoadCode::ConfigureFault, message))
        }
        Err(_panic) => match taken.store.data().memory.declared_most() {
            Some(most) => Err(full(most, most, "that the component declares for a memory")),
            None => Ok(None),
        },
    }
}

/// A refusal of settings that leave no memory.
fn full(used: usize, most: usize, whose: &str) -> LoadError {
    let message = format!(
        "taking the settings fills the memory: {used} of the {most} bytes {whose} are used, and \
         {PAGE} must stay free; make the settings smaller, or the limit larger"
    );
    LoadError::new(LoadCode::ConfigureFault, message)
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
            let message = if fault.kind == FaultKind::Memory {
                let (peak, most) = (store.data().memory.peak, limits.memory);
                format!(
                    "taking the settings needs more memory than the {most} bytes that a call may \
                     use (plugins.memory_mib): {peak} were used when the component asked for \
                     more; make the settings smaller, or the limit larger"
                )
            } else {
                format!("the component failed to take the settings: {fault}")
            };
            Err(LoadError::new(LoadCode::ConfigureFault, message))
        }
    }
}
