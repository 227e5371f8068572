//! Taking a candidate through the steps.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    model::{Activation, Candidate, Probe, Refusal, Step},
    rules, store,
};
use crate::{
    base::{
        Error,
        clock::Clock,
        ids::{BindingId, new_uuid},
        secret::sha256_hex,
    },
    db::Db,
    hooks::{
        Checked, Grants, Hooks, LoadCode, LoadError, Loaded, Purpose, Question, Verdict,
        package::read_fixtures,
    },
    plugin_versions::{self, check_settings, refused},
};

/// How many recorded events a candidate judges: enough to meet what is usual
/// here, few enough to wait for.
const PROBED_EVENTS: i64 = 50;
/// How long an activation is waited for: the compiler may take a minute of processor
/// time, a probe [`PROBE_TIME`], fixtures some seconds; a busy machine, some ten
/// times as much. What is not over by then has lost its process.
const ABANDONED: Duration = Duration::from_mins(15);
/// How long a probe may take; what it has not got to by then is left out.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// Activations; cheap to clone.
#[derive(Clone)]
pub struct Activations {
    db: Db,
    clock: Clock,
    hooks: Hooks,
}

/// A candidate that got through all steps but the last.
pub struct Ready {
    id: Uuid,
    /// What is to be swapped in.
    pub loaded: Arc<Loaded>,
}

/// Why a step was not done: what the client is told, and what is on record.
struct Stopped {
    error: Error,
    refusal: Refusal,
}

impl Activations {
    /// Activations stored in `db` and done by `hooks`.
    pub fn new(db: Db, clock: Clock, hooks: Hooks) -> Self {
        Self { db, clock, hooks }
    }

    /// Takes a candidate through all steps but the last, which is the swap:
    /// [`Activations::done`] is told how that went.
    pub async fn prepare(&self, candidate: &Candidate<'_>) -> Result<Ready, Error> {
        let now = self.clock.now();
        let id = new_uuid(now);
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, id, candidate, now).await?;
        tx.commit().await?;
        match self.steps(id, candidate).await {
            Ok(loaded) => Ok(Ready { id, loaded }),
            Err(stopped) => {
                self.finish(id, Err(&stopped.refusal)).await?;
                Err(stopped.error)
            }
        }
    }

    /// Records how the swap of what was ready went.
    pub async fn done(&self, ready: Uuid, swapped: Result<(), &Error>) -> Result<(), Error> {
        let refusal = swapped.err().map(|error| Refusal {
            step: Step::Active,
            code: "not-swapped".into(),
            message: error.to_string(),
        });
        self.finish(ready, refusal.as_ref().map_or(Ok(()), Err)).await
    }

    /// Ends what a process that is gone had begun.
    pub async fn end_abandoned(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let begun = now.minus(ABANDONED);
        if !store::is_any_abandoned(&self.db, begun).await? {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let ended = store::end_abandoned(&mut tx, begun, now).await?;
        tx.commit().await?;
        tracing::warn!(ended, "activations that a stopped process had begun were ended");
        Ok(())
    }

    /// The last attempt for a binding.
    pub async fn last(&self, binding: BindingId) -> Result<Option<Activation>, Error> {
        Ok(store::last(&self.db, binding).await?)
    }

    /// Makes a version ready that was at work before: the host's part alone.
    pub async fn load(
        &self,
        digest: &str,
        settings: &str,
        grants: &Grants,
    ) -> Result<Arc<Loaded>, LoadError> {
        self.hooks.activate(self.component(digest).await?, settings, grants).await
    }

    /// The bytes of a version, as they were uploaded.
    async fn component(&self, digest: &str) -> Result<Arc<[u8]>, LoadError> {
        let unreadable = |what: &str| LoadError {
            code: LoadCode::Host,
            message: format!("the stored component {what}"),
            expected: Some(digest.to_owned()),
            found: None,
        };
        let component = plugin_versions::component(&self.db, digest).await.map_err(|error| {
            tracing::error!(%error, digest, "a stored component could not be read");
            unreadable("could not be read")
        })?;
        let component = component.ok_or_else(|| unreadable("is not there"))?;
        if sha256_hex(&component) != digest {
            return Err(unreadable("is damaged: it has another digest"));
        }
        Ok(component)
    }

    async fn steps(&self, id: Uuid, candidate: &Candidate<'_>) -> Result<Arc<Loaded>, Stopped> {
        let component = self
            .component(candidate.digest)
            .await
            .map_err(|error| Stopped::at(Step::Verified, &error))?;
        self.advance(id, Step::Verified, None).await?;
        let version = plugin_versions::find(&self.db, candidate.digest).await?;
        if let Some(schema) = version.and_then(|version| version.settings_schema) {
            check_settings(&schema, candidate.settings)
                .map_err(|error| Stopped::named(Step::Configured, "settings-schema", error))?;
        }
        let loaded = self
            .hooks
            .activate(Arc::clone(&component), candidate.settings, candidate.grants)
            .await
            .map_err(|error| Stopped::at(rules::step(error.code), &error))?;
        self.advance(id, Step::Configured, None).await?;
        self.self_test(&component, candidate.settings, &loaded).await?;
        self.advance(id, Step::SelfTested, None).await?;
        let probe = self.probe(candidate, &loaded).await?;
        self.advance(id, Step::Probed, Some(&probe)).await?;
        Ok(loaded)
    }

    /// Lets the candidate judge the fixtures that came with it.
    async fn self_test(
        &self,
        component: &[u8],
        settings: &str,
        loaded: &Loaded,
    ) -> Result<(), Stopped> {
        let stopped = |message: String| {
            let error = Error::invalid("digest", "self-test", message);
            Stopped::named(Step::SelfTested, "self-test", error)
        };
        let fixtures = read_fixtures(component).map_err(|error| stopped(error.to_string()))?;
        for checked in self.hooks.self_test(loaded, &fixtures, settings).await {
            if let Some(failure) = checked.failure {
                let Checked { name, hook, .. } = checked;
                return Err(stopped(format!("fixture `{name}` of {hook}: {failure}")));
            }
        }
        Ok(())
    }

    /// Lets the candidate judge what happened here last. Nothing comes of it.
    async fn probe(&self, candidate: &Candidate<'_>, loaded: &Loaded) -> Result<Probe, Stopped> {
        let (mut probe, start) = (Probe::default(), Instant::now());
        for hook in loaded.hooks() {
            let recorded = store::recorded(&self.db, hook, candidate.scope, PROBED_EVENTS).await?;
            for event in recorded {
                if start.elapsed() > PROBE_TIME {
                    return Ok(probe);
                }
                let question = Question {
                    hook,
                    input: &event.input,
                    purpose: Purpose::SelfTest,
                    transcript: None,
                    binding: Some(candidate.binding.0),
                };
                // What an older server recorded may be no input of this one's.
                let Ok(trial) = self.hooks.judge_again(loaded, question).await else { continue };
                if let Some(fault) = trial.fault {
                    let message = format!("it failed on a recorded event of {hook}: {fault}");
                    let error = Error::invalid("digest", "probe", message);
                    return Err(Stopped::named(Step::Probed, "probe", error));
                }
                let then =
                    Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == event.outcome);
                if let (Some(then), Some(now)) = (then, trial.verdict) {
                    rules::compare(&mut probe, then, now);
                }
            }
        }
        Ok(probe)
    }

    async fn advance(&self, id: Uuid, step: Step, probe: Option<&Probe>) -> Result<(), Stopped> {
        let mut tx = self.db.begin().await?;
        store::advance(&mut tx, id, step, probe).await?;
        Ok(tx.commit().await?)
    }

    async fn finish(&self, id: Uuid, result: Result<(), &Refusal>) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        store::finish(&mut tx, id, result, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

impl Ready {
    /// Which activation it is of.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

impl Stopped {
    /// What the host says of a candidate.
    fn at(step: Step, error: &LoadError) -> Self {
        Self { error: refused("digest", error), refusal: Refusal { step, ..rules::refusal(error) } }
    }

    /// What this server says of it.
    fn named(step: Step, code: &str, error: Error) -> Self {
        let message = error.to_string();
        Self { error, refusal: Refusal { step, code: code.to_owned(), message } }
    }
}

impl From<crate::db::Error> for Stopped {
    fn from(error: crate::db::Error) -> Self {
        let message = "the server could not read or write its database".to_owned();
        let refusal = Refusal { step: Step::Received, code: "host".into(), message };
        Self { error: error.into(), refusal }
    }
}
