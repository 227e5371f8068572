//! The activity of one connection, and the time-outs that follow from it.
//!
//! A connection has to begin its first request within the time for a head; so has
//! every further request of HTTP/1 once its first byte came. Between requests it may
//! be idle for longer. While it has a request, that has a time-out of its own.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::CONNECTION_WINDOW;

/// Most bytes that are read while a connection has no request: what may still be on
/// its way of the body of a request that was answered early, and the largest head
/// several times over. A peer that sends more, such as pings without end, is cut off.
const MAX_IDLE_BYTES: u32 = CONNECTION_WINDOW + (128 << 10);
/// Requests that a peer may take back before they are answered, beside as many as
/// were answered: browsers take back what their users leave.
const MAX_TAKEN_BACK: usize = 100;
/// A connection that has sent no request for this long is slower than any that is
/// meant well, and makes room before idle ones do.
const SLOW: Duration = Duration::from_secs(1);

/// How long a connection may go on without a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// While it sends the head of one.
    pub(super) head: Duration,
    /// While it sends nothing.
    pub(super) idle: Duration,
}

/// The phase of a connection without a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first request has not begun.
    Opening,
    /// At least one request was answered; nothing arrives.
    Idle,
    /// The head of a further request arrives.
    Head,
}

/// The order in which connections make room for new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Opened a while ago, no request since.
    Slow,
    /// Idle after a request.
    Idle,
    /// Opened a moment ago.
    Fresh,
}

/// The activity of a connection.
#[derive(Debug)]
pub(super) struct Activity {
    times: Times,
    state: Mutex<State>,
    /// Cancelled when the connection is to be closed for others or for what it does.
    evicted: CancellationToken,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    is_http2: bool,
    idle_bytes: u32,
    requests: usize,
    answered: usize,
    taken_back: usize,
}

/// A request, until its whole answer is handed over to the connection.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl Activity {
    pub(super) fn new(times: Times) -> Arc<Self> {
        let state = State {
            phase: Phase::Opening,
            since: Instant::now(),
            is_http2: false,
            idle_bytes: 0,
            requests: 0,
            answered: 0,
            taken_back: 0,
        };
        Arc::new(Self { times, state: Mutex::new(state), evicted: CancellationToken::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>, is_http2: bool) -> InFlight {
        let mut state = self.state();
        state.requests += 1;
        state.is_http2 = is_http2;
        state.idle_bytes = 0;
        drop(state);
        InFlight { activity: Arc::clone(self), is_answered: false }
    }

    /// The peer has sent bytes; fails when it sends too many without a request.
    pub(super) fn heard(&self, bytes: usize) -> io::Result<()> {
        let mut state = self.state();
        if bytes == 0 || state.requests > 0 {
            return Ok(());
        }
        // Frames of HTTP/2 that are no request, such as pings, begin no head.
        if state.phase == Phase::Idle && !state.is_http2 {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        state.idle_bytes = state.idle_bytes.saturating_add(bytes);
        if state.idle_bytes > MAX_IDLE_BYTES {
            return Err(io::Error::other("too many bytes without a request"));
        }
        Ok(())
    }

    /// When the connection is closed if it goes on like this; `None` while it has a
    /// request.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        let state = self.state();
        let time = match state.phase {
            Phase::Opening | Phase::Head => self.times.head,
            Phase::Idle => self.times.idle,
        };
        (state.requests == 0).then(|| state.since + time)
    }

    /// Whether nothing is lost when the connection is closed without an answer.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.requests == 0 && state.phase == Phase::Idle
    }

    /// Whether the connection was told to make room and is about to be gone.
    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.is_cancelled()
    }

    /// The worth of the connection when there is no room, and since when; `None` while
    /// it has a request, and once it was told to make room.
    pub(super) fn worth(&self) -> Option<(Worth, Instant)> {
        if self.is_evicted() {
            return None;
        }
        let state = self.state();
        let worth = match state.phase {
            Phase::Idle => Worth::Idle,
            Phase::Opening | Phase::Head if state.since.elapsed() < SLOW => Worth::Fresh,
            Phase::Opening | Phase::Head => Worth::Slow,
        };
        (state.requests == 0).then_some((worth, state.since))
    }

    /// Has the connection closed.
    pub(super) fn evict(&self) {
        self.evicted.cancel();
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

impl InFlight {
    /// There is an answer; whether the peer reads it is the peer's affair.
    pub(super) fn answered(mut self) -> Self {
        self.is_answered = true;
        self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            (state.phase, state.since) = (Phase::Idle, Instant::now());
        }
        if self.is_answered {
            state.answered += 1;
        } else {
            state.taken_back += 1;
        }
        if state.taken_back > state.answered + MAX_TAKEN_BACK {
            self.activity.evict();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    /// Lets so many seconds pass since the last change of phase.
    fn pass(activity: &Activity, seconds: u64) {
        let mut state = activity.state();
        state.since = state.since.checked_sub(Duration::from_secs(seconds)).unwrap();
    }

    /// The whole seconds that are left.
    fn left(activity: &Activity) -> Option<u64> {
        let left = activity.ends_at()?.saturating_duration_since(Instant::now());
        Some((left + Duration::from_millis(500)).as_secs())
    }

    #[test]
    fn each_phase_has_its_time() {
        let activity = Activity::new(TIMES);
        pass(&activity, 4);
        activity.heard(3).unwrap();
        assert_eq!(left(&activity), Some(6), "bytes win no time");
        let request = activity.begin(false);
        assert_eq!(left(&activity), None);
        drop(request.answered());
        assert_eq!(left(&activity), Some(75));
        pass(&activity, 60);
        activity.heard(1).unwrap();
        assert_eq!(left(&activity), Some(10), "a head has begun");
        drop(activity.begin(true).answered());
        activity.heard(1).unwrap();
        assert_eq!(left(&activity), Some(75), "a frame of HTTP/2 is no head");
    }

    #[test]
    fn a_slow_connection_is_worth_less_than_an_idle_one() {
        let activity = Activity::new(TIMES);
        assert_eq!(activity.worth().unwrap().0, Worth::Fresh);
        pass(&activity, 2);
        assert_eq!(activity.worth().unwrap().0, Worth::Slow);
        let request = activity.begin(false);
        assert_eq!(activity.worth(), None);
        drop(request.answered());
        assert_eq!(activity.worth().unwrap().0, Worth::Idle);
        activity.evict();
        assert_eq!(activity.worth(), None);
    }

    #[test]
    fn bytes_without_a_request_are_bounded() {
        let activity = Activity::new(TIMES);
        let most = usize::try_from(MAX_IDLE_BYTES).unwrap();
        activity.heard(most).unwrap();
        activity.heard(1).unwrap_err();
        let request = activity.begin(true);
        activity.heard(most * 2).unwrap();
        drop(request.answered());
        activity.heard(most).unwrap();
    }

    #[test]
    fn a_peer_that_takes_its_requests_back_is_closed() {
        let activity = Activity::new(TIMES);
        drop(activity.begin(true).answered());
        for _ in 0..=MAX_TAKEN_BACK {
            drop(activity.begin(true));
            assert!(!activity.evicted.is_cancelled());
        }
        drop(activity.begin(true));
        assert!(activity.evicted.is_cancelled());
    }
}
