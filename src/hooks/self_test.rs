//! The checks that a plugin brings along, before it becomes active: each of its
//! fixtures is judged, and what came of it compared with what its author says.

use serde::Serialize;
use serde_json::Value;

use super::{
    HookPoint, Hooks, Loaded,
    model::Purpose,
    package::{Fixture, Seen},
    trial::{Question, Trial},
};

/// What came of one fixture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// The hook.
    pub hook: HookPoint,
    /// What was otherwise than expected; none when it passed.
    pub failure: Option<String>,
}

impl Hooks {
    /// Judges each fixture with a component that has taken its settings. Those
    /// that are for other settings than `settings` are left out.
    pub async fn self_test(
        &self,
        loaded: &Loaded,
        fixtures: &[Fixture],
        settings: &str,
    ) -> Vec<Checked> {
        let json = serde_json::from_str::<Value>(settings).ok();
        let is_for_these = |fixture: &&Fixture| match &fixture.settings {
            None => true,
            Some(Value::String(text)) => text == settings,
            wanted => *wanted == json,
        };
        let mut checked = Vec::with_capacity(fixtures.len());
        for fixture in fixtures.iter().filter(is_for_these) {
            let failure = self.judge_fixture(loaded, fixture).await.err();
            checked.push(Checked { name: fixture.name.clone(), hook: fixture.hook, failure });
        }
        checked
    }

    async fn judge_fixture(&self, loaded: &Loaded, fixture: &Fixture) -> Result<(), String> {
        let question = Question {
            hook: fixture.hook,
            input: &fixture.event.to_string(),
            purpose: Purpose::SelfTest,
            transcript: None,
            binding: None,
        };
        let trial = self.judge_again(loaded, question).await.map_err(|error| error.to_string())?;
        match &trial.fault {
            Some(fault) => Err(fault.to_string()),
            None => fixture.expect.check(&trial.seen()),
        }
    }
}

impl Trial {
    /// As far as a fixture looks at it.
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            verdict: self.verdict,
            message: self.message.as_deref(),
            rules: self.evidence.iter().map(|evidence| &*evidence.rule).collect(),
            effects: self.effects.iter().map(|effect| effect.kind().as_str()).collect(),
        }
    }
}
