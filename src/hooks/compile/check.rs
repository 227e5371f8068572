//! What a component is before anything of it runs: its imports and exports by
//! name, then its types, then whether it starts.

use std::{io, sync::Arc};

use wasmparser::{Parser, Payload};
use wasmtime::{Engine, Store, component::Component, component::Instance};

use crate::hooks::{
    catalogue::{CATALOGUE, HookPoint, Row},
    contract::{self, Contract, LIFECYCLE, LOG},
    engine,
    fault::{FaultKind, Phase, classify},
    grants::Grants,
    load_error::{LoadCode, LoadError},
    loaded::{Export, Exports, OldParams, Params},
    model::{Subject, for_subject},
    sandbox::{self, Guest, Limits},
    ticker::Ticker,
};

/// What a component says about itself by the names of its imports and exports.
pub(super) struct Surface {
    pub(super) hooks: Vec<HookPoint>,
    /// The newest version of the contract that a hook of it keeps to.
    pub(super) contract: Contract,
    pub(super) imports: Vec<String>,
    pub(super) lifecycle: bool,
}

/// Reads imports and exports, and refuses what this server cannot serve, before
/// a second is spent on compiling it.
pub(super) fn surface(component: &[u8]) -> Result<Surface, LoadError> {
    if Parser::is_core_wasm(component) {
        return Err(LoadError::mismatch(
            LoadCode::NotAComponent,
            "this is a core module; make a component of it with `gatherly plugin build`",
            "a component",
            "a core module",
        ));
    }
    if !Parser::is_component(component) {
        let start = component.get(..component.len().min(8)).map(hex::encode).unwrap_or_default();
        let found = format!("{} bytes that start with {start}", component.len());
        return Err(LoadError::mismatch(
            LoadCode::NotAComponent,
            "this is not WebAssembly",
            "a component",
            found,
        ));
    }
    let (imports, exports) = names(component).map_err(|error| {
        LoadError::new(LoadCode::InvalidComponent, format!("the component is damaged: {error}"))
    })?;
    if let Some(import) = imports.iter().find(|name| contract::import(name).is_none()) {
        return Err(unknown_import(import));
    }
    let exports_one =
        |interface: &str| exports.iter().any(|name| contract::serves(interface, name));
    let spoken = |row: &Row| {
        let is_spoken = |contract: &Contract| {
            row.interface_at(*contract).is_some_and(|interface| exports_one(&interface))
        };
        Contract::ALL.into_iter().find(is_spoken)
    };
    let hooks: Vec<HookPoint> =
        CATALOGUE.iter().filter(|row| spoken(row).is_some()).map(|row| row.point).collect();
    if hooks.is_empty() {
        let expected = CATALOGUE.each_ref().map(|row| row.interface).join(", ");
        let found = if exports.is_empty() { "no exports".to_owned() } else { exports.join(", ") };
        let message = "the component exports no hook that this server knows";
        return Err(LoadError::mismatch(LoadCode::NoKnownHook, message, expected, found));
    }
    let contract = CATALOGUE.iter().filter_map(spoken).max().unwrap_or(Contract::V0_3);
    let lifecycle = LIFECYCLE.iter().any(|interface| exports_one(interface));
    Ok(Surface { hooks, contract, imports, lifecycle })
}

/// Names of the outermost component's imports and exports.
fn names(component: &[u8]) -> wasmparser::Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn unknown_import(import: &str) -> LoadError {
    let remedy = if import.starts_with("wasi:") {
        "; WASI is offered without HTTP: build Rust for wasm32-unknown-unknown, \
         JavaScript with `--disable http --disable fetch-event`, Python with `--stub-wasi`"
    } else {
        ""
    };
    let message =
        format!("the component imports `{import}`, which this server does not offer{remedy}");
    LoadError::mismatch(LoadCode::UnknownImport, message, LOG.join(", "), import)
}

/// Compiles for the server.
pub(super) fn compile(engine: &Engine, component: &[u8]) -> Result<Component, LoadError> {
    Component::from_binary(engine, component).map_err(|error| {
        let is_memory = |cause: &(dyn std::error::Error + 'static)| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
        };
        let message = format!("{error:#}");
        let code = if error.chain().any(is_memory) {
            LoadCode::CompileMemory
        } else if OVER_A_LIMIT.iter().any(|words| message.contains(words)) {
            LoadCode::TooLarge
        } else {
            LoadCode::InvalidComponent
        };
        LoadError::new(code, message)
    })
}

/// Words of the engine about a component that is in order and wants more
/// memories, tables or instances, or larger ones, than the pool's slots have;
/// they have no type of their own.
const OVER_A_LIMIT: [&str; 3] =
    ["exceeds the configured maximum", "exceeds the limit", "exceeds the per-instance limit"];

/// Links and starts the component once, compares the types of all its exports,
/// and returns the memory that it starts with.
pub(super) async fn instantiate(
    ticker: &Arc<Ticker>,
    component: &Component,
    hooks: &[HookPoint],
    limits: Limits,
) -> Result<usize, LoadError> {
    let (mut store, instance) = start(ticker, component, limits).await?;
    let exports = Exports::find(component);
    let mut check = Check { store: &mut store, instance, exports: &exports };
    for hook in hooks {
        for_subject!(hook, S => check.hook::<S>()?);
    }
    if let Some(export) = &exports.configure {
        instance
            .get_typed_func::<(&str,), (Result<(), String>,)>(&mut store, export)
            .map_err(|error| wrong_type("lifecycle", &error))?;
    }
    Ok(store.data().memory.peak)
}

/// Links the component and makes one instance.
pub(super) async fn start(
    ticker: &Arc<Ticker>,
    component: &Component,
    limits: Limits,
) -> Result<(Store<Guest>, Instance), LoadError> {
    // What is granted is not known yet, and nothing is asked of the host.
    let grants = Grants { http: vec![String::new()], ..Grants::all() };
    let pre = engine::linker(ticker.engine(), component, &grants)
        .and_then(|linker| linker.instantiate_pre(component))
        .map_err(|error| wrong_type("an import", &error))?;
    let mut store = sandbox::store(ticker, limits, &Arc::from("start"), None);
    match pre.instantiate_async(&mut store).await {
        Ok(instance) => Ok((store, instance)),
        Err(error) => {
            let fault = classify(&error, store.data(), Phase::Start);
            let message = match fault.kind {
                FaultKind::Memory => format!(
                    "the component needs more than {} bytes of memory to start",
                    limits.memory
                ),
                _ => format!("the component cannot be started: {fault}"),
            };
            Err(LoadError::new(LoadCode::StartFault, message))
        }
    }
}

struct Check<'a> {
    store: &'a mut Store<Guest>,
    instance: Instance,
    exports: &'a Exports,
}

impl Check<'_> {
    fn hook<S: Subject>(&mut self) -> Result<(), LoadError> {
        let row = S::HOOK.row();
        let Some(Some(Export { contract, index })) = self.exports.hooks.get(S::HOOK.index()) else {
            let (interface, function) = (row.interface, row.function());
            let message = format!("`{interface}` of the component has no function `{function}`");
            let (code, found) = (LoadCode::WrongType, "no such function");
            return Err(LoadError::mismatch(code, message, function, found));
        };
        let (store, instance) = (&mut *self.store, self.instance);
        let checked = match contract {
            Contract::V0_3 | Contract::V0_2 => {
                instance.get_typed_func::<Params<'_, S>, (S::Answer,)>(store, index).map(drop)
            }
            Contract::V0_1 => {
                instance.get_typed_func::<OldParams<'_, S>, (S::OldAnswer,)>(store, index).map(drop)
            }
        };
        let interface = row.interface_at(*contract).unwrap_or_default();
        checked.map_err(|error| wrong_type(&interface, &error))
    }
}

pub(super) fn wrong_type(interface: &str, error: &wasmtime::Error) -> LoadError {
    let found = error.root_cause().to_string();
    let message =
        format!("`{interface}` of the component has other types than this server's: {found}");
    LoadError::mismatch(LoadCode::WrongType, message, interface, found)
}
