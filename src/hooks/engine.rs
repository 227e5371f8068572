//! The WebAssembly engine: one configuration for serving and for compiling, one
//! ticker, one linker.
//!
//! What the compiler writes must fit what the server reads, so both are built
//! here and differ only in how many calls they can hold.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    StoreContextMut,
    component::{Component, Linker, WasmStr},
};

use super::{
    contract::{LOG, TYPES},
    event_context,
    grants::Grants,
    imports::{self, wasi},
    output,
    sandbox::{Guest, LogLevel},
};
use crate::config::{self, Allocator, MEMORY_CEILING_MIB};

/// Stack of a guest: the engine's default; deep recursion ends in a trap.
const WASM_STACK_BYTES: usize = 512 << 10;
/// Stack of one call with the host functions above it.
const CALL_STACK_BYTES: usize = 1 << 20;
/// Frames named when a guest traps; the first is enough for a message.
const BACKTRACE_FRAMES: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN;

/// Core instances, memories and tables of one component: what the interpreters
/// of JavaScript (three memories, three tables) and Python (64 instances) need.
pub(super) const CORE_INSTANCES: u32 = 64;
pub(super) const MEMORIES: u32 = 4;
pub(super) const TABLES: u32 = 16;
/// Elements of one table: the largest interpreter seen has 7,700.
pub(super) const TABLE_ELEMENTS: usize = 20_000;
/// Bookkeeping of one component and its core instances: what 18 MB of Python need.
const INSTANCE_BYTES: usize = 4 << 20;
/// Part of a table that stays warm.
const TABLE_KEEP_RESIDENT: usize = 64 << 10;

/// Core instances and tables reserved for each call, and memories: a component
/// written in a compiled language has three, two and one.
const CORE_INSTANCES_PER_CALL: u32 = 8;
const TABLES_PER_CALL: u32 = 8;
const MEMORIES_PER_CALL: u32 = 2;

/// What the pool of a server keeps ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    /// Calls at once.
    pub(super) calls: u32,
    /// Slots that stay warm.
    pub(super) warm: u32,
    /// What a warm slot keeps.
    pub(super) keep_resident: usize,
}

impl Slots {
    /// For one instance at a time, as in the compiler.
    pub(super) const ONE: Self =
        Self { calls: CORE_INSTANCES / CORE_INSTANCES_PER_CALL, warm: 0, keep_resident: 0 };
}

impl From<&config::Plugins> for Slots {
    fn from(config: &config::Plugins) -> Self {
        Self {
            // A component of an interpreter takes the shares of several calls.
            calls: config.max_calls.max(Self::ONE.calls),
            warm: config.warm_slots,
            keep_resident: usize::try_from(config.keep_resident_kib).unwrap_or(usize::MAX) << 10,
        }
    }
}

/// Builds an engine; from slots when they can be reserved, from the system
/// otherwise.
pub(super) fn build(allocator: Allocator, slots: Slots) -> wasmtime::Result<Engine> {
    let mut config = config();
    if allocator == Allocator::OnDemand {
        return Engine::new(&config);
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots)));
    Engine::new(&config).or_else(|error| {
        tracing::warn!(
            error = format!("{error:#}"),
            "plugin calls are slower: their memory cannot be reserved"
        );
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

/// An engine that counts what guests do: for tools, since counting costs time.
pub(super) fn metered() -> wasmtime::Result<Engine> {
    Engine::new(config().consume_fuel(true))
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Asynchronous guests are not part of the contract, and ready to serve
        // them every call costs twice as much.
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(CALL_STACK_BYTES)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        .cranelift_opt_level(OptLevel::Speed)
        // A compile keeps to one core; the other is for the forum.
        .parallel_compilation(false)
        // The same input must give the same answer on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // Glue between the parts of a component has the memories of both, as
        // some interpreters come. All of them count together.
        .wasm_multi_memory(true)
        // What no plugin needs is not offered.
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false);
    config
}

fn pool(slots: Slots) -> PoolingAllocationConfig {
    let memory = usize::try_from(MEMORY_CEILING_MIB).unwrap_or(usize::MAX) << 20;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(slots.calls)
        .total_core_instances(slots.calls * CORE_INSTANCES_PER_CALL)
        .total_memories(slots.calls * MEMORIES_PER_CALL)
        .total_tables(slots.calls * TABLES_PER_CALL)
        .total_stacks(slots.calls)
        .max_memory_size(memory)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(1)
        .max_tables_per_module(MEMORIES)
        .table_elements(TABLE_ELEMENTS)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .linear_memory_keep_resident(slots.keep_resident)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        .max_unused_warm_slots(slots.warm)
        // Resets only what a guest touched; without it a warm slot is slower
        // than a cold one.
        .pagemap_scan(Enabled::Auto);
    pool
}

/// What `component` may import with these grants, and nothing else.
pub(super) fn linker(
    engine: &Engine,
    component: &Component,
    grants: &Grants,
) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for types in TYPES {
        linker.instance(types)?;
    }
    for interface in LOG {
        linker.instance(interface)?.func_wrap("log", log)?;
    }
    event_context::link(&mut linker)?;
    imports::link(&mut linker, grants)?;
    if component.component_type().imports(engine).any(|(name, _)| wasi::is_offered(name)) {
        wasi::link(&mut linker)?;
    }
    Ok(linker)
}

fn log(
    mut store: StoreContextMut<'_, Guest>,
    (level, message): (LogLevel, WasmStr),
) -> wasmtime::Result<()> {
    if store.data_mut().may_log()? {
        let most = store.data().log_bytes_left;
        let message = output::truncated(&message.to_str(&store)?, most).to_owned();
        store.data_mut().log(level, &message);
    }
    Ok(())
}
