//! Asking the plugins of one event, under one deadline.
//!
//! Bindings that may change the subject go first, one after another, each
//! seeing what the one before made of it; then the others side by side. What a
//! plugin does is never an error here: it is a decision with a fault.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

use super::{
    catalogue::FailureMode,
    decision::{Decision, Event, Mode, Outcome, Verdict},
    fault::{Fault, FaultKind},
    merge::{Voice, merge},
    model::{Context, Purpose, Subject},
    output::Answer,
    registry::{Bound, Chain},
};
use crate::base::{clock::Timestamp, ids::new_uuid};

/// How long a call waits for its turn before that is an overload: a tenth of
/// the deadline, so that a busy plugin fails fast.
const TURN_WAIT: Duration = Duration::from_millis(5);

/// What holds for every chain.
pub(super) struct Rules {
    /// Time that all plugins of one event have together.
    pub(super) deadline: Duration,
    /// Calls at once, all bindings together.
    pub(super) slots: Semaphore,
}

/// One event on its way through a chain.
struct Round<'a, S> {
    rules: &'a Rules,
    /// As enforcing bindings see it, and as shadows do.
    event: Arc<Event<S>>,
    shadow: Option<Arc<Event<S>>>,
    end: Instant,
}

/// Asks every binding of the chain and merges what they say. `recheck` holds a
/// changed subject to the rules of a user's.
pub(super) async fn run<S: Subject>(
    rules: &Rules,
    chain: &Chain,
    (context, subject): (Context, S),
    recheck: impl Fn(&S) -> Result<(), String>,
) -> Outcome<S> {
    let mut round = Round::new(rules, chain, context, subject);
    let mut decisions = Vec::with_capacity(chain.len());
    let mut modified = false;
    let others = chain.iter().position(|bound| !bound.changes()).unwrap_or(chain.len());
    let (changing, judging) = chain.split_at(others);
    for bound in changing {
        let mut decision = round.ask(bound).await;
        match round.changed_by(&decision, &recheck) {
            Ok(Some(subject)) => {
                round =
                    Round::new(rules, chain, round.event.context.clone(), subject).until(round.end);
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

impl<'a, S: Subject> Round<'a, S> {
    fn new(rules: &'a Rules, chain: &Chain, mut context: Context, subject: S) -> Self {
        context.mode = Purpose::Enforce;
        let event = Event { context, subject };
        let shadow = chain.iter().any(|bound| bound.mode == Mode::Shadow).then(|| {
            let mut shadow = event.clone();
            shadow.context.mode = Purpose::Shadow;
            Arc::new(shadow)
        });
        Self { rules, event: Arc::new(event), shadow, end: Instant::now() + rules.deadline }
    }

    fn until(self, end: Instant) -> Self {
        Self { end, ..self }
    }

    /// What a decision makes of the subject.
    fn changed_by(
        &self,
        decision: &Decision,
        recheck: impl Fn(&S) -> Result<(), String>,
    ) -> Result<Option<S>, Fault> {
        let Some(patch) = &decision.patch else {
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
        let event = match (&self.shadow, bound.mode) {
            (Some(shadow), Mode::Shadow) => shadow,
            _ => &self.event,
        };
        let start = Instant::now();
        let answer = self.answer(bound, event, start).await;
        let mut decision = bound.decision(event);
        decision.duration_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        match answer {
            Ok(answer) => decision.fill(answer),
            Err(fault) => bound.failed(&mut decision, fault),
        }
        decision
    }

    async fn answer(
        &self,
        bound: &Bound,
        event: &Event<S>,
        start: Instant,
    ) -> Result<Answer, Fault> {
        let loaded = bound.loaded.as_ref().map_err(|why| Fault::new(FaultKind::NotLoaded, why))?;
        let end = bound.deadline.map_or(self.end, |own| self.end.min(start + own));
        let asked = timeout_at(end, async {
            let _turn = turn(&bound.slots).await?;
            let _slot = turn(&self.rules.slots).await?;
            loaded.decide(&event.context, &event.subject).await.answer
        });
        let late = |_| Fault::new(FaultKind::Deadline, "the time of the chain was over");
        let answer = asked.await.map_err(late)??;
        if answer.verdict == Verdict::Modify && !bound.may_modify {
            return Err(Fault::new(FaultKind::NotGranted, "the binding does not grant `modify`"));
        }
        Ok(answer)
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
    /// An empty record of an answer to `event`.
    fn decision<S: Subject>(&self, event: &Arc<Event<S>>) -> Decision {
        let time = Timestamp(i64::try_from(event.context.time).unwrap_or(i64::MAX));
        Decision {
            id: new_uuid(time),
            hook: S::HOOK,
            event_id: event.context.event_id.clone(),
            binding_id: self.id,
            plugin: Arc::clone(&self.plugin),
            digest: Arc::clone(&self.digest),
            settings_hash: Arc::clone(&self.settings_hash),
            mode: self.mode,
            verdict: Verdict::Allow,
            message: None,
            patch: None,
            evidence: Vec::new(),
            fault: None,
            duration_us: 0,
            input: event.input(),
        }
    }

    /// Turns a decision into what the binding wants when the plugin fails.
    fn failed(&self, decision: &mut Decision, fault: Fault) {
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
    fn fill(&mut self, answer: Answer) {
        self.verdict = answer.verdict;
        self.message = answer.message;
        self.patch = answer.patch;
        self.evidence = answer.evidence;
    }
}
