//! A component that is ready to be called: compiled, configured, linked.
//!
//! Every call gets a fresh instance and drops it afterwards: what one call
//! leaves in memory no other call can see.

use std::sync::Arc;

use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Resource};

use super::{
    catalogue::{CATALOGUE, HookPoint},
    contract::{CONFIGURE, Contract, LIFECYCLE},
    decision::Event,
    event_context::{self, EventContext},
    fault::{Fault, FaultKind, Phase, classify},
    grants::Grants,
    load_error::{LoadCode, LoadError},
    model::{OldTold, Purpose, Subject, Told},
    output::{self, Answer},
    sandbox::{self, Call, Guest, Limits, LogLine},
    state_write::StateWrite,
    ticker::Ticker,
    transcript::Transcript,
};

/// More fuel than a call can use in its time.
const FUEL: u64 = u64::MAX;

/// A component that is ready to be called.
pub struct Loaded {
    pre: InstancePre<Guest>,
    exports: Exports,
    /// Settings to take in each fresh instance, when there is no snapshot.
    configure: Option<Arc<str>>,
    limits: Limits,
    ticker: Arc<Ticker>,
    label: Arc<str>,
    grants: Arc<Grants>,
    /// Whether its engine counts fuel.
    metered: bool,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("label", &self.label).finish_non_exhaustive()
    }
}

/// A hook's function, and the version of the contract that it keeps to.
#[derive(Clone, Copy)]
pub(super) struct Export {
    pub(super) contract: Contract,
    pub(super) index: ComponentExportIndex,
}

/// Where a component's exports are, looked up once by name.
pub(super) struct Exports {
    pub(super) hooks: [Option<Export>; HookPoint::COUNT],
    pub(super) configure: Option<ComponentExportIndex>,
}

impl Exports {
    pub(super) fn find(component: &Component) -> Self {
        let function = |interface: &str, function: &str| {
            let instance = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&instance), function)
        };
        let hooks = CATALOGUE.each_ref().map(|row| {
            Contract::ALL.into_iter().find_map(|contract| {
                let index = function(&row.interface_at(contract)?, row.function())?;
                Some(Export { contract, index })
            })
        });
        let configure = LIFECYCLE.iter().find_map(|interface| function(interface, CONFIGURE));
        Self { hooks, configure }
    }
}

/// What came of one call.
pub(super) struct Called {
    pub(super) answer: Result<Answer, Fault>,
    /// The most memory that the instance had.
    pub(super) peak_memory: usize,
    /// What it did, where that is counted.
    pub(super) fuel: Option<u64>,
    pub(super) log: Vec<LogLine>,
    pub(super) reads: Transcript,
    pub(super) writes: Vec<StateWrite>,
}

impl Called {
    /// A call that came to nothing.
    pub(super) fn failed(fault: Fault) -> Self {
        Self {
            answer: Err(fault),
            peak_memory: 0,
            fuel: None,
            log: Vec::new(),
            reads: Transcript::default(),
            writes: Vec::new(),
        }
    }
}

/// Arguments and result of a hook's function, at each version of the contract.
pub(super) type Params<'a, S> = (Told<'a>, Resource<EventContext>, <S as Subject>::Wire<'a>);
pub(super) type OldParams<'a, S> = (OldTold<'a>, <S as Subject>::Wire<'a>);

impl Loaded {
    /// Links a compiled component. `configure` holds the settings when it is
    /// not a snapshot that has taken them already.
    pub(super) fn new(
        component: &Component,
        configure: Option<Arc<str>>,
        limits: Limits,
        (ticker, label): (Arc<Ticker>, Arc<str>),
        grants: &Grants,
    ) -> Result<Self, LoadError> {
        component
            .initialize_copy_on_write_image()
            .map_err(|error| LoadError::host("the memory image cannot be made", error))?;
        let pre = super::engine::linker(ticker.engine(), component, grants)
            .and_then(|linker| linker.instantiate_pre(component))
            .map_err(|error| LoadError::new(LoadCode::WrongType, format!("{error:#}")))?;
        let (exports, grants) = (Exports::find(component), Arc::new(grants.clone()));
        Ok(Self { pre, exports, configure, limits, ticker, label, grants, metered: false })
    }

    /// The same, of an engine that counts fuel.
    pub(super) fn metered(self) -> Self {
        Self { metered: true, ..self }
    }

    /// Gives a guest more fuel than it can use, when it needs any.
    fn fill_up(&self, store: &mut wasmtime::Store<Guest>) -> Result<(), Fault> {
        if self.metered {
            let unfit = |error| Fault::new(FaultKind::Start, &format!("{error:#}"));
            store.set_fuel(FUEL).map_err(unfit)?;
        }
        Ok(())
    }

    /// The hooks that it exports.
    pub fn hooks(&self) -> Vec<HookPoint> {
        CATALOGUE
            .iter()
            .zip(&self.exports.hooks)
            .filter_map(|(row, export)| export.is_some().then_some(row.point))
            .collect()
    }

    /// Whether it exports a hook.
    pub fn exports(&self, hook: HookPoint) -> bool {
        self.exports.hooks.get(hook.index()).is_some_and(Option::is_some)
    }

    /// Whether it starts from a snapshot; otherwise the settings are taken anew
    /// in every call, which is slower.
    pub fn is_snapshot(&self) -> bool {
        self.configure.is_none()
    }

    /// What it was linked with.
    pub(super) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// Asks a fresh instance about the event of `call`, which is `event`.
    pub(super) async fn ask<S: Subject>(&self, event: &Event<S>, call: Call) -> Called {
        let purpose = call.purpose;
        let mut store = sandbox::store(&self.ticker, self.limits, &self.label, Some(call));
        let answer = self.run(&mut store, event, purpose).await;
        let fuel = self.metered.then(|| FUEL.saturating_sub(store.get_fuel().unwrap_or(0)));
        let mut guest = store.into_data();
        guest.log_printed();
        Called {
            answer,
            peak_memory: guest.memory.peak,
            fuel,
            log: guest.log,
            reads: guest.tape.into_transcript(),
            writes: guest.writes,
        }
    }

    async fn run<S: Subject>(
        &self,
        store: &mut wasmtime::Store<Guest>,
        event: &Event<S>,
        purpose: Purpose,
    ) -> Result<Answer, Fault> {
        let Some(Some(export)) = self.exports.hooks.get(S::HOOK.index()) else {
            let message = "the component does not export this hook";
            return Err(Fault::new(FaultKind::NotLoaded, message));
        };
        self.fill_up(store)?;
        let instance = match self.pre.instantiate_async(&mut *store).await {
            Ok(instance) => instance,
            Err(error) => return Err(classify(&error, store.data(), Phase::Start)),
        };
        if let (Some(settings), Some(export)) = (&self.configure, &self.exports.configure) {
            configure(store, instance, export, settings).await?;
            self.fill_up(store)?;
        }
        let unfit = |error: wasmtime::Error| Fault::new(FaultKind::Start, &format!("{error:#}"));
        let (told, wire) = (event.context.told(purpose), event.subject.wire());
        let said = match export.contract {
            Contract::V0_3 | Contract::V0_2 => instance
                .get_typed_func::<Params<'_, S>, (S::Answer,)>(&mut *store, &export.index)
                .map_err(unfit)?
                .call_async(&mut *store, (told, event_context::handle(), wire))
                .await
                .map(|(answer,)| answer.into()),
            Contract::V0_1 => instance
                .get_typed_func::<OldParams<'_, S>, (S::OldAnswer,)>(&mut *store, &export.index)
                .map_err(unfit)?
                .call_async(&mut *store, (told.into(), wire))
                .await
                .map(|(answer,)| answer.into()),
        };
        match said {
            Ok(said) => output::check(said, event),
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
