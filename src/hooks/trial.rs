//! Asking one plugin one question, outside of any forum or about an event of the
//! past: `gatherly plugin run`, replay, reproduction, and fixtures.

use std::{sync::Arc, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{
    HookPoint, Hooks, Loaded, LogLine,
    decision::{AnyEvent, Event, Verdict},
    fault::Fault,
    loaded::Called,
    model::{Context, Effect, Evidence, Patch, Purpose, Subject, for_subject},
    ports::Ports,
    sandbox::Call,
    state_write::StateWrite,
    transcript::Transcript,
};

/// Time of a call that no request waits for: a busy machine is no fault of the
/// plugin's. Its processor time is bounded as always.
const NOBODY_WAITS: Duration = Duration::from_secs(1);

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// What the plugin said; `None` when it failed.
    pub verdict: Option<Verdict>,
    /// Its reason for the author.
    pub message: Option<String>,
    /// What it wants to change.
    pub patch: Option<Patch>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What else it wants done.
    pub effects: Vec<Effect>,
    /// How it failed.
    pub fault: Option<Fault>,
    /// What it asked the host, and was answered.
    pub reads: Transcript,
    /// What it wants remembered.
    pub writes: Vec<StateWrite>,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// How long the call took.
    pub duration_us: u64,
    /// The most memory that it had, in bytes.
    pub peak_memory: usize,
    /// Instructions that it ran, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

/// The question makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It is not the input of this hook.
    #[error("the input is not what {hook} takes: {source}")]
    Input {
        /// The hook.
        hook: HookPoint,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The component does not export the hook.
    #[error("the component does not export {0}")]
    NoHook(HookPoint),
}

/// An event that a component is to judge outside of its chain.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The hook.
    pub hook: HookPoint,
    /// The event as JSON: `{"context": …, "content": …}`.
    pub input: &'a str,
    /// Why the plugin is asked.
    pub purpose: Purpose,
    /// The answers of the host then; `None`: it answers as it would now.
    pub transcript: Option<Transcript>,
    /// Whose state the host answers from.
    pub binding: Option<Uuid>,
}

impl Hooks {
    /// Lets a component judge an event, of the past or made up. Nothing of it
    /// is recorded, counted or done.
    pub async fn judge_again(
        &self,
        loaded: &Loaded,
        question: Question<'_>,
    ) -> Result<Trial, TrialError> {
        self.judge_within(loaded, question, NOBODY_WAITS).await
    }

    /// Asks a loaded component as a request would, once to warm it up and once
    /// to measure.
    pub async fn try_out(
        &self,
        loaded: &Loaded,
        hook: HookPoint,
        input: &str,
    ) -> Result<Trial, TrialError> {
        let purpose = Purpose::Enforce;
        let question = Question { hook, input, purpose, transcript: None, binding: None };
        let deadline = self.inner.rules.deadline;
        // The first call of a component also brings its memory image in; a server
        // has that behind it.
        let _warm = self.judge_within(loaded, question.clone(), deadline).await?;
        self.judge_within(loaded, question, deadline).await
    }

    async fn judge_within(
        &self,
        loaded: &Loaded,
        question: Question<'_>,
        deadline: Duration,
    ) -> Result<Trial, TrialError> {
        if !loaded.exports(question.hook) {
            return Err(TrialError::NoHook(question.hook));
        }
        let ports = self.inner.rules.ports.load_full();
        for_subject!(question.hook, S => judge::<S>(loaded, question, ports, deadline).await)
    }
}

pub(super) async fn judge<S: Subject>(
    loaded: &Loaded,
    question: Question<'_>,
    ports: Arc<Ports>,
    deadline: Duration,
) -> Result<Trial, TrialError> {
    let wrong = |source| TrialError::Input { hook: S::HOOK, source };
    let event: Event<S> = serde_json::from_str(question.input).map_err(wrong)?;
    let event = Arc::new(event);
    let call = Call {
        event: Arc::clone(&event) as Arc<dyn AnyEvent>,
        purpose: question.purpose,
        binding: question.binding.unwrap_or_default(),
        grants: Arc::clone(loaded.grants()),
        ports,
        playback: question.transcript,
    };
    let start = Instant::now();
    let called = timeout(deadline, loaded.ask(&event, call)).await;
    let took = start.elapsed();
    let in_time = called.ok().filter(|called| called.answer.is_err() || took <= deadline);
    let called = in_time.unwrap_or_else(|| Called::failed(Fault::deadline()));
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    Ok(Trial::new(called, duration_us))
}

impl<'de, S: Subject> Deserialize<'de> for Event<S> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EventVisitor(std::marker::PhantomData))
    }
}

/// Reads an event straight from its JSON; the name of the second field is the
/// subject's.
struct EventVisitor<S>(std::marker::PhantomData<S>);

impl<'de, S: Subject> Visitor<'de> for EventVisitor<S> {
    type Value = Event<S>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an object with `context` and `{}`", S::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event<S>, A::Error> {
        let (mut context, mut subject) = (None::<Context>, None::<S>);
        while let Some(field) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if field == "context" {
                context = Some(map.next_value()?);
            } else if field == S::NAME {
                subject = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                return Err(A::Error::custom(format!("unknown field `{field}`")));
            }
        }
        let context = context.ok_or_else(|| A::Error::missing_field("context"))?;
        let subject = subject.ok_or_else(|| A::Error::missing_field(S::NAME))?;
        Ok(Event::new(context, subject))
    }
}

impl Trial {
    fn new(called: Called, duration_us: u64) -> Self {
        let (answer, fault) = match called.answer {
            Ok(answer) => (Some(answer), None),
            Err(fault) => (None, Some(fault)),
        };
        let verdict = answer.as_ref().map(|answer| answer.verdict);
        let (message, patch, evidence, effects) = answer.map_or_else(Default::default, |answer| {
            (answer.message, answer.patch, answer.evidence, answer.effects)
        });
        Self {
            verdict,
            message,
            patch,
            evidence,
            effects,
            fault,
            reads: called.reads,
            writes: called.writes,
            log: called.log,
            duration_us,
            peak_memory: called.peak_memory,
            fuel: called.fuel,
        }
    }
}
