//! WASI, closed: what components of JavaScript and Python import without being
//! asked. There are no files, no environment, no arguments and no network; the
//! clocks stand at the time of the event, random numbers come from its id, and
//! what is printed goes to the plugin's log. So a decision stays a function of
//! its input.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rand::{SeedableRng as _, rngs::StdRng};
use ring::digest::{SHA256, digest};
use tokio::io::AsyncWrite;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::hooks::sandbox::{Guest, LogLevel};

/// Bytes of random numbers that one question may ask for; the default of 64 MiB
/// is more than a guest may have of memory.
const RANDOM_BYTES: u64 = 64 << 10;
/// What a call may print; the rest is dropped.
const PRINTED_BYTES: usize = 4 << 10;
/// What a guest may hand over at a time.
const PRINT_BYTES: usize = 4 << 10;

/// Streams and the like that a guest may hold: as many as handles.
const RESOURCES: usize = 1_000;

/// The interfaces of WASI 0.2 that are offered; `wasi:http` is not.
const OFFERED: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Whether an import is one that is linked closed.
pub(in crate::hooks) fn is_offered(import: &str) -> bool {
    OFFERED.iter().any(|package| import.starts_with(package)) && import.contains("@0.2.")
}

/// Links all of it.
pub(in crate::hooks) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// What a guest finds in place of an operating system.
pub(super) struct Closed {
    wasi: WasiCtx,
    table: ResourceTable,
    printed: Printed,
}

impl Closed {
    fn new(event: &str, time: Duration) -> Self {
        let printed = Printed::default();
        let mut seed = [0; 32];
        seed.copy_from_slice(digest(&SHA256, event.as_bytes()).as_ref());
        let (mut low, clock) = ([0; 16], Stopped(time));
        low.copy_from_slice(seed.split_at(16).0);
        let wasi = WasiCtx::builder()
            .wall_clock(clock)
            .monotonic_clock(clock)
            .secure_random(StdRng::from_seed(seed))
            .insecure_random(StdRng::from_seed(seed))
            .insecure_random_seed(u128::from_le_bytes(low))
            .max_random_size(RANDOM_BYTES)
            .stdout(printed.clone())
            .stderr(printed.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        Self { wasi, table, printed }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let closed = if let Some(closed) = self.used.wasi.take() {
            closed
        } else {
            let time = Duration::from_millis(self.lent().about.time);
            let event = self.call.as_ref().map_or("", |call| call.event.event_id());
            Box::new(Closed::new(event, time))
        };
        let closed = self.used.wasi.insert(closed);
        WasiCtxView { ctx: &mut closed.wasi, table: &mut closed.table }
    }
}

impl Guest {
    /// Puts what was printed into the log, as lines.
    pub(in crate::hooks) fn log_printed(&mut self) {
        let Some(closed) = self.used.wasi.take() else { return };
        let printed = closed.printed.take();
        for line in String::from_utf8_lossy(&printed).lines().filter(|line| !line.is_empty()) {
            match self.may_log() {
                Ok(true) => self.log(LogLevel::Info, line),
                Ok(false) | Err(_) => return,
            }
        }
    }
}

/// A clock that stands.
#[derive(Clone, Copy)]
struct Stopped(Duration);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What was printed, up to a bound.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn keep(&self, bytes: &[u8]) {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = PRINTED_BYTES.saturating_sub(printed.len());
        printed.extend(bytes.iter().take(room));
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for one, and it is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PRINT_BYTES)
    }
}

impl Pollable for Printed {
    fn ready<'a, 'b>(&'a mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}
