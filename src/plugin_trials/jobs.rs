//! Replays: a candidate judges what is on record, on threads that everything
//! else goes before. Each round ends with what came of it being stored, so that
//! a replay that is broken off goes on where it was.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    model::{Answer, Change, Counts, Recorded, Replay},
    rules,
    service::PluginTrials,
    store::{self, Round},
};
use crate::{
    base::Error,
    hooks::{FaultKind, Grants, Hooks, Loaded, Purpose, Question, Transcript, Trial, TrialError},
    jobs::{Failure, Job},
    lifecycle::Lifecycle,
};

/// The kind of the jobs.
pub const REPLAY: &str = "replay";
/// Longest that one attempt takes: tens of millions of events of a small plugin.
/// What is left is done by the next.
pub const LIMIT: Duration = Duration::from_hours(1);
/// Events of a round: a tenth of a second's work, and some megabytes of inputs.
const ROUND: i64 = 4_000;

impl PluginTrials {
    /// Does a replay, or what is left of one.
    pub async fn replay(&self, job: Job) -> Result<(), Failure> {
        let id: Uuid = job.read()?;
        let Some(mut replay) = store::find(self.aside(), id).await? else { return Ok(()) };
        let loaded = match self.load(&replay.candidate).await {
            Ok(loaded) => loaded,
            Err(error) => return Ok(self.give_up(id, &error).await?),
        };
        while replay.state.is_open() {
            if !self.round(&replay, &loaded).await? {
                break;
            }
            let Some(next) = store::find(self.aside(), id).await? else { break };
            replay = next;
            let percent = replay.counts.judged * 100 / replay.total.max(1);
            job.progress(u32::try_from(percent.min(100)).unwrap_or(0)).await?;
        }
        Ok(())
    }

    /// Judges some events more. Whether there may be others.
    async fn round(&self, replay: &Replay, loaded: &Arc<Loaded>) -> Result<bool, Error> {
        let recorded = store::recorded(self.aside(), replay, ROUND).await?;
        let read = i64::try_from(recorded.len()).unwrap_or(i64::MAX);
        let is_last = replay.events.is_some() || read < ROUND;
        let to = recorded.last().map_or(replay.range.1, |last| last.event);
        let hooks = loaded.hooks();
        let recorded = recorded.into_iter().filter(|one| hooks.contains(&one.hook)).collect();
        let judged = self.judge_all(replay, loaded, recorded).await?;
        let mut counts = Counts::default();
        for (.., change) in &judged {
            counts.add(*change);
        }
        let differences: Vec<_> =
            judged.into_iter().filter(|(.., change)| *change != Change::Same).collect();
        let finished_at = is_last.then(|| self.now());
        let round = Round { replay, to, finished_at, counts, differences: &differences };
        let mut tx = self.aside().begin().await?;
        let wanted = store::advance(&mut tx, &round).await?;
        tx.commit().await?;
        Ok(wanted && !is_last)
    }

    /// Judges events side by side, on as many threads as there are cores.
    async fn judge_all(
        &self,
        replay: &Replay,
        loaded: &Arc<Loaded>,
        mut recorded: Vec<Recorded>,
    ) -> Result<Vec<(Recorded, Answer, Change)>, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let share = recorded.len().div_ceil(cores).max(1);
        let mut shares = Vec::with_capacity(cores);
        while !recorded.is_empty() {
            let rest = recorded.split_off(share.min(recorded.len()));
            let judge = Judge {
                hooks: self.hooks().clone(),
                loaded: Arc::clone(loaded),
                grants: replay.candidate.grants.clone(),
                binding: replay.binding.map(|binding| binding.0),
            };
            let events = std::mem::replace(&mut recorded, rest);
            shares.push(Lifecycle::aside(async move { judge.all(events).await }));
        }
        let mut judged = Vec::new();
        for share in join_all(shares).await {
            let lost = || Error::internal(std::io::Error::other("a thread of a replay was lost"));
            judged.extend(share.ok_or_else(lost)??);
        }
        Ok(judged)
    }
}

/// What judges on one thread.
struct Judge {
    hooks: Hooks,
    loaded: Arc<Loaded>,
    grants: Grants,
    binding: Option<Uuid>,
}

impl Judge {
    async fn all(&self, events: Vec<Recorded>) -> Result<Vec<(Recorded, Answer, Change)>, Error> {
        let mut judged = Vec::with_capacity(events.len());
        for event in events {
            let answer = self.one(&event).await.map_err(Error::internal)?;
            let change = rules::compare(&event.was, event.answer.as_ref(), &answer);
            judged.push((event, answer, change));
        }
        Ok(judged)
    }

    /// The host's answers are those on record; a candidate that asks something
    /// else is told how it is now.
    async fn one(&self, event: &Recorded) -> Result<Answer, TrialError> {
        let mut trial = self.ask(event, event.reads.clone()).await?;
        let is_off = |trial: &Trial| {
            trial.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Transcript)
        };
        if is_off(&trial) {
            trial = self.ask(event, None).await?;
        }
        Ok(Answer::given(&trial, &self.grants))
    }

    async fn ask(
        &self,
        event: &Recorded,
        transcript: Option<Transcript>,
    ) -> Result<Trial, TrialError> {
        let question = Question {
            hook: event.hook,
            input: &event.input,
            purpose: Purpose::Replay,
            transcript,
            binding: self.binding,
        };
        self.hooks.judge_again(&self.loaded, question).await
    }
}
