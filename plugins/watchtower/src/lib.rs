//! Tells the outside what goes on, as webhooks, and moderators when much does:
//! all the hooks that run after an event, each in a few lines.

use std::time::Duration;

use gatherly_plugin::account::{AfterRegister, Registered};
use gatherly_plugin::appeal::{Appeal, Submitted};
use gatherly_plugin::content::{AfterRemove, Removed};
use gatherly_plugin::mod_action::{Applied, TakenAction};
use gatherly_plugin::report::{Created, FiledReport};
use gatherly_plugin::schedule::{Moment, Tick};
use gatherly_plugin::{Context, Effect, Outcome, Plugin, effects, state};
use serde::Deserialize;
use serde_json::{Value, json};

/// The time that a summary looks back on.
const HOUR: Duration = Duration::from_hours(1);

/// What is much.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watchtower {
    /// Reports in an hour of which moderators are told.
    reports: u64,
}

impl Default for Watchtower {
    fn default() -> Self {
        Self { reports: 20 }
    }
}

impl Plugin for Watchtower {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

/// A webhook with the time and place of the event.
fn tell(name: &str, context: &Context, mut facts: Value) -> Effect {
    facts["time"] = json!(context.time);
    facts["community"] = json!(context.community);
    effects::emit_webhook(name, facts.to_string())
}

impl Created for Watchtower {
    fn created(&self, context: &Context, report: &FiledReport) -> Outcome {
        // A report that is not counted is told all the same.
        let _counted = state::increment("reports", 1, HOUR, None);
        tell("report", context, json!({ "id": report.id })).into()
    }
}

impl Submitted for Watchtower {
    fn submitted(&self, context: &Context, appeal: &Appeal) -> Outcome {
        Outcome::from(tell("appeal", context, json!({ "id": appeal.id })))
            .also(effects::notify_moderators("Somebody has appealed."))
    }
}

impl Applied for Watchtower {
    fn applied(&self, context: &Context, action: &TakenAction) -> Outcome {
        let kind = format!("{:?}", action.kind);
        tell("mod-action", context, json!({ "id": action.id, "kind": kind })).into()
    }
}

impl AfterRemove for Watchtower {
    fn after_remove(&self, context: &Context, removed: &Removed) -> Outcome {
        tell("removal", context, json!({ "content": removed.content.id })).into()
    }
}

impl AfterRegister for Watchtower {
    fn after_register(&self, context: &Context, _: &Registered) -> Outcome {
        let id = context.actor.as_ref().map(|actor| &actor.id);
        tell("member", context, json!({ "id": id })).into()
    }
}

impl Tick for Watchtower {
    fn tick(&self, _: &Context, _: &Moment) -> Outcome {
        let reports = state::count("reports", HOUR).unwrap_or(0);
        // Once an hour is enough.
        if reports < self.reports || state::get("told").is_some() {
            return Outcome::nothing();
        }
        let _kept = state::put("told", "yes", Some(HOUR), None);
        effects::notify_moderators(format!("{reports} reports within an hour.")).into()
    }
}

gatherly_plugin::export!(
    Watchtower: report::Created, appeal::Submitted, mod_action::Applied, content::AfterRemove,
    account::AfterRegister, schedule::Tick
);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{Target, appeal::Against, testing};

    use super::*;

    fn report(tower: &Watchtower) -> Outcome {
        let report = FiledReport {
            id: "report-1".to_owned(),
            target: Target::Account("actor-2".to_owned()),
            account_id: "actor-2".to_owned(),
            reason: "rude".to_owned(),
        };
        tower.created(&testing::context(), &report)
    }

    #[test]
    fn the_outside_is_told() {
        let _memory = testing::state();
        let tower = Watchtower::default();
        let [Effect::EmitWebhook(told)] = &report(&tower).effects[..] else {
            panic!("one webhook");
        };
        assert_eq!(told.name, "report");
        let payload: Value = serde_json::from_str(&told.payload).unwrap();
        assert_eq!(payload["id"], "report-1");
        assert_eq!(payload["community"], "general");

        let appeal = Appeal {
            id: "appeal-1".to_owned(),
            against: Against::Ban,
            subject_id: "ban-1".to_owned(),
            text: "I was not rude".to_owned(),
        };
        assert_eq!(tower.submitted(&testing::context(), &appeal).effects.len(), 2);
    }

    #[test]
    fn moderators_are_told_once_an_hour() {
        let memory = testing::state();
        let tower = Watchtower { reports: 2 };
        let tick = || tower.tick(&testing::context(), &Moment { previous: None });
        report(&tower);
        assert_eq!(tick(), Outcome::nothing());
        report(&tower);
        assert_eq!(tick(), effects::notify_moderators("2 reports within an hour.").into());
        assert_eq!(tick(), Outcome::nothing());
        memory.advance(HOUR);
        assert_eq!(tick(), Outcome::nothing(), "the reports are over too");
    }
}
