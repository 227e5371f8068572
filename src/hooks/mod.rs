//! The plugin host: asks WebAssembly components what to do at each hook.
//!
//! Features call one method for each hook and get an [`Outcome`]; they never
//! see the engine. What a plugin does, or fails to do, is a [`Decision`], never
//! an error of the request. Components come in through [`Hooks::inspect`] and
//! [`Hooks::activate`]; [`Hooks::replace`] swaps the set of those at work.

mod answering;
mod answers;
mod breaker;
pub mod catalogue;
mod compile;
mod contract;
mod decision;
mod dispatch;
mod engine;
mod event_context;
mod fault;
mod fuel;
mod grants;
mod imports;
mod load_error;
mod loaded;
mod merge;
mod meters;
mod model;
mod output;
pub mod package;
pub mod ports;
pub mod quota;
mod registry;
mod sandbox;
mod self_test;
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
    Attachment, CommunitySummary, ContentSummary, HttpError, HttpHeader, HttpMethod, HttpRequest,
    HttpResponse, Link, LinkKind, PriorReport, PriorSanction, Rendered, Thread,
};
pub use breaker::BreakerState;
pub use catalogue::{FailureMode, HookKind, HookPoint};
pub use compile::{
    COMMAND as COMPILE_COMMAND, run_child as run_compile_child, try_out as try_out_compiler,
};
pub use contract::Contract;
pub use decision::{Decision, Merged, Mode, Outcome, Verdict};
pub use fault::{Fault, FaultKind};
pub use fuel::FuelError;
pub use grants::{Grants, Import};
pub use load_error::{LoadCode, LoadError};
pub use loaded::Loaded;
pub use model::{
    Action, ActionKind, Actor, Against, Appeal, Applied, BanPatch, Channel, Content, ContentKind,
    ContentPatch, Context, Created, Deed, Effect, EffectKind, Emission, Evidence, Feature, Finding,
    Labelling, Mark, Marking, Media, Notice, Notification, NotificationKind, NotificationPatch,
    Operation, Origin, Overridden, Patch, Priority, Proposal, Published, Purpose, Recipient,
    Registered, Registration, Removal, Removed, Reply, Report, Reporting, Requirement, Resolution,
    Role, Sanction, Scope, SlowMode, Span, Subject, Target, Term, Tick, Vote, Warning,
};
pub use output::printable;
pub use registry::Binding;
pub use sandbox::{LogLevel, LogLine};
pub use self_test::Checked;
pub use state_write::StateWrite;
pub use transcript::{HostRead, Transcript, TranscriptMismatch};
pub use trial::{Question, Trial, TrialError};

use breaker::Breakers;
use compile::{Compiler, Job, Report as CompileReport, Task, cache::Artefact, cache::Cache};
use dispatch::Rules;
use ports::Ports;
use registry::{Bound, Registry};
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
    breakers: Breakers,
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
    /// The newest version of the contract that a hook of it keeps to.
    pub contract: Contract,
    /// What it imports.
    pub imports: Vec<String>,
    /// The imports among them that have to be granted.
    pub wanted: Vec<Import>,
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
        let breakers = Breakers::new();
        let inner = Inner {
            ticker,
            compiler: Compiler::new(compiler, config.compile_time()),
            cache,
            registry: ArcSwap::from_pointee(Registry::new(
                0,
                Vec::new(),
                config.max_calls_per_binding,
                &breakers,
            )),
            breakers,
            rules: Rules {
                deadline: config.deadline(),
                deadline_after: config.deadline_after(),
                slots: Semaphore::new(usize::try_from(config.max_calls).unwrap_or(usize::MAX)),
                ports: ArcSwap::default(),
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
            contract: report.contract,
            wanted: contract::wanted(&report.imports),
            imports: report.imports,
            lifecycle: report.lifecycle,
            memory: report.memory,
            manifest: package::read_manifest(&component),
        })
    }

    /// Lends the host what it answers plugins from.
    pub fn lend(&self, ports: Ports) {
        self.inner.rules.ports.store(Arc::new(ports));
    }

    /// Lets a component take its settings, and makes it ready to be called.
    /// What it imports must be granted.
    pub async fn activate(
        &self,
        component: Arc<[u8]>,
        settings: &str,
        grants: &Grants,
    ) -> Result<Arc<Loaded>, LoadError> {
        let name = self.inner.cache.name(&component, settings);
        let artefact = match self.find(name.clone()).await? {
            Some(artefact) => artefact,
            None => self.make(name, &component, settings).await?,
        };
        if let Some(import) = contract::not_granted(&artefact.report.imports, grants) {
            return Err(import);
        }
        let configure =
            (artefact.report.lifecycle && !artefact.report.snapshot).then(|| Arc::from(settings));
        let (inner, label) = (Arc::clone(&self.inner), Arc::from(sha256_hex(&component)));
        let grants = grants.clone();
        blocking(move || {
            let component = load(inner.ticker.engine(), &artefact)?;
            Ok(Arc::new(Loaded::new(
                &component,
                configure,
                inner.limits,
                (Arc::clone(&inner.ticker), label),
                &grants,
            )?))
        })
        .await
    }

    /// Puts another set of bindings to work. Calls that are under way finish
    /// with the old one.
    pub fn replace(&self, bindings: Vec<Binding>) {
        let generation = self.inner.registry.load().generation + 1;
        let calls = self.inner.calls_per_binding;
        let registry = Registry::new(generation, bindings, calls, &self.inner.breakers);
        self.inner.registry.store(Arc::new(registry));
        meters::registry_swapped(generation);
    }

    /// How each binding does at its hooks: those that were asked, and those that
    /// an admin stopped.
    pub fn breakers(&self) -> Vec<BreakerState> {
        self.inner.breakers.states()
    }

    /// Counts up whenever [`Hooks::breakers`] tells of another failure, of a
    /// quarantine or of its end.
    pub fn breaker_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.breakers.changes()
    }

    /// Counts the calls that failed, of all bindings and for every reason.
    pub fn faults(&self) -> u64 {
        self.inner.breakers.faults()
    }

    /// Stops asking a binding, until [`Hooks::restore`]; tells whether there is
    /// such a binding.
    pub fn quarantine(&self, binding: Uuid) -> bool {
        self.inner.breakers.set(binding, true)
    }

    /// Ends any quarantine of a binding; tells whether there is such a binding.
    pub fn restore(&self, binding: Uuid) -> bool {
        self.inner.breakers.set(binding, false)
    }

    /// Instances that live now: one for each call under way, and none without.
    pub fn instances(&self) -> usize {
        self.inner.ticker.guests()
    }

    /// Whether somebody is bound to a hook there.
    pub fn listens(&self, hook: HookPoint, community: Option<Uuid>) -> bool {
        self.inner.registry.load().chain(hook, community).is_some()
    }

    /// Whether somebody is bound to a hook, for the site or for any community.
    pub fn listens_anywhere(&self, hook: HookPoint) -> bool {
        self.inner.registry.load().is_bound(hook)
    }

    /// Who is bound to a hook, by the community that they are bound in; `None`
    /// is the whole site.
    pub fn bound(&self, hook: HookPoint) -> Vec<(Option<Uuid>, Vec<Uuid>)> {
        self.inner.registry.load().bound(hook)
    }

    /// Asks about an event, or tells of it. `input` is called only when somebody
    /// is bound; `None` when nobody is.
    pub async fn ask<S: Subject>(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, S) + Send,
    ) -> Option<Outcome<S>> {
        self.ask_checked(community, input, |_| Ok(())).await
    }

    /// The same; `recheck` holds what plugins changed to the rules that hold for
    /// people.
    pub async fn ask_checked<S: Subject>(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, S) + Send,
        recheck: impl Fn(&S) -> Result<(), String> + Send,
    ) -> Option<Outcome<S>> {
        let chain = Arc::clone(self.inner.registry.load().chain(S::HOOK, community)?);
        Some(dispatch::run(&self.inner.rules, &chain, input(), recheck).await)
    }

    /// The same without one plugin: whose effect, by this binding, caused the event.
    pub async fn ask_others<S: Subject>(
        &self,
        community: Option<Uuid>,
        except: Option<Uuid>,
        input: impl FnOnce() -> (Context, S) + Send,
    ) -> Option<Outcome<S>> {
        self.ask_others_checked(community, except, input, |_| Ok(())).await
    }

    /// [`Hooks::ask_others`] as [`Hooks::ask_checked`].
    pub async fn ask_others_checked<S: Subject>(
        &self,
        community: Option<Uuid>,
        except: Option<Uuid>,
        input: impl FnOnce() -> (Context, S) + Send,
        recheck: impl Fn(&S) -> Result<(), String> + Send,
    ) -> Option<Outcome<S>> {
        let chain = Arc::clone(self.inner.registry.load().chain(S::HOOK, community)?);
        let plugin = chain.iter().find(|bound| Some(bound.id) == except);
        let is_other = |bound: &Bound| plugin.is_none_or(|plugin| plugin.plugin != bound.plugin);
        let others: Vec<_> = chain.iter().filter(|bound| is_other(bound)).map(Arc::clone).collect();
        if others.is_empty() {
            return None;
        }
        Some(dispatch::run(&self.inner.rules, &others, input(), recheck).await)
    }

    /// Asks some bindings alone.
    pub async fn ask_only<S: Subject>(
        &self,
        community: Option<Uuid>,
        bindings: &[Uuid],
        input: impl FnOnce() -> (Context, S) + Send,
    ) -> Option<Outcome<S>> {
        let chain = Arc::clone(self.inner.registry.load().chain(S::HOOK, community)?);
        let some: Vec<_> =
            chain.iter().filter(|bound| bindings.contains(&bound.id)).map(Arc::clone).collect();
        if some.is_empty() {
            return None;
        }
        Some(dispatch::run(&self.inner.rules, &some, input(), |_| Ok(())).await)
    }

    /// Asks those that are obeyed what they would say. Nothing of it is to be
    /// recorded.
    pub async fn preflight<S: Subject>(
        &self,
        community: Option<Uuid>,
        input: impl FnOnce() -> (Context, S) + Send,
        recheck: impl Fn(&S) -> Result<(), String> + Send,
    ) -> Option<Outcome<S>> {
        let chain = Arc::clone(self.inner.registry.load().chain(S::HOOK, community)?);
        let obeyed = chain.iter().filter(|bound| bound.mode == Mode::Enforce);
        let obeyed: Vec<_> = obeyed.map(Arc::clone).collect();
        if obeyed.is_empty() {
            return None;
        }
        let (mut context, subject) = input();
        context.mode = Purpose::Preflight;
        Some(dispatch::run(&self.inner.rules, &obeyed, (context, subject), recheck).await)
    }

    async fn compile(&self, task: Task, component: &[u8]) -> Result<CompileReport, LoadError> {
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
