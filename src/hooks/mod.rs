//! The plugin host: asks WebAssembly components what to do at each hook.
//!
//! Features call one method for each hook and get an [`Outcome`]; they never
//! see the engine. What a plugin does, or fails to do, is a [`Decision`], never
//! an error of the request. Components come in through [`Hooks::inspect`] and
//! [`Hooks::activate`]; [`Hooks::replace`] swaps the set of those at work.

mod answers;
pub mod catalogue;
mod compile;
mod decision;
mod dispatch;
mod engine;
mod fault;
mod grants;
mod load_error;
mod loaded;
mod merge;
mod meters;
mod model;
mod output;
pub mod package;
pub mod ports;
mod registry;
mod sandbox;
mod state_write;
mod ticker;
mod transcript;
mod trial;

use std::{path::Path, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use uuid::Uuid;
use wasmtime::{Engine, component::Component};

use crate::{base::secret::sha256_hex, config};
pub use answers::{
    Attachment, CommunitySummary, ContentSummary, Deed, HttpError, HttpHeader, HttpMethod,
    HttpRequest, HttpResponse, Origin, PriorReport, PriorSanction, Sanction, Scope, Thread,
};
pub use catalogue::{FailureMode, HookPoint};
pub use compile::{COMMAND as COMPILE_COMMAND, run_child as run_compile_child};
pub use decision::{Decision, Merged, Mode, Outcome, Verdict};
pub use fault::{Fault, FaultKind};
pub use grants::{EffectKind, Grants};
pub use load_error::{LoadCode, LoadError};
pub use loaded::Loaded;
pub use model::{
    Actor, Content, ContentKind, Context, Evidence, Feature, Finding, Operation, Patch, Purpose,
    Registration, Role, Span, Vote,
};
pub use output::printable;
pub use registry::Binding;
pub use sandbox::{LogLevel, LogLine};
pub use state_write::StateWrite;
pub use transcript::{HostRead, Transcript, TranscriptMismatch};
pub use trial::{Trial, TrialError};

use compile::{Compiler, Job, Report, Task, cache::Artefact, cache::Cache};
use dispatch::Rules;
use model::Subject;
use registry::Registry;
use sandbox::Limits;
use ticker::Ticker;

/// The plugin host; cheap to clone.
#[derive(Clone)]
pub struct Hooks {
    inner: Arc<Inner>,
}

struct Inner {
    ticker: Arc<Ticker>,
    compiler: Compiler,
    cache: Cache,
    registry: ArcSwap<Registry>,
    rules: Rules,
    limits: Limits,
    configure_limits: Limits,
    component_bytes: usize,
    calls_per_binding: u32,
}

/// What is known of a component before it is configured.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Inspection {
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: usize,
    /// The hooks that it exports.
    pub hooks: Vec<HookPoint>,
    /// What it imports.
    pub imports: Vec<String>,
    /// Whether it takes settings.
    pub lifecycle: bool,
    /// Bytes of memory that it starts with.
    pub memory: usize,
    /// What it says about itself.
    pub manifest: Option<package::Manifest>,
}

/// The plugin host cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No engine on this machine.
    #[error("the WebAssembly engine cannot be started: {0}")]
    Engine(String),
    /// The folder of compiled plugins, or its key.
    #[error("the folder of compiled plugins cannot be opened")]
    Cache(#[source] std::io::Error),
    /// The clock of the guests.
    #[error("the ticker thread cannot be started")]
    Ticker(#[source] std::io::Error),
}

impl Hooks {
    /// Builds the engine and opens the folder of compiled plugins. `compiler`
    /// is the program to start for compiling, with [`COMPILE_COMMAND`]: this one.
    pub fn start(
        config: &config::Plugins,
        data_dir: &Path,
        compiler: PathBuf,
    ) -> Result<Self, StartError> {
        let engine = engine::build(config.allocator, config.into())
            .map_err(|error| StartError::Engine(format!("{error:#}")))?;
        let ticker = Ticker::start(engine).map_err(StartError::Ticker)?;
        let cache = Cache::open(data_dir, ticker.engine()).map_err(StartError::Cache)?;
        let memory = mib(config.memory_mib);
        let inner = Inner {
            ticker,
            compiler: Compiler::new(compiler, config.compile_time()),
            cache,
            registry: ArcSwap::from_pointee(Registry::new(
                0,
                Vec::new(),
                config.max_calls_per_binding,
            )),
            rules: Rules {
                deadline: config.deadline(),
                slots: Semaphore::new(usize::try_from(config.max_calls).unwrap_or(usize::MAX)),
            },
            limits: Limits { cpu_ms: config.cpu_ms, memory },
            configure_limits: Limits { cpu_ms: config.configure_cpu_ms, memory },
            component_bytes: mib(config.component_mib),
            calls_per_binding: config.max_calls_per_binding,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Checks an uploaded component: what it is, what it imports and exports,
    /// its types, that it compiles within its limits and starts.
    pub async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, LoadError> {
        let report = self.compile(Task::Inspect, &component).await?;
        Ok(Inspection {
            digest: sha256_hex(&component),
            size: component.len(),
            hooks: report.hooks,
            imports: report.imports,
            lifecycle: report.lifecycle,
            memory: report.memory,
            manifest: package::read_manifest(&component),
        })
    }

    /// Lets a component take its settings, and makes it ready to be called.
    pub async fn activate(
        &self,
        component: Arc<[u8]>,
        settings: &str,
    ) -> Result<Arc<Loaded>, LoadError> {
        let name = self.inner.cache.name(&component, settings);
        let artefact = match self.find(name.clone()).await? {
            Some(artefact) => artefact,
            None => self.make(name, &component, settings).await?,
        };
        let configure =
            (artefact.report.lifecycle && !artefact.report.snapshot).then(|| Arc::from(settings));
        let (inner, label) = (Arc::clone(&self.inner), Arc::from(sha256_hex(&component)));
        blocking(move || {
            let component = load(inner.ticker.engine(), &artefact)?;
            Ok(Arc::new(Loaded::new(
                &component,
                configure,
                inner.limits,
                Arc::clone(&inner.ticker),
                label,
            )?))
        })
        .await
    }

    /// Puts another set of bindings to work. Calls that are under way finish
    /// with the old one.
    pub fn replace(&self, bindings: Vec<Binding>) {
        let generation = self.inner.registry.load().generation + 1;
        let registry = Registry::new(generation, bindings, self.inner.calls_per_binding);
        self.inner.registry.store(Arc::new(registry));
        meters::registry_swapped(generation);
    }

    /// Asks before a post or a comment is published or changed. `input` is
    /// called only when somebody is bound; `None` when nobody is.
    pub async fn content_before_publish(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, Content) + Send,
        recheck: impl Fn(&Content) -> Result<(), String> + Send,
    ) -> Option<Outcome<Content>> {
        self.ask(community, input, recheck).await
    }

    /// Asks before a vote is counted, changed or taken back.
    pub async fn vote_before_cast(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, Vote) + Send,
    ) -> Option<Outcome<Vote>> {
        self.ask(community, input, |_| Ok(())).await
    }

    /// Asks before an account is made.
    pub async fn account_before_register(
        &self,
        input: impl FnOnce() -> (Context, Registration) + Send,
    ) -> Option<Outcome<Registration>> {
        self.ask(None, input, |_| Ok(())).await
    }

    async fn ask<S: Subject>(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, S),
        recheck: impl Fn(&S) -> Result<(), String>,
    ) -> Option<Outcome<S>> {
        let chain = Arc::clone(self.inner.registry.load().chain(S::HOOK, community)?);
        Some(dispatch::run(&self.inner.rules, &chain, input(), recheck).await)
    }

    async fn compile(&self, task: Task, component: &[u8]) -> Result<Report, LoadError> {
        let most = self.inner.component_bytes;
        if component.len() > most {
            let (expected, found) =
                (format!("at most {most} bytes"), format!("{} bytes", component.len()));
            let message = format!("the component is larger than {most} bytes");
            return Err(LoadError::mismatch(LoadCode::TooLarge, message, expected, found));
        }
        let job =
            Job { task, limits: self.inner.limits, configure_limits: self.inner.configure_limits };
        self.inner.compiler.run(&job, component).await
    }

    async fn find(&self, name: String) -> Result<Option<Artefact>, LoadError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || Ok(inner.cache.find(&name))).await
    }

    async fn make(
        &self,
        name: String,
        component: &[u8],
        settings: &str,
    ) -> Result<Artefact, LoadError> {
        let unwritable = |error| LoadError::host("the compiled plugin cannot be kept", error);
        let draft = self.inner.cache.draft().map_err(unwritable)?;
        let task = Task::Activate { settings: settings.to_owned(), artefact: draft.0.clone() };
        let report = self.compile(task, component).await?;
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.cache.keep(&name, &draft, report).map_err(unwritable)).await
    }
}

/// Runs what reads or writes files away from the threads that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| LoadError::host("the work was broken off", error))?
}

#[expect(unsafe_code, reason = "the one door for machine code; see the comment")]
fn load(engine: &Engine, artefact: &Artefact) -> Result<Component, LoadError> {
    // SAFETY: what is loaded must be what the engine wrote, unchanged. The cache
    // gives out only paths whose content matched a seal made with this server's
    // own key when the compiler had written it, in a folder of mode 0700 whose
    // files are replaced by rename and never written in place. Code of another
    // engine version or configuration is refused by the engine itself.
    unsafe { Component::deserialize_file(engine, &artefact.path) }.map_err(|error| {
        LoadError::host("the compiled plugin cannot be loaded", format!("{error:#}"))
    })
}

fn mib(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(1 << 20)
}
