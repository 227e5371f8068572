//! Asking the plugins of one event, under one deadline.
//!
//! Bindings that may change the subject go first, one after another, each
//! seeing what the one before made of it; then the others side by side. What a
//! plugin does is never an error here: it is a decision with a fault.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};
use uuid::Uuid;

use super::{
    catalogue::{FailureMode, HookKind, HookPoint},
    decision::{AnyEvent, Decision, Event, Input, Mode, Outcome, Verdict},
    fault::{Fault, FaultKind},
    loaded::Called,
    merge::{Voice, merge},
    model::{Context, Purpose, Subject},
    ports::Ports,
    registry::Bound,
    sandbox::Call,
    transcript::Transcript,
};
use crate::base::{
    clock::Timestamp,
    ids::{new_uuid, time_of},
};

/// How long a call waits for its turn before that is an overload: a tenth of
/// the deadline, so that a busy plugin fails fast.
const TURN_WAIT: Duration = Duration::from_millis(5);

/// What holds for every chain.
pub(super) struct Rules {
    /// Time that all plugins of one event have together.
    pub(super) deadline: Duration,
    /// The same for hooks that nobody waits for.
    pub(super) deadline_after: Duration,
    /// Calls at once, all bindings together.
    pub(super) slots: Semaphore,
    /// What the host answers from.
    pub(super) ports: ArcSwap<Ports>,
}

impl Rules {
    /// Time that all plugins of one event of a hook have together.
    fn time(&self, hook: HookPoint) -> Duration {
        match hook.row().kind {
            HookKind::Deciding => self.deadline,
            HookKind::After => self.deadline_after,
        }
    }
}

/// One event on its way through a chain.
struct Round<'a, S> {
    rules: &'a Rules,
    event: Arc<Event<S>>,
    end: Instant,
}

/// Asks every binding of the chain and merges what they say. `recheck` holds a
/// changed subject to the rules of a user's.
pub(super) async fn run<S: Subject>(
    rules: &Rules,
    chain: &[Arc<Bound>],
    (context, subject): (Context, S),
    recheck: impl Fn(&S) -> Result<(), String>,
) -> Outcome<S> {
    let event = Arc::new(Event::new(context, subject));
    let mut round = Round { rules, event, end: Instant::now() + rules.time(S::HOOK) };
    let mut decisions = Vec::with_capacity(chain.len());
    let mut modified = false;
    let others = chain.iter().position(|bound| !bound.changes()).unwrap_or(chain.len());
    let (changing, judging) = chain.split_at(others);
    for bound in changing {
        let mut decision = round.ask(bound).await;
        match round.changed_by(&decision, &recheck) {
            Ok(Some(subject)) => {
                let context = round.event.context.clone();
                round.event = Arc::new(Event::new(context, subject));
                modified = true;
            }
            Ok(None) => {}
            Err(fault) => bound.failed(&mut decision, fault),
        }
        bound.count(&decision);
        decisions.push(decision);
    }
    match judging {
        [] => {}
        [bound] => decisions.push(round.ask_and_count(bound).await),
        many => {
            decisions.extend(join_all(many.iter().map(|bound| round.ask_and_count(bound))).await);
        }
    }
    let voices = decisions.iter().zip(chain.iter()).map(|(decision, bound)| Voice {
        decision: decision.id,
        mode: decision.mode,
        priority: bound.priority,
        verdict: decision.verdict,
        message: decision.message.as_deref(),
    });
    let (verdict, decided_by) = merge(voices);
    let subject = round.event.subject.clone();
    Outcome { verdict, decided_by, modified, subject, decisions }
}

impl<S: Subject> Round<'_, S> {
    /// What a decision makes of the subject.
    fn changed_by(
        &self,
        decision: &Decision,
        recheck: impl Fn(&S) -> Result<(), String>,
    ) -> Result<Option<S>, Fault> {
        let Some(patch) = decision.patch.as_ref().filter(|_| decision.verdict == Verdict::Modify)
        else {
            return Ok(None);
        };
        let bad = |why: &str| Fault::new(FaultKind::BadOutput, why);
        let subject = self
            .event
            .subject
            .patched(patch)
            .ok_or_else(|| bad("a patch of a field that is not there"))?;
        recheck(&subject).map_err(|why| bad(&why))?;
        Ok(Some(subject))
    }

    async fn ask_and_count(&self, bound: &Bound) -> Decision {
        let decision = self.ask(bound).await;
        bound.count(&decision);
        decision
    }

    /// Asks one binding; every way it can fail ends in its failure mode.
    async fn ask(&self, bound: &Bound) -> Decision {
        let mut decision = bound.decision(&self.event);
        let pass = match bound.breaker.pass(S::HOOK) {
            Ok(pass) => pass,
            Err(fault) => {
                bound.failed(&mut decision, fault);
                return decision;
            }
        };
        let start = Instant::now();
        let fault = match self.call(bound, start).await {
            Ok(called) => decision.fill(called, bound),
            Err(fault) => Some(fault),
        };
        let took = start.elapsed();
        decision.duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Who came last in a chain is not to blame for the time of the others.
        let is_late = fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Deadline);
        if !is_late || took * 2 >= self.rules.time(S::HOOK) {
            pass.ended(fault.as_ref());
        }
        if let Some(fault) = fault {
            bound.failed(&mut decision, fault);
        }
        decision
    }

    async fn call(&self, bound: &Bound, start: Instant) -> Result<Called, Fault> {
        let loaded = bound.loaded.as_ref().map_err(|why| Fault::new(FaultKind::NotLoaded, why))?;
        let end = bound.deadline.map_or(self.end, |own| self.end.min(start + own));
        let call = Call {
            event: Arc::clone(&self.event) as Arc<dyn AnyEvent>,
            purpose: bound.purpose(&self.event.context),
            binding: bound.id,
            grants: Arc::clone(&bound.grants),
            ports: self.rules.ports.load_full(),
            playback: None,
        };
        let asked = timeout_at(end, async {
            let _turn = turn(&bound.slots).await?;
            let _slot = turn(&self.rules.slots).await?;
            Ok(loaded.ask(&self.event, call).await)
        });
        let called = asked.await.map_err(|_elapsed| Fault::deadline())??;
        // The runtime looks for an answer before it looks at the clock: an answer
        // that is there, and late, is a failure as much as one that is not there.
        let is_late = called.answer.is_ok() && Instant::now() > end;
        if is_late { Err(Fault::deadline()) } else { Ok(called) }
    }
}

async fn turn(slots: &Semaphore) -> Result<SemaphorePermit<'_>, Fault> {
    if let Ok(turn) = slots.try_acquire() {
        return Ok(turn);
    }
    match timeout(TURN_WAIT, slots.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) | Err(_) => {
            Err(Fault::new(FaultKind::Overload, "too many plugin calls at once"))
        }
    }
}

impl Bound {
    /// Why it is asked about an event.
    fn purpose(&self, context: &Context) -> Purpose {
        match (context.mode, self.mode) {
            (Purpose::Enforce, Mode::Shadow) => Purpose::Shadow,
            (purpose, _) => purpose,
        }
    }

    /// An empty record of an answer to `event`.
    fn decision<S: Subject>(&self, event: &Arc<Event<S>>) -> Decision {
        // The millisecond of the event's id, by which records are found.
        let time = Uuid::parse_str(&event.context.event_id)
            .map_or(Timestamp(i64::try_from(event.context.time).unwrap_or(i64::MAX)), time_of);
        Decision {
            id: new_uuid(time),
            hook: S::HOOK,
            event_id: event.context.event_id.clone(),
            binding_id: self.id,
            revision: self.revision,
            plugin: Arc::clone(&self.plugin),
            digest: Arc::clone(&self.digest),
            settings_hash: Arc::clone(&self.settings_hash),
            mode: self.mode,
            verdict: Verdict::Allow,
            message: None,
            patch: None,
            evidence: Vec::new(),
            effects: Vec::new(),
            refused_effects: Vec::new(),
            reads: Transcript::default(),
            writes: Vec::new(),
            fault: None,
            duration_us: 0,
            input: Input {
                event: Arc::clone(event) as Arc<dyn AnyEvent>,
                purpose: self.purpose(&event.context),
            },
        }
    }

    /// Turns a decision into what the binding wants when the plugin fails.
    fn failed(&self, decision: &mut Decision, fault: Fault) {
        self.breaker.count_fault();
        tracing::warn!(plugin = &*self.plugin, binding = %self.id, hook = decision.hook.name(), %fault, "a plugin failed");
        let (verdict, message) = match decision.hook.failure_mode(self.failure) {
            FailureMode::Open => (Verdict::Allow, None),
            FailureMode::Closed => (Verdict::Unavailable, None),
            FailureMode::Hold => (Verdict::Hold, Some(HELD_BY_FAILURE.to_owned())),
        };
        decision.verdict = verdict;
        decision.message = message;
        decision.patch = None;
        decision.evidence.clear();
        decision.effects.clear();
        decision.refused_effects.clear();
        decision.writes.clear();
        decision.fault = Some(fault);
    }

    fn count(&self, decision: &Decision) {
        if let Some(Some(meters)) = self.meters.get(decision.hook.index()) {
            let took = Duration::from_micros(decision.duration_us);
            meters.called(decision.verdict, decision.fault.as_ref().map(|fault| fault.kind), took);
        }
    }
}

/// Reason for the author when a plugin failed and its binding holds.
const HELD_BY_FAILURE: &str = "waits for a moderator: it could not be checked automatically";

impl Decision {
    /// Takes an answer over, as far as it was granted; or tells how it failed.
    fn fill(&mut self, called: Called, bound: &Bound) -> Option<Fault> {
        self.reads = called.reads;
        let answer = match called.answer {
            Ok(answer) => answer,
            Err(fault) => return Some(fault),
        };
        if answer.verdict == Verdict::Modify && !bound.grants.modify {
            let message = "the binding does not grant `modify`";
            return Some(Fault::new(FaultKind::NotGranted, message));
        }
        self.verdict = answer.verdict;
        self.message = answer.message;
        self.patch = answer.patch;
        self.evidence = answer.evidence;
        self.writes = called.writes;
        self.effects = answer.effects;
        self.refused_effects = bound.grants.refuse(&mut self.effects);
        None
    }
}
