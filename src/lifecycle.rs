//! Start, stop, and every task in between. The first signal stops softly: not
//! ready any more, then closed to new connections, then gone when what was
//! accepted is answered. The second signal stops at once. Nothing else spawns.

use std::{
    future::{Future, poll_fn},
    io,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long the server still accepts once it has said that it is not ready, so
/// that a balancer in front of it can notice.
const DRAIN: Duration = Duration::from_millis(500);

/// How far behind all others a thread goes, as the system counts it.
const LOWEST_PRIORITY: i32 = 19;

/// Signals that end a process: Ctrl-C, `kill`, Ctrl-\, and a terminal that is closed. No
/// setting is read again while the server runs, so SIGHUP asks for a stop as well.
#[derive(Debug)]
pub struct StopSignals {
    signals: Vec<Signal>,
}

impl StopSignals {
    /// Listens from now on: a signal does not kill the process any more. A signal that the
    /// process was started to ignore, as SIGHUP by `nohup`, stays ignored.
    pub fn listen() -> io::Result<Self> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::quit(),
            SignalKind::hangup(),
        ];
        let ignored = ignored_signals();
        let heard = kinds.into_iter().filter(|kind| ignored & bit(*kind) == 0);
        Ok(Self { signals: heard.map(signal).collect::<io::Result<_>>()? })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        poll_fn(|context| {
            let mut signals = self.signals.iter_mut();
            let is_any = signals.any(|signal| signal.poll_recv(context).is_ready());
            if is_any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// The signals that this process ignores, as the system writes them: the lowest bit is
/// signal 1. None where the system does not tell.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn bit(kind: SignalKind) -> u64 {
    1_u64.checked_shl(kind.as_raw_value().unsigned_abs().saturating_sub(1)).unwrap_or(0)
}

/// The life of the process; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Not ready any more.
    stopping: CancellationToken,
    /// No new connections.
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// A process that has just begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether requests should be sent here.
    pub fn is_ready(&self) -> bool {
        !self.inner.stopping.is_cancelled()
    }

    /// Starts a task that [`Lifecycle::finish`] waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(task);
    }

    /// Starts a task that ends when the server closes, wherever it is.
    pub fn spawn_until_closing(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.inner.closing.clone();
        self.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Does something to its end, also when nobody waits for it any more: for
    /// what must not stop half-way. `None` when it panicked.
    pub async fn complete<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.spawn(async move {
            // Fails when nobody waits any more.
            let _ = tell.send(work.await);
        });
        told.await.ok()
    }

    /// Does something now and then every `period`, until the server closes.
    pub fn spawn_every<F>(&self, period: Duration, mut work: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let closing = self.inner.closing.clone();
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.spawn(async move {
            loop {
                tokio::select! {
                    () = closing.cancelled() => break,
                    _ = interval.tick() => work().await,
                }
            }
        });
    }

    /// Whether no new connections are accepted any more.
    pub fn is_closing(&self) -> bool {
        self.inner.closing.is_cancelled()
    }

    /// Does something on a thread of its own that everything else goes before:
    /// for what may take all the time that nobody needs. `None` when it could
    /// not be begun, or panicked.
    pub async fn aside<T: Send + 'static>(
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        // Its own: it may outlive the server's.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let thread = std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
            // Where the system does not let it, it is a thread like any other.
            let _ = rustix::process::nice(LOWEST_PRIORITY);
            // Fails when nobody waits any more.
            let _ = tell.send(runtime.block_on(work));
        });
        thread.ok()?;
        told.await.ok()
    }

    /// Waits until no new connections are to be accepted.
    pub async fn closing(&self) {
        self.inner.closing.cancelled().await;
    }

    /// Begins the soft stop.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        tokio::time::sleep(DRAIN).await;
        self.inner.closing.cancel();
    }

    /// Waits for all tasks, for at most `limit`.
    pub async fn finish(&self, limit: Duration) {
        self.inner.tasks.close();
        if tokio::time::timeout(limit, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("tasks were still running at the end");
        }
    }

    /// Stops softly at the first signal; resolves at the second.
    pub async fn second_signal(&self, mut signals: StopSignals) {
        signals.next().await;
        tracing::info!("stopping");
        let stopping = self.clone();
        self.spawn(async move { stopping.stop().await });
        signals.next().await;
    }
}
