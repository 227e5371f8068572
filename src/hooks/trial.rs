//! Asking one plugin one question, outside of any forum: `gatherly plugin run`.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::{
    HookPoint, Hooks, Loaded, LogLine,
    decision::Verdict,
    fault::{Fault, FaultKind},
    loaded::Called,
    model::{Content, Context, Evidence, Patch, Registration, Subject, Vote},
};

/// What came of a trial.
#[derive(Debug, serde::Serialize)]
pub struct Trial {
    /// What the plugin said; `None` when it failed.
    pub verdict: Option<Verdict>,
    /// Its reason for the author.
    pub message: Option<String>,
    /// What it wants to change.
    pub patch: Option<Patch>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// How it failed.
    pub fault: Option<Fault>,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// How long a warm call took.
    pub duration_us: u64,
    /// The most memory that it had, in bytes.
    pub peak_memory: usize,
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

impl Hooks {
    /// Asks a loaded component as a request would, with the JSON of an event:
    /// `{"context": …, "content": …}`.
    pub async fn try_out(
        &self,
        loaded: &Loaded,
        hook: HookPoint,
        input: &str,
    ) -> Result<Trial, TrialError> {
        if !loaded.hooks().contains(&hook) {
            return Err(TrialError::NoHook(hook));
        }
        let deadline = self.inner.rules.deadline;
        match hook {
            HookPoint::AccountBeforeRegister => {
                try_subject::<Registration>(loaded, input, deadline).await
            }
            HookPoint::ContentBeforePublish => {
                try_subject::<Content>(loaded, input, deadline).await
            }
            HookPoint::VoteBeforeCast => try_subject::<Vote>(loaded, input, deadline).await,
        }
    }
}

async fn try_subject<S: Subject + DeserializeOwned>(
    loaded: &Loaded,
    input: &str,
    deadline: Duration,
) -> Result<Trial, TrialError> {
    let wrong = |source| TrialError::Input { hook: S::HOOK, source };
    let mut input: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(input).map_err(wrong)?;
    let mut take = |name: &str| input.remove(name).unwrap_or_default();
    let context: Context = serde_json::from_value(take("context")).map_err(wrong)?;
    let subject: S = serde_json::from_value(take(S::NAME)).map_err(wrong)?;
    if let Some(unknown) = input.keys().next() {
        return Err(wrong(serde::de::Error::custom(format!("unknown field `{unknown}`"))));
    }
    // The first call of a component also brings its memory image in; a server
    // has that behind it.
    let _warm = timeout(deadline, loaded.decide(&context, &subject)).await;
    let start = Instant::now();
    let called = timeout(deadline, loaded.decide(&context, &subject)).await;
    let duration_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(match called {
        Ok(called) => Trial::new(called, duration_us),
        Err(_elapsed) => {
            let fault = Fault::new(FaultKind::Deadline, "the time of the chain was over");
            let called = Called { answer: Err(fault), peak_memory: 0, log: Vec::new() };
            Trial::new(called, duration_us)
        }
    })
}

impl Trial {
    fn new(called: Called, duration_us: u64) -> Self {
        let (answer, fault) = match called.answer {
            Ok(answer) => (Some(answer), None),
            Err(fault) => (None, Some(fault)),
        };
        let verdict = answer.as_ref().map(|answer| answer.verdict);
        let (message, patch, evidence) = answer.map_or_else(Default::default, |answer| {
            (answer.message, answer.patch, answer.evidence)
        });
        Self {
            verdict,
            message,
            patch,
            evidence,
            fault,
            log: called.log,
            duration_us,
            peak_memory: called.peak_memory,
        }
    }
}
