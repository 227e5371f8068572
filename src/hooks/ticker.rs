//! Time for guests: one thread that counts the engine's epochs while there are
//! guests, and sleeps while there are none.
//!
//! A guest is interrupted only by this thread, so every store holds a
//! [`Ticking`]; there is no other way to make one.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use wasmtime::{Engine, EngineWeak};

/// One tick of the epoch: how long a guest runs before it lets others run, and
/// the unit of its processor time.
const TICK: Duration = Duration::from_millis(1);
/// Ticks without a guest before the thread sleeps: a server that is asked often
/// need not wake it.
const LINGER: u32 = 100;
/// How long it sleeps before it looks whether the engine is still there.
const SLEEP: Duration = Duration::from_secs(1);

/// An engine, and the time that passes for its guests.
pub(super) struct Ticker {
    engine: Engine,
    guests: Arc<AtomicUsize>,
    thread: Thread,
}

/// Time passes for as long as one of these lives.
pub(super) struct Ticking(Arc<Ticker>);

impl Ticker {
    /// Starts the thread. It ends with the engine.
    pub(super) fn start(engine: Engine) -> io::Result<Arc<Self>> {
        let guests = Arc::new(AtomicUsize::new(0));
        let (weak, counted) = (engine.weak(), Arc::clone(&guests));
        let thread = thread::Builder::new()
            .name("plugin-ticker".to_owned())
            .spawn(move || tick(&weak, &counted))?;
        Ok(Arc::new(Self { engine, guests, thread: thread.thread().clone() }))
    }

    /// The engine.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How many guests there are now.
    pub(super) fn guests(&self) -> usize {
        self.guests.load(Ordering::SeqCst)
    }

    /// Wakes the thread when it sleeps.
    pub(super) fn ticking(self: &Arc<Self>) -> Ticking {
        if self.guests.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Ticking(Arc::clone(self))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.guests.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &EngineWeak, guests: &AtomicUsize) {
    let mut idle = 0;
    while let Some(engine) = engine.upgrade() {
        if guests.load(Ordering::SeqCst) > 0 {
            engine.increment_epoch();
            idle = 0;
        } else {
            idle = LINGER.min(idle + 1);
        }
        drop(engine);
        if idle == LINGER {
            // A guest that came since the count has left a token: this returns.
            thread::park_timeout(SLEEP);
        }
        thread::sleep(TICK);
    }
}
