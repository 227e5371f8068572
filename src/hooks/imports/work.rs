//! The work that host functions do for a guest, counted in steps.
//!
//! One call of a hook has one budget for all its calls to the host together. A
//! step is some five nanoseconds of an optimised build: one place of a text that
//! one state of an expression is tried at, one character that is looked up. Steps
//! are counted and not timed, so the same call ends the same way on every machine
//! and in every replay. Long work yields to the other tasks of its thread, as a
//! guest does at every tick, so the deadline of the call ends it too.

use wasmtime::StoreContextMut;

use crate::hooks::{fault::HostWorkExhausted, sandbox::Guest};

/// Steps for each millisecond of processor time that the guest itself has: with
/// the default of 10 ms, 4,000,000 steps, which take an optimised build 20 to 40
/// ms, within the default deadline. A post of the longest text (40,000 characters)
/// can be normalised, folded, split into words and searched with five expressions
/// for that.
const STEPS_PER_MS: u64 = 400_000;
/// Steps between two yields: less than a millisecond also of a build that is not
/// optimised.
const STEPS_BETWEEN_YIELDS: u64 = 10_000;
/// Bytes that are copied, hashed and written as JSON for one step.
const BYTES_PER_STEP: usize = 4;

/// The budget of a call is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

/// Counts the steps of one call.
#[derive(Debug)]
pub(in crate::hooks) struct Meter {
    left: u64,
    before_yield: u64,
}

impl Meter {
    /// The budget of a call whose guest has this much processor time.
    pub(in crate::hooks) fn for_guest(cpu_ms: u32) -> Self {
        Self::new(STEPS_PER_MS * u64::from(cpu_ms))
    }

    pub(super) const fn new(steps: u64) -> Self {
        Self { left: steps, before_yield: STEPS_BETWEEN_YIELDS }
    }

    /// Counts steps; fails, for good, once there are not enough.
    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        self.before_yield = self.before_yield.saturating_sub(steps);
        if let Some(left) = self.left.checked_sub(steps) {
            self.left = left;
            return Ok(());
        }
        self.left = 0;
        Err(Spent)
    }

    /// Whether [`Meter::pause`] would yield. A loop asks first: a future for
    /// every step would cost more than the steps.
    pub(super) const fn is_pause_due(&self) -> bool {
        self.before_yield == 0
    }

    /// Lets the other tasks of the thread run.
    pub(super) async fn pause(&mut self) {
        self.before_yield = STEPS_BETWEEN_YIELDS;
        tokio::task::yield_now().await;
    }
}

impl From<Spent> for HostWorkExhausted {
    fn from(_: Spent) -> Self {
        Self
    }
}

#[cfg(test)]
impl Meter {
    pub(super) const fn left(&self) -> u64 {
        self.left
    }
}

impl Guest {
    /// Counts steps that host functions do for the guest.
    pub(in crate::hooks) fn spend(&mut self, steps: u64) -> wasmtime::Result<()> {
        self.meter.spend(steps).map_err(|Spent| HostWorkExhausted.into())
    }

    /// Counts the handling of so many bytes that the guest handed over.
    pub(in crate::hooks) fn spend_on_bytes(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.spend(steps(bytes / BYTES_PER_STEP))
    }
}

/// Counts one call to the host, and takes the meter out of the guest, for work
/// that outlives a borrow of the store; [`give_back`] returns it.
pub(super) fn take_meter(store: &mut StoreContextMut<'_, Guest>) -> wasmtime::Result<Meter> {
    let guest = store.data_mut();
    guest.count_host_call()?;
    Ok(std::mem::replace(&mut guest.meter, Meter::new(0)))
}

/// Puts the meter back. A call that ended meanwhile has no use for it any more.
pub(super) fn give_back(store: &mut StoreContextMut<'_, Guest>, meter: Meter) {
    store.data_mut().meter = meter;
}

/// A length as steps.
pub(super) fn steps(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// How long pieces of work take, and how long they hold their thread.
#[cfg(test)]
pub(super) mod timed {
    use std::{
        future::poll_fn,
        pin::pin,
        time::{Duration, Instant},
    };

    use super::Meter;

    /// The budget of a call with the default processor time.
    pub(in crate::hooks::imports) const BUDGET: u64 = 4_000_000;
    /// An optimised build takes some 40 ms for the budget, and a call may take as
    /// much as its deadline of 50 ms and 50 ms more: tenfold, as this build is not
    /// optimised.
    const TIME: Duration = Duration::from_secs(1);
    /// The longest time without a yield. An optimised build has a millisecond, and
    /// some on a text of marks alone, which the library sorts at once.
    const HOLD: Duration = Duration::from_millis(200);
    /// The fastest counts: the machine is busy with other tests.
    const TRIES: usize = 5;

    /// Does the work with the budget of a call, and asserts that it takes no longer
    /// than a call may.
    pub(in crate::hooks::imports) async fn assert_in_time<T>(
        name: &str,
        mut work: impl AsyncFnMut(&mut Meter) -> T,
    ) {
        let mut fastest = (Duration::MAX, Duration::MAX);
        for _ in 0..TRIES {
            fastest = fastest.min(time(work(&mut Meter::new(BUDGET))).await);
            if fastest.0 < TIME && fastest.1 < HOLD {
                return;
            }
        }
        panic!("{name} took {:?}, {:?} of it without a yield", fastest.0, fastest.1);
    }

    /// How long some work takes, and the longest time without a yield.
    async fn time<T>(work: impl Future<Output = T>) -> (Duration, Duration) {
        let (start, mut longest) = (Instant::now(), Duration::ZERO);
        let mut work = pin!(work);
        poll_fn(|context| {
            let polled = Instant::now();
            let result = work.as_mut().poll(context);
            longest = longest.max(polled.elapsed());
            result
        })
        .await;
        (start.elapsed(), longest)
    }
}
