//! Quarantine: a binding that fails again and again is not asked for a while, as
//! everybody who waits for it pays for each failure.
//!
//! Five failures in a row, or 20 % of the last 100 calls, open the breaker of a
//! binding at a hook. Then the binding's failure mode holds without a call. After
//! a second one call is let through as a probe; it closes the breaker, or doubles
//! the wait. An admin can do both at once. State is of this process; it outlives
//! reloads of the bindings, until a new revision of the binding comes.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use super::{
    catalogue::{CATALOGUE, HookPoint},
    fault::{Fault, FaultKind},
    meters,
};

/// Failures in a row that open a breaker.
const IN_A_ROW: u32 = 5;
/// Calls that are looked back on, and failures among them that open it: 20 %.
const LOOK_BACK: u32 = 100;
const FAULTS_IN_LOOK_BACK: u32 = 20;
/// How long it stays open: at first, and at most after doubling.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How a binding does at a hook.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BreakerState {
    /// The binding.
    pub binding: Uuid,
    /// The hook.
    pub hook: HookPoint,
    /// It is not asked.
    pub quarantined: bool,
    /// Because an admin said so.
    pub by_admin: bool,
    /// Calls that are looked back on, at most 100.
    pub calls: u32,
    /// Failures among them.
    pub faults: u32,
    /// The failures since the last call that worked.
    pub faults_in_a_row: u32,
    /// Milliseconds since it is not asked because it failed; none while it is.
    pub open_for_ms: Option<u64>,
    /// Milliseconds until one call is tried; none while it is asked, or when
    /// only an admin can end it.
    pub retry_in_ms: Option<u64>,
    /// What failed last.
    pub last_fault: Option<Fault>,
}

/// The breakers of all bindings.
pub(super) struct Breakers {
    bindings: Mutex<HashMap<Uuid, Arc<Breaker>>>,
    changes: watch::Sender<u64>,
    faults: Arc<AtomicU64>,
}

/// The breakers of one binding, one for each hook.
pub(super) struct Breaker {
    by_admin: AtomicBool,
    revision: i64,
    hooks: [Mutex<Record>; HookPoint::COUNT],
    plugin: String,
    changes: watch::Sender<u64>,
    faults: Arc<AtomicU64>,
}

/// What is remembered of the calls at one hook.
#[derive(Debug, Default)]
struct Record {
    /// The last calls, the newest in the lowest bit; a one is a failure.
    last: u128,
    calls: u32,
    in_a_row: u32,
    open: Option<Open>,
    last_fault: Option<Fault>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    until: Instant,
    wait: Duration,
    probing: bool,
}

/// Whether there is a call to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Call,
    /// One, to see whether it works again.
    Probe,
    None,
}

/// Leave to make one call. How it ended is to be told; a call that was broken
/// off tells nothing.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    hook: HookPoint,
    is_probe: bool,
}

impl Breakers {
    pub(super) fn new() -> Self {
        let changes = watch::Sender::new(0);
        Self { bindings: Mutex::default(), changes, faults: Arc::default() }
    }

    /// The breakers of a binding: those that it has, if it is the same revision.
    pub(super) fn of(&self, binding: Uuid, revision: i64, plugin: &str) -> Arc<Breaker> {
        let mut bindings = lock(&self.bindings);
        let known = bindings.get(&binding);
        if let Some(known) = known.filter(|known| known.revision == revision) {
            return Arc::clone(known);
        }
        let breaker = Arc::new(Breaker {
            by_admin: AtomicBool::new(known.is_some_and(|known| known.is_by_admin())),
            revision,
            hooks: [const { Mutex::new(Record::NEW) }; HookPoint::COUNT],
            plugin: plugin.to_owned(),
            changes: self.changes.clone(),
            faults: Arc::clone(&self.faults),
        });
        bindings.insert(binding, Arc::clone(&breaker));
        breaker
    }

    /// Forgets the bindings that are no more.
    pub(super) fn keep(&self, is_bound: impl Fn(Uuid) -> bool) {
        lock(&self.bindings).retain(|binding, _| is_bound(*binding));
    }

    /// An admin's word on a binding; tells whether there is such a binding.
    pub(super) fn set(&self, binding: Uuid, quarantined: bool) -> bool {
        let Some(breaker) = lock(&self.bindings).get(&binding).map(Arc::clone) else {
            return false;
        };
        breaker.by_admin.store(quarantined, Ordering::SeqCst);
        for (row, record) in CATALOGUE.iter().zip(&breaker.hooks) {
            let was_open = lock(record).open.is_some();
            if !quarantined {
                *lock(record) = Record::NEW;
            }
            if was_open && !quarantined {
                meters::quarantined(&breaker.plugin, row.point, false);
            }
        }
        breaker.changed();
        true
    }

    /// Counts up whenever a breaker opens or closes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Calls that failed so far, of all bindings and for every reason.
    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }

    /// How all bindings do that were asked, or that an admin stopped.
    pub(super) fn states(&self) -> Vec<BreakerState> {
        let bindings: Vec<_> =
            lock(&self.bindings).iter().map(|(id, breaker)| (*id, Arc::clone(breaker))).collect();
        let mut states: Vec<BreakerState> = bindings
            .iter()
            .flat_map(|(id, breaker)| {
                CATALOGUE.iter().map(move |row| breaker.state(*id, row.point))
            })
            .filter(|state| state.calls > 0 || state.quarantined)
            .collect();
        states.sort_by_key(|state| (state.binding, state.hook));
        states
    }
}

impl Breaker {
    /// Leave to ask the binding, or why it is not asked.
    pub(super) fn pass(&self, hook: HookPoint) -> Result<Pass<'_>, Fault> {
        let quarantined = |why: &str| Err(Fault::new(FaultKind::Quarantined, why));
        if self.is_by_admin() {
            return quarantined("an admin stopped it");
        }
        let leave = self.hooks.get(hook.index()).map(|record| lock(record).leave(Instant::now()));
        match leave.unwrap_or(Leave::Call) {
            Leave::Call => Ok(Pass { breaker: self, hook, is_probe: false }),
            Leave::Probe => Ok(Pass { breaker: self, hook, is_probe: true }),
            Leave::None => quarantined("it failed too often"),
        }
    }

    /// Counts a call that failed, for whatever reason.
    pub(super) fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::SeqCst);
    }

    fn is_by_admin(&self) -> bool {
        self.by_admin.load(Ordering::SeqCst)
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn state(&self, binding: Uuid, hook: HookPoint) -> BreakerState {
        let by_admin = self.is_by_admin();
        let mut state = BreakerState {
            binding,
            hook,
            quarantined: by_admin,
            by_admin,
            calls: 0,
            faults: 0,
            faults_in_a_row: 0,
            open_for_ms: None,
            retry_in_ms: None,
            last_fault: None,
        };
        if let Some(record) = self.hooks.get(hook.index()) {
            let record = lock(record);
            state.calls = record.calls;
            state.faults = record.faults();
            state.faults_in_a_row = record.in_a_row;
            state.last_fault.clone_from(&record.last_fault);
            if let Some(open) = &record.open {
                let now = Instant::now();
                let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                let left = open.until.saturating_duration_since(now);
                state.quarantined = true;
                state.open_for_ms = Some(millis(now.saturating_duration_since(open.since)));
                state.retry_in_ms = (!by_admin).then(|| millis(left));
            }
        }
        state
    }
}

impl Pass<'_> {
    /// Tells how the call ended. What is not the plugin's doing does not count.
    pub(super) fn ended(mut self, fault: Option<&Fault>) {
        let Some(record) = self.breaker.hooks.get(self.hook.index()) else { return };
        if fault.is_some_and(|fault| !fault.kind.is_the_plugins()) {
            return;
        }
        let (was, is) = {
            let mut record = lock(record);
            let was = record.open.is_some();
            record.add(fault, self.is_probe, Instant::now());
            (was, record.open.is_some())
        };
        self.is_probe = false;
        if was != is {
            meters::quarantined(&self.breaker.plugin, self.hook, is);
            tracing::warn!(
                plugin = self.breaker.plugin,
                hook = self.hook.name(),
                quarantined = is,
                "a plugin's quarantine changed"
            );
        }
        if was != is || fault.is_some() {
            self.breaker.changed();
        }
    }
}

impl Drop for Pass<'_> {
    /// A probe that came to nothing leaves the place to the next.
    fn drop(&mut self) {
        if self.is_probe
            && let Some(record) = self.breaker.hooks.get(self.hook.index())
            && let Some(open) = &mut lock(record).open
        {
            open.probing = false;
        }
    }
}

impl Record {
    const NEW: Self = Self { last: 0, calls: 0, in_a_row: 0, open: None, last_fault: None };

    fn faults(&self) -> u32 {
        self.last.count_ones()
    }

    /// Whether there is a call to be made, as of `now`.
    fn leave(&mut self, now: Instant) -> Leave {
        match &mut self.open {
            None => Leave::Call,
            Some(open) if open.probing || now < open.until => Leave::None,
            Some(open) => {
                open.probing = true;
                Leave::Probe
            }
        }
    }

    /// Takes over how a call ended, as of `now`.
    fn add(&mut self, fault: Option<&Fault>, is_probe: bool, now: Instant) {
        if is_probe && fault.is_none() {
            *self = Self::NEW;
            return;
        }
        let kept = (1_u128 << LOOK_BACK) - 1;
        self.last = (self.last << 1 | u128::from(fault.is_some())) & kept;
        self.calls = LOOK_BACK.min(self.calls + 1);
        self.in_a_row = if fault.is_some() { self.in_a_row + 1 } else { 0 };
        if let Some(fault) = fault {
            self.last_fault = Some(fault.clone());
        }
        let (since, wait) = match &self.open {
            Some(open) if is_probe => (open.since, LONGEST_WAIT.min(open.wait * 2)),
            None if self.is_too_much() => (now, FIRST_WAIT),
            // All is well, or the call was under way when it opened.
            _ => return,
        };
        self.open = Some(Open { since, until: now + wait, wait, probing: false });
    }

    fn is_too_much(&self) -> bool {
        let is_often = self.calls == LOOK_BACK && self.faults() >= FAULTS_IN_LOOK_BACK;
        self.in_a_row >= IN_A_ROW || (is_often && self.in_a_row > 0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
