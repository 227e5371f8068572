//! A component that is ready to be called: compiled, configured, linked.
//!
//! Every call gets a fresh instance and drops it afterwards: what one call
//! leaves in memory no other call can see.

use std::sync::Arc;

use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre};

use super::{
    catalogue::{CATALOGUE, CONFIGURE, DECIDE, HookPoint, LIFECYCLE},
    fault::{Fault, FaultKind, Phase, classify},
    load_error::{LoadCode, LoadError},
    model::{Context, RawDecision, Subject},
    output::{self, Answer},
    sandbox::{self, Guest, Limits, LogLine},
    ticker::Ticker,
};

/// A component that is ready to be called.
pub struct Loaded {
    pre: InstancePre<Guest>,
    exports: Exports,
    /// Settings to take in each fresh instance, when there is no snapshot.
    configure: Option<Arc<str>>,
    limits: Limits,
    ticker: Arc<Ticker>,
    label: Arc<str>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("label", &self.label).finish_non_exhaustive()
    }
}

/// Where a component's exports are, looked up once by name.
pub(super) struct Exports {
    pub(super) decide: [Option<ComponentExportIndex>; HookPoint::COUNT],
    pub(super) configure: Option<ComponentExportIndex>,
}

impl Exports {
    pub(super) fn find(component: &Component) -> Self {
        let function = |interface, function| {
            let instance = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&instance), function)
        };
        Self {
            decide: CATALOGUE.each_ref().map(|row| function(row.interface, DECIDE)),
            configure: function(LIFECYCLE, CONFIGURE),
        }
    }
}

/// What came of one call.
pub(super) struct Called {
    pub(super) answer: Result<Answer, Fault>,
    /// The most memory that the instance had.
    pub(super) peak_memory: usize,
    pub(super) log: Vec<LogLine>,
}

impl Loaded {
    /// Links a compiled component. `configure` holds the settings when it is
    /// not a snapshot that has taken them already.
    pub(super) fn new(
        component: &Component,
        configure: Option<Arc<str>>,
        limits: Limits,
        ticker: Arc<Ticker>,
        label: Arc<str>,
    ) -> Result<Self, LoadError> {
        component
            .initialize_copy_on_write_image()
            .map_err(|error| LoadError::host("the memory image cannot be made", error))?;
        let pre = super::engine::linker(ticker.engine())
            .and_then(|linker| linker.instantiate_pre(component))
            .map_err(|error| LoadError::new(LoadCode::WrongType, format!("{error:#}")))?;
        Ok(Self { pre, exports: Exports::find(component), configure, limits, ticker, label })
    }

    /// The hooks that it exports.
    pub fn hooks(&self) -> Vec<HookPoint> {
        CATALOGUE
            .iter()
            .zip(&self.exports.decide)
            .filter_map(|(row, export)| export.is_some().then_some(row.point))
            .collect()
    }

    /// Whether it starts from a snapshot; otherwise the settings are taken anew
    /// in every call, which is slower.
    pub fn is_snapshot(&self) -> bool {
        self.configure.is_none()
    }

    /// Asks a fresh instance.
    pub(super) async fn decide<S: Subject>(&self, context: &Context, subject: &S) -> Called {
        let mut store = sandbox::store(&self.ticker, self.limits, &self.label);
        let answer = self.run(&mut store, context, subject).await;
        let guest = store.into_data();
        Called { answer, peak_memory: guest.memory.peak, log: guest.log }
    }

    async fn run<S: Subject>(
        &self,
        store: &mut wasmtime::Store<Guest>,
        context: &Context,
        subject: &S,
    ) -> Result<Answer, Fault> {
        let instance = match self.pre.instantiate_async(&mut *store).await {
            Ok(instance) => instance,
            Err(error) => return Err(classify(&error, store.data(), Phase::Start)),
        };
        if let (Some(settings), Some(export)) = (&self.configure, &self.exports.configure) {
            configure(store, instance, export, settings).await?;
        }
        let Some(export) = self.exports.decide.get(S::HOOK.index()).and_then(Option::as_ref) else {
            return Err(Fault::new(
                FaultKind::NotLoaded,
                "the component does not export this hook",
            ));
        };
        let decide = instance
            .get_typed_func::<(&Context, &S), (RawDecision<S::Verdict>,)>(&mut *store, export)
            .map_err(|error| Fault::new(FaultKind::Start, &format!("{error:#}")))?;
        match decide.call_async(&mut *store, (context, subject)).await {
            Ok((decision,)) => output::check(decision, subject),
            Err(error) => Err(classify(&error, store.data(), Phase::Call)),
        }
    }
}

async fn configure(
    store: &mut wasmtime::Store<Guest>,
    instance: Instance,
    export: &ComponentExportIndex,
    settings: &str,
) -> Result<(), Fault> {
    let configure = instance
        .get_typed_func::<(&str,), (Result<(), String>,)>(&mut *store, export)
        .map_err(|error| Fault::new(FaultKind::Start, &format!("{error:#}")))?;
    match configure.call_async(&mut *store, (settings,)).await {
        Ok((Ok(()),)) => Ok(()),
        Ok((Err(message),)) => Err(Fault::new(FaultKind::Start, &message)),
        Err(error) => Err(classify(&error, store.data(), Phase::Start)),
    }
}
