//! The same components through wasmtime alone: the engine's settings, one fresh
//! instance and one call, and nothing of the host around it.

use std::path::Path;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, HasSelf, InstancePre, Linker, Resource, bindgen},
};

bindgen!({ path: "wit", world: "plugin", exports: { default: async } });

use self::gatherly::plugin::{
    effects,
    event::{self, EventContext},
    log,
    types::{self, Actor, Content, ContentKind, Context, Mode, Operation, Role},
};
use exports::gatherly::plugin::{content_before_publish, lifecycle};

/// A component and its exports.
pub(crate) struct Bare {
    pre: InstancePre<Host>,
    content: content_before_publish::GuestIndices,
    lifecycle: Option<lifecycle::GuestIndices>,
    input: (Context, Content),
}

struct Host;

impl log::Host for Host {
    fn log(&mut self, _level: log::Level, _message: String) {}
}

impl types::Host for Host {}

impl effects::Host for Host {}

impl event::Host for Host {}

/// No guest here asks more than it is told.
impl event::HostEventContext for Host {
    fn recent(&mut self, _: Resource<EventContext>, _: u32) -> Vec<event::ContentSummary> {
        Vec::new()
    }
    fn thread(&mut self, _: Resource<EventContext>) -> Option<event::Thread> {
        None
    }
    fn reports(&mut self, _: Resource<EventContext>) -> Vec<event::PriorReport> {
        Vec::new()
    }
    fn sanctions(&mut self, _: Resource<EventContext>) -> Vec<event::PriorSanction> {
        Vec::new()
    }
    fn attachments(&mut self, _: Resource<EventContext>) -> Vec<event::Attachment> {
        Vec::new()
    }
    fn labels(&mut self, _: Resource<EventContext>) -> Vec<String> {
        Vec::new()
    }
    fn rendered(&mut self, _: Resource<EventContext>) -> Option<event::Rendered> {
        None
    }
    fn drop(&mut self, _: Resource<EventContext>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl Bare {
    pub(crate) fn compile(component: &[u8]) -> Self {
        Self::new(&Component::from_binary(&engine(), component).expect("it compiles"))
    }

    #[expect(unsafe_code, reason = "the artefact was made by this run")]
    pub(crate) fn load(artefact: &Path) -> Self {
        // SAFETY: the host wrote the file a moment ago. Other settings of the
        // engine than the host's are refused, which makes the comparison fair.
        Self::new(&unsafe { Component::deserialize_file(&engine(), artefact) }.expect("it loads"))
    }

    fn new(component: &Component) -> Self {
        let mut linker = Linker::new(component.engine());
        log::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).expect("it links");
        types::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).expect("it links");
        effects::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).expect("it links");
        event::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).expect("it links");
        let pre = linker.instantiate_pre(component).expect("it links");
        let content = content_before_publish::GuestIndices::new(&pre).expect("it exports the hook");
        let lifecycle = lifecycle::GuestIndices::new(&pre).ok();
        Self { pre, content, lifecycle, input: (context(), content_of_1_kb()) }
    }

    /// One fresh instance and one call, after taking `settings` when they are given.
    pub(crate) async fn call(&self, settings: Option<&str>) {
        let mut store = Store::new(self.pre.engine(), Host);
        // Nobody ticks here.
        store.set_epoch_deadline(1);
        let instance = self.pre.instantiate_async(&mut store).await.expect("it starts");
        if let (Some(settings), Some(lifecycle)) = (settings, &self.lifecycle) {
            let lifecycle = lifecycle.load(&mut store, &instance).expect("it has the types");
            lifecycle
                .call_configure(&mut store, settings)
                .await
                .expect("it runs")
                .expect("they are good");
        }
        let guest = self.content.load(&mut store, &instance).expect("it has the types");
        let ((context, content), event) = (&self.input, Resource::new_borrow(0));
        let decision = guest.call_decide(&mut store, context, event, content).await;
        std::hint::black_box(decision.expect("it answers"));
    }
}

fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(128)
        .total_core_instances(1_024)
        .total_memories(256)
        .total_tables(1_024)
        .total_stacks(128)
        .max_memory_size(128 << 20)
        .max_core_instances_per_component(64)
        .max_memories_per_component(4)
        .max_tables_per_component(16)
        .max_tables_per_module(4)
        .table_elements(20_000)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .linear_memory_keep_resident(4 << 20)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(16)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .async_stack_size(1 << 20)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine")
}

fn context() -> Context {
    Context {
        event_id: "0199a1b2-0000-7000-8000-000000000001".to_owned(),
        mode: Mode::Enforce,
        time: 1_760_000_000_000,
        community: Some("general".to_owned()),
        actor: Some(Actor {
            id: "0199a1b2-0000-7000-8000-000000000002".to_owned(),
            username: "mina".to_owned(),
            role: Role::Member,
            account_age: 86_400_000,
            verified: true,
            post_count: 3,
            comment_count: 14,
            score: 15,
            strikes: 0,
            labels: Vec::new(),
        }),
    }
}

fn content_of_1_kb() -> Content {
    Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id: "0199a1b2-0000-7000-8000-000000000003".to_owned(),
        post_id: Some("0199a1b2-0000-7000-8000-000000000004".to_owned()),
        parent_id: None,
        title: None,
        body: super::body(),
    }
}
